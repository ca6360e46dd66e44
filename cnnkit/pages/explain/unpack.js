/* Facts and arrays of the page, out of one compressed text: see packed.py. */
async function unpack(id) {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const floats = new Float32Array(buffer, 4 + length);
  facts.array = (place) => {
    const size = place.shape.reduce((a, b) => a * b, 1);
    return floats.subarray(place.at, place.at + size);
  };
  return facts;
}

/* An element with attributes and children; text is always text. */
function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/* A sentence of the page's language, with its places filled in. */
function say(facts, key, places = {}) {
  return facts.texts[key].replace(/\{(\w+)\}/g, (all, name) => (name in places ? places[name] : all));
}

/* A number for people: four digits or so. */
function format(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  let text;
  if (size === 0) text = "0";
  else if (size >= 1e5 || size < 10 ** -digits) text = value.toExponential(2);
  else text = value.toFixed(Math.max(0, digits - 1 - Math.max(-1, Math.floor(Math.log10(size)))));
  return text.replace("-", "−");
}

/* A number in the little cell of a grid. */
function brief(value) {
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size >= 1000 || size < 0.005 ? value.toExponential(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
  return text.replace("-", "−");
}
