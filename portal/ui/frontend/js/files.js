/** Shows what was chosen in `<input type="file" data-chosen="#list-id">`: name, size, a small picture. */
const EDGE = 64;

export function chosenFiles() {
  for (const input of document.querySelectorAll("input[type=file][data-chosen]")) {
    const list = document.querySelector(input.dataset.chosen);
    input.addEventListener("change", () => list.replaceChildren(...[...input.files].map(row)));
  }
}

function row(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const megabytes = (file.size / 1048576).toLocaleString(document.documentElement.lang, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  name.textContent = `${file.name} (${megabytes} MB)`;
  item.append(name);
  // Drawn on a canvas, because the security header allows no blob: addresses for images.
  if (file.type.startsWith("image/")) draw(file).then((canvas) => item.prepend(canvas), () => {});
  return item;
}

async function draw(file) {
  const picture = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = EDGE;
  const side = Math.min(picture.width, picture.height);
  const x = (picture.width - side) / 2;
  const y = (picture.height - side) / 2;
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, EDGE, EDGE);
  picture.close();
  return canvas;
}
