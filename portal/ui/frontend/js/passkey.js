/**
 * Passkeys: asks the browser to make or use one and sends its answer with the form around the button.
 *
 *   <form data-passkey="create" data-options="{…}"> … <input type="hidden" name="answer">
 *     <p data-without>what to do without script or passkeys</p>
 *     <div data-with hidden><button type="submit" data-ask>…</button>
 *       <p data-problem data-cancelled="…" data-known="…" data-failed="…" role="alert"></p></div>
 *
 * Only pages of passkeys load this file.
 */
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const listed = (keys = []) => keys.map((key) => ({ ...key, id: toBytes(key.id) }));

function request(form) {
  const options = JSON.parse(form.dataset.options);
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (form.dataset.passkey === "create") {
    publicKey.user = { ...options.user, id: toBytes(options.user.id) };
    publicKey.excludeCredentials = listed(options.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = listed(options.allowCredentials);
  return navigator.credentials.get({ publicKey });
}

/** The parts of an answer are buffers; those a kind of answer lacks are left out. */
function written({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const known = parts.filter((part) => response[part]);
  return JSON.stringify({
    id,
    rawId: toText(rawId),
    type,
    response: Object.fromEntries(known.map((part) => [part, toText(response[part])])),
  });
}

function words(problem, { cancelled, known, failed }) {
  if (problem.name === "NotAllowedError" || problem.name === "AbortError") return cancelled;
  return problem.name === "InvalidStateError" ? known || failed : failed;
}

function start(form) {
  const button = form.querySelector("[data-ask]");
  const problem = form.querySelector("[data-problem]");
  form.querySelector("[data-without]").hidden = true;
  form.querySelector("[data-with]").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    problem.textContent = "";
    try {
      form.elements.answer.value = written(await request(form));
      form.submit(); // Without asking this listener once more.
    } catch (error) {
      problem.textContent = words(error, problem.dataset);
      button.disabled = false;
    }
  });
}

const form = document.querySelector("form[data-passkey]");
if (form?.dataset.options && window.PublicKeyCredential && navigator.credentials) start(form);
