/* The road, and the station that is looked at: its maps, the pixel that was chosen, and where it came from. */
const SVG = "http://www.w3.org/2000/svg";
const THUMB = 76, TILE = 112;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Road {
  constructor(facts) {
    this.facts = facts;
    this.pictures = new Map();
    this.chips = [...document.querySelectorAll("#road .chip")];
    this.road = document.getElementById("road");
    for (const chip of this.chips) chip.addEventListener("click", () => this.select(Number(chip.dataset.station)));
    document.getElementById("former").addEventListener("click", () => this.select(this.station.number - 1, true));
    document.getElementById("later").addEventListener("click", () => this.select(this.station.number + 1, true));
    const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
      if (entry.isIntersecting) { seen.unobserve(entry.target); this.thumb(entry.target); }
    }), { root: null, rootMargin: "300px" });
    this.chips.forEach((chip) => seen.observe(chip));
    this.select(facts.first);
  }

  at(number) { return number === -1 ? this.facts.image : this.facts.stations[number]; }

  /* The sheet of a station's maps, as an image that is ready. */
  async picture(number) {
    if (!this.pictures.has(number)) {
      const image = new Image();
      image.src = this.at(number).sheet.file;
      this.pictures.set(number, image.decode().then(() => image));
    }
    return this.pictures.get(number);
  }

  /* One map on a canvas; of a channel that is not in the sheet from its numbers, where these are in the page. */
  async draw(canvas, number, channel) {
    const station = this.at(number), [H, W] = station.output;
    canvas.width = W; canvas.height = H;
    const context = canvas.getContext("2d");
    const i = station.maps.channels.indexOf(channel);
    if (i >= 0) {
      const [h, w] = station.sheet.shape, sheet = await this.picture(number);
      context.imageSmoothingEnabled = false;
      return context.drawImage(sheet, 0, i * h, w, h, 0, 0, W, H);
    }
    const pixels = context.createImageData(W, H);
    for (let p = 0; p < H * W; p++) {
      const value = valueAt(this.facts, number, Math.floor(p / W), p % W, channel);
      pixels.data.set([...colourOf(this.facts, value / station.sheet.bound), 255], 4 * p);
    }
    context.putImageData(pixels, 0, 0);
  }

  drawable(number, channel) {
    const station = this.at(number), place = this.facts.numbers[number];
    return Boolean(station && station.sheet) && (station.maps.channels.includes(channel) || Boolean(place && !place.channels));
  }

  async thumb(chip) {
    const station = this.at(Number(chip.dataset.station)), holder = chip.querySelector(".thumb");
    const drawn = station.number === -1 ? make("img.pixels", { src: station.picture, alt: "" })
      : station.sheet ? make("canvas") : station.maps ? this.strip(station) : null;
    if (!drawn) return;
    holder.prepend(drawn);
    if (station.sheet && station.number >= 0) await this.draw(drawn, station.number, clearest(station));
    if (station.output.length === 3) {
      const [H, W] = station.output, scale = THUMB / Math.max(H, W);
      drawn.style.width = `${W * scale}px`; drawn.style.height = `${H * scale}px`;
    }
  }

  /* A vector as a strip of colours. */
  strip(station) {
    const values = station.maps.values, canvas = make("canvas.vector", { width: 1, height: values.length });
    const bound = Math.max(...values.map(Math.abs)) || 1, context = canvas.getContext("2d");
    values.forEach((value, i) => { context.fillStyle = `rgb(${colourOf(this.facts, value / bound).join()})`; context.fillRect(0, i, 1, 1); });
    return canvas;
  }

  select(number, focus = false) {
    const station = this.facts.stations[number];
    if (!station) return;
    this.station = station;
    this.chips.forEach((chip) => chip.setAttribute("aria-pressed", String(Number(chip.dataset.station) === number)));
    const chip = this.chips[number + 1], road = this.road;
    road.scrollLeft += chip.getBoundingClientRect().left - road.getBoundingClientRect().left - road.clientWidth / 2 + chip.offsetWidth / 2;
    document.getElementById("former").disabled = number === 0;
    document.getElementById("later").disabled = number === this.facts.stations.length - 1;
    const heading = document.getElementById("station-title");
    heading.replaceChildren(make("code", {}, station.name), ` ${station.title}`);
    if (focus) heading.focus({ preventScroll: true });
    document.getElementById("station-words").textContent = station.sentence;
    this.costs();
    this.tiles();
    if (!station.maps) { this.place = null; return this.show(null); }
    const channel = clearest(station);
    this.pick(station.output.length === 3 ? [...this.first(station, channel), channel] : [channel]);
  }

  /* The pixel of a map that is looked at first. */
  first(station, channel) { return station.maps.first[station.maps.channels.indexOf(channel)]; }

  costs() {
    const s = this.station, rows = [
      ["shape", `${s.from || "–"} → ${s.shape}`], ["parameters", s.parameters.toLocaleString("en")],
      ["multiply_adds", s.multiply_adds.toLocaleString("en")], ["time", `${format(s.ms, 3)} ms`],
      ["field", s.field ? s.field.join("×") : say(this.facts, "whole")],
    ];
    document.getElementById("costs").replaceChildren(...rows.map(([key, value]) =>
      make("div", {}, make("dt", {}, say(this.facts, key)), make("dd.numbers", {}, value))));
  }

  /* The maps that are shown, or the numbers of a vector: each a button. */
  tiles() {
    const s = this.station, holder = document.getElementById("maps"), title = document.getElementById("maps-title");
    const count = s.output[s.output.length - 1], shown = s.maps ? s.maps.channels.length : 0;
    title.textContent = !s.maps ? say(this.facts, "no_maps")
      : say(this.facts, `${s.sheet ? "maps" : "vector"}_${shown === count ? "all" : s.maps.why}`, { shown, count });
    const words = document.getElementById("maps-words"), [h, w] = s.sheet ? s.sheet.shape : s.output;
    words.hidden = !s.sheet || (h === s.output[0] && w === s.output[1]);
    words.textContent = say(this.facts, "coarse", { height: h, width: w, all_height: s.output[0], all_width: s.output[1] });
    scaleOf(document.getElementById("scale"), s.sheet);
    holder.className = s.sheet ? "maps" : "maps vector";
    holder.replaceChildren(...(s.maps ? s.maps.channels.map((channel, i) => (s.sheet ? this.tile(channel) : this.feature(channel, i))) : []));
  }

  tile(channel) {
    const [H, W] = this.station.output, scale = TILE / Math.max(H, W), canvas = make("canvas");
    canvas.style.width = `${W * scale}px`; canvas.style.height = `${H * scale}px`;
    this.draw(canvas, this.station.number, channel);
    const name = this.station.labelled ? `${channel} (${this.facts.classes[channel]})` : channel;
    const words = say(this.facts, "map", { map: name });
    const click = (event) => {
      const box = canvas.getBoundingClientRect();
      if (!event.detail) return this.pick([...this.first(this.station, channel), channel]);
      const y = Math.floor(((event.clientY - box.top) / box.height) * H), x = Math.floor(((event.clientX - box.left) / box.width) * W);
      this.pick([Math.max(0, Math.min(H - 1, y)), Math.max(0, Math.min(W - 1, x)), channel]);
    };
    return make("button.tile", { type: "button", "data-channel": channel, "aria-pressed": "false", onclick: click }, canvas, make("span", {}, words));
  }

  feature(channel, i) {
    const values = this.station.maps.values, bound = Math.max(...values.map(Math.abs)) || 1, value = values[i];
    const bar = make("i", { class: value < 0 ? "below" : "above", style: `width:${(100 * Math.abs(value)) / bound}%` });
    return make("button.feature", { type: "button", "data-channel": channel, "aria-pressed": "false", onclick: () => this.pick([channel]) },
      make("span", {}, featureName(this.facts, this.station, channel)), make("span.bar", {}, bar), make("span.numbers", {}, format(value)));
  }

  /* Look at a place: (y, x, channel) of a map, (feature) of a vector. */
  pick(place) {
    this.place = place;
    const channel = place[place.length - 1];
    document.querySelectorAll("#maps [data-channel]").forEach((tile) =>
      tile.setAttribute("aria-pressed", String(Number(tile.dataset.channel) === channel)));
    this.show(sumAt(this.facts, this.station, place));
  }

  show(sum) {
    const s = this.station, facts = this.facts, place = this.place;
    const box = place && place.length === 3 ? { top: place[0], left: place[1], bottom: place[0] + 1, right: place[1] + 1 } : null;
    const boxes = cone(facts, s.number, box);
    this.outline(boxes);
    const views = document.getElementById("views"), focused = document.activeElement?.id === "this-map";
    views.replaceChildren(...this.views(sum, boxes));
    if (focused) document.getElementById("this-map")?.focus({ preventScroll: true });
    const target = document.getElementById("arithmetic");
    if (!sum) return target.replaceChildren(...(place ? [make("p.quiet", {}, say(facts, "no_sum"))] : []));
    const near = sum.place.some((n, i) => n !== place[i]);
    const words = sum.place.length === 3
      ? say(facts, "pixel", { map: sum.place[2], row: sum.place[0], column: sum.place[1] })
      : featureName(facts, s, sum.place[0]);
    target.replaceChildren(make("h3", {}, words), ...(near ? [make("p.quiet.small", {}, say(facts, "nearest"))] : []), ...arithmetic(facts, s, sum));
    document.getElementById("spoken").textContent = `${words}: ${format(sum.value)}`;
  }

  /* The cone on the chips of the road. */
  outline(boxes) {
    for (const chip of this.chips) {
      chip.querySelectorAll(".seen").forEach((mark) => mark.remove());
      const number = Number(chip.dataset.station), box = boxes.get(number), shape = this.at(number).output;
      if (!box || shape.length !== 3 || box.whole) continue;
      const scale = THUMB / Math.max(shape[0], shape[1]), side = (n) => `${Math.max(3, n * scale)}px`;
      const left = (THUMB - shape[1] * scale) / 2 + box.left * scale, top = (THUMB - shape[0] * scale) / 2 + box.top * scale;
      const style = `left:${left}px;top:${top}px;width:${side(box.right - box.left)};height:${side(box.bottom - box.top)}`;
      chip.querySelector(".thumb").append(make("i.seen", { style }));
    }
  }

  /* The picture, the maps that were read, and this map; each with what is looked at outlined. */
  views(sum, boxes) {
    const s = this.station, facts = this.facts, found = [];
    const image = facts.image;
    if (boxes.get(-1)) found.push(view({ source: image.picture, shape: image.output, box: boxes.get(-1), words: say(facts, "view_image"), photo: true }));
    const here = this.place && this.place.length === 3 ? { top: this.place[0], left: this.place[1], bottom: this.place[0] + 1, right: this.place[1] + 1 } : null;
    s.reads.slice(0, 3).forEach((source, i) => {
      const station = source >= -1 ? this.at(source) : null;
      if (!station || !station.sheet) return;
      const parts = sum ? sum.terms.filter((term) => term.source === source).flatMap((term) => term.parts) : [];
      const part = parts.find((one) => one.at && this.drawable(source, one.channel));
      const channel = part ? part.channel : clearest(station), canvas = make("canvas");
      const box = here ? boxBefore(s, here, s.inputs[i]) : { whole: true };
      const cells = s.geometry.form === "window" && here && i === 0 ? windowPlaces(s, here.top, here.left) : null;
      const pad = s.geometry.form === "window" && i === 0 ? s.geometry.padding : null;
      const words = say(facts, "view_before", { map: channel, name: station.name });
      const one = view({ canvas, shape: station.output, box, cells, pad, winner: sum?.winner_at, words });
      this.draw(canvas, source, channel).then(() => one.fill(canvas));
      found.push(one);
    });
    if (here && s.sheet) {
      const canvas = make("canvas"), channel = this.place[2];
      const one = view({ canvas, shape: s.output, box: here, words: say(facts, "view_this", { map: channel, name: s.name }), pick: (y, x) => this.pick([y, x, channel]), label: say(facts, "view_label"), here: [here.top, here.left] });
      this.draw(canvas, s.number, channel).then(() => one.fill(canvas));
      found.push(one);
    }
    return found;
  }
}

