/**
 * Proof of work against robots: searches sixteen numbers whose SHA-256 with the challenge begin with enough zero bits.
 *
 * `<p role="status" data-proof="id of the challenge" data-solution="id of the answer" data-bits="14" data-words="…">`
 * in a form. It works in small steps while somebody fills the form in, and says nothing. Only when the button is
 * pressed before it is done it tells so, and sends the form by itself a moment later; after some seconds it sends it
 * without an answer, and the server asks for a short pause instead. Nothing is stored, nobody else is asked.
 */
const AT_ONCE = 200; // digests between two breaths, some milliseconds
const PARTS = 16; // as many small searches take nearly the same time whenever, one large one may take five times
const PATIENCE = 8000; // ms after which a pressed button no longer waits

/** How many bits of a digest are zero before the first that is not. */
function leadingZeros(digest) {
  let bits = 0;
  for (const byte of digest) {
    if (byte === 0) {
      bits += 8;
      continue;
    }
    return bits + Math.clz32(byte) - 24;
  }
  return bits;
}

const breath = () => new Promise((go) => setTimeout(go, 0));

async function search(challenge, bits) {
  const found = [];
  for (let part = 0; part < PARTS; part += 1) {
    found.push(await searchPart(`${challenge}.${part}`, bits - Math.log2(PARTS)));
  }
  return found.join(".");
}

async function searchPart(challenge, bits) {
  const encoder = new TextEncoder();
  for (let first = 0; ; first += AT_ONCE) {
    const digests = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) =>
        crypto.subtle.digest("SHA-256", encoder.encode(`${challenge}.${first + n}`)),
      ),
    );
    const found = digests.findIndex((digest) => leadingZeros(new Uint8Array(digest)) >= bits);
    if (found >= 0) return first + found;
    await breath();
  }
}

function attach(status) {
  const form = status.closest("form");
  const challenge = document.getElementById(status.dataset.proof);
  const solution = document.getElementById(status.dataset.solution);
  if (!form || !challenge?.value || !solution || solution.value) return;
  const buttons = form.querySelector(".buttons");
  if (buttons) buttons.before(status);

  const work = search(challenge.value, Number(status.dataset.bits))
    .then((numbers) => {
      solution.value = numbers;
    })
    .catch(() => {});
  let sends = false;
  form.addEventListener("submit", async (event) => {
    if (solution.value || sends === "now") return;
    event.preventDefault();
    if (sends) return;
    sends = true;
    status.textContent = status.dataset.words;
    await Promise.race([work, new Promise((go) => setTimeout(go, PATIENCE))]);
    sends = "now";
    // The button counts as pressed once more, so that its name and value are sent along.
    form.requestSubmit(event.submitter);
  });
}

// Outside secure addresses browsers have no digests; then the server asks for a short pause.
if (globalThis.crypto?.subtle) {
  for (const status of document.querySelectorAll("[data-proof]")) attach(status);
}
