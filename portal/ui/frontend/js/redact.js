/**
 * Draws rectangles over a photo: `<svg data-redact>` beside a form with fields x1, y1, w1, h1 and so on, in
 * per cent. The fields are what is sent; without script they are filled in by hand.
 */
const EDGES = ["x", "y", "w", "h"];
const NAMES = { x: "x", y: "y", w: "width", h: "height" };

export function redactions() {
  const svg = document.querySelector("svg[data-redact]");
  if (!svg) return;
  const parts = [];
  for (let n = 1; document.getElementsByName(`x${n}`).length; n += 1) {
    parts.push(Object.fromEntries(EDGES.map((edge) => [edge, document.getElementsByName(`${edge}${n}`)[0]])));
  }
  const draw = () => {
    for (const rect of svg.querySelectorAll("rect")) rect.remove();
    for (const part of parts) {
      if (EDGES.some((edge) => part[edge].value.trim() === "")) continue;
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const edge of EDGES) rect.setAttribute(NAMES[edge], `${Number(part[edge].value) || 0}%`);
      svg.append(rect);
    }
  };
  const at = (event) => {
    const frame = svg.getBoundingClientRect();
    const share = (value, size) => Math.min(100, Math.max(0, (value / size) * 100));
    return [share(event.clientX - frame.left, frame.width), share(event.clientY - frame.top, frame.height)];
  };
  let start = null;
  let part = null;
  const fill = (event) => {
    const [x, y] = at(event);
    const left = Math.floor(Math.min(x, start[0]));
    const top = Math.floor(Math.min(y, start[1]));
    const values = {
      x: Math.min(99, left),
      y: Math.min(99, top),
      w: Math.max(1, Math.ceil(Math.max(x, start[0])) - left),
      h: Math.max(1, Math.ceil(Math.max(y, start[1])) - top),
    };
    for (const edge of EDGES) part[edge].value = values[edge];
    draw();
  };
  svg.classList.add("redact--draw");
  svg.addEventListener("pointerdown", (event) => {
    start = null;
    part = parts.find((one) => EDGES.every((edge) => one[edge].value.trim() === "")) || null;
    if (!part) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    start = at(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (start) fill(event);
  });
  svg.addEventListener("pointerup", (event) => {
    if (start) fill(event);
    start = null;
  });
  // Two fingers that zoom end the drawing of one.
  for (const end of ["pointercancel", "lostpointercapture"]) {
    svg.addEventListener(end, () => {
      start = null;
    });
  }
  document.addEventListener("input", (event) => {
    if (parts.some((one) => Object.values(one).includes(event.target))) draw();
  });
}