/* The channel that is looked at first: where something stands out most, or the largest number of a vector. */
function clearest(station) {
  const { channels, values, clearest } = station.maps;
  return values ? channels[values.indexOf(Math.max(...values))] : clearest ?? channels[0];
}

/* The ends of a scale in numbers. */
function scaleOf(element, sheet) {
  element.hidden = !sheet;
  if (!sheet) return;
  const [low, bar, high] = element.children, sign = sheet.beyond ? ["≤ ", "≥ "] : ["", ""];
  low.textContent = sheet.negative ? sign[0] + format(-sheet.bound, 3) : "0";
  high.textContent = sign[1] + format(sheet.bound, 3);
  bar.classList.toggle("half", !sheet.negative);
}

/* A large map with outlines: padding around it, the window, its cells where they are spread, the winner. */
function view({ source, shape, box, cells, pad, winner, words, photo, pick, label, here }) {
  const [H, W] = shape, [top, bottom, left, right] = pad || [0, 0, 0, 0];
  const drawing = svg("svg", { viewBox: `${-left} ${-top} ${W + left + right} ${H + top + bottom}`, role: pick ? "application" : "img", "aria-label": label ? `${words}. ${label}` : words });
  if (top + bottom + left + right) drawing.append(svg("rect", { x: -left, y: -top, width: W + left + right, height: H + top + bottom, class: "padding" }));
  const image = svg("image", { x: 0, y: 0, width: W, height: H, preserveAspectRatio: "none", class: photo && W > 64 ? "" : "pixels" });
  if (source) image.setAttribute("href", source);
  drawing.append(image);
  const outline = (x, y, width, height, kind) => {
    for (const layer of ["under", kind]) drawing.append(svg("rect", { x, y, width, height, class: `mark ${layer}` }));
  };
  const spread = cells && cells.length > 1 && cells.length < 122 && box && cells.length < (box.bottom - box.top) * (box.right - box.left);
  if (spread) for (const [y, x] of cells) drawing.append(svg("rect", { x, y, width: 1, height: 1, class: "mark cell" }));
  if (box && box.whole) outline(0, 0, W, H, "window");
  else if (box) outline(box.left, box.top, box.right - box.left, box.bottom - box.top, "window");
  // A place of a large map is hardly seen: a ring tells where it is.
  const size = box && !box.whole ? Math.max(box.bottom - box.top, box.right - box.left) : Infinity, most = Math.max(W, H);
  if (size < 0.04 * most) {
    const ring = { cx: (box.left + box.right) / 2, cy: (box.top + box.bottom) / 2, r: 0.05 * most };
    for (const layer of ["under", "lens"]) drawing.append(svg("circle", { ...ring, class: `mark ${layer}` }));
  }
  if (winner) outline(winner[1], winner[0], 1, 1, "winner");
  const figure = make("figure.view", {}, drawing, make("figcaption", {}, label ? `${words}. ${label}` : words));
  figure.fill = (canvas) => image.setAttribute("href", canvas.toDataURL());
  if (pick) {
    drawing.setAttribute("tabindex", "0");
    drawing.id = "this-map";
    const clamp = (n, most) => Math.max(0, Math.min(most - 1, n));
    drawing.addEventListener("click", (event) => {
      const area = drawing.getBoundingClientRect();
      pick(clamp(Math.floor(((event.clientY - area.top) / area.height) * H), H), clamp(Math.floor(((event.clientX - area.left) / area.width) * W), W));
    });
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [0, 0], " ": [0, 0] };
    drawing.addEventListener("keydown", (event) => {
      if (!(event.key in moves)) return;
      event.preventDefault();
      const [down, across] = moves[event.key];
      pick(clamp(here[0] + down, H), clamp(here[1] + across, W));
    });
  }
  return figure;
}
