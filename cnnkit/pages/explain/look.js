/* Where a number looks: boxes {top, left, bottom, right} of places, from a station back to what it reads.
   The forms are those of geometry.py. A box may lie partly outside of the map: there the padding is. */
function boxBefore(station, box, source) {
  const g = station.geometry;
  const whole = { top: 0, left: 0, bottom: source[0], right: source[1], whole: true };
  if (source.length !== 3) return null;
  if (station.output.length !== 3 || !box || box.whole) return whole;
  if (g.form === "same") return box;
  if (g.form === "shifted") {
    const [down, across] = g.begin;
    return { top: box.top + down, left: box.left + across, bottom: box.bottom + down, right: box.right + across };
  }
  if (g.form === "window") {
    const reach = (low, high, i, pad) => {
      const from = low * g.stride[i] - pad;
      return [from, (high - 1) * g.stride[i] - pad + (g.kernel[i] - 1) * g.dilation[i] + 1];
    };
    const [top, bottom] = reach(box.top, box.bottom, 0, g.padding[0]);
    const [left, right] = reach(box.left, box.right, 1, g.padding[2]);
    return { top, left, bottom, right };
  }
  if (g.form === "spread") {
    const reach = (low, high, i, pad) => {
      const from = Math.ceil((low + pad - (g.kernel[i] - 1) * g.dilation[i]) / g.stride[i]);
      return [from, Math.floor((high - 1 + pad) / g.stride[i]) + 1];
    };
    const [top, bottom] = reach(box.top, box.bottom, 0, g.padding[0]);
    const [left, right] = reach(box.left, box.right, 1, g.padding[2]);
    return { top, left, bottom, right };
  }
  if (g.form === "bins") {
    return {
      top: Math.floor(box.top * g.scale[0] + 1e-9), left: Math.floor(box.left * g.scale[1] + 1e-9),
      bottom: Math.ceil(box.bottom * g.scale[0] - 1e-9), right: Math.ceil(box.right * g.scale[1] - 1e-9),
    };
  }
  if (g.form === "scaled") {
    const reach = (low, high, i) => {
      const from = g.smooth ? Math.floor((low + 0.5) * g.scale[i] - 0.5) : Math.floor(low * g.scale[i]);
      const to = g.smooth ? Math.floor((high - 0.5) * g.scale[i] - 0.5) + 2 : Math.floor((high - 1) * g.scale[i]) + 1;
      return [Math.max(0, from), Math.min(source[i], to)];
    };
    const [top, bottom] = reach(box.top, box.bottom, 0);
    const [left, right] = reach(box.left, box.right, 1);
    return { top, left, bottom, right };
  }
  return whole;
}

/* The part of a box that lies in the map. */
function within(box, shape) {
  return {
    top: Math.max(0, box.top), left: Math.max(0, box.left),
    bottom: Math.min(shape[0], box.bottom), right: Math.min(shape[1], box.right), whole: box.whole,
  };
}

/* Of a window whose places are apart, those of them that lie in the map: the first may be further in than the box. */
function sampled(station, box, source) {
  const g = station.geometry;
  if (g.form !== "window" || Math.max(...g.dilation) === 1 || box.whole) return within(boxBefore(station, box, source), source);
  const reach = (low, high, i, pad, size) => {
    const found = [];
    for (let o = low; o < high; o++) for (let k = 0; k < g.kernel[i]; k++) found.push(o * g.stride[i] - pad + k * g.dilation[i]);
    const inside = found.filter((n) => n >= 0 && n < size);
    return [Math.min(...inside), Math.max(...inside) + 1];
  };
  const [top, bottom] = reach(box.top, box.bottom, 0, g.padding[0], source[0]);
  const [left, right] = reach(box.left, box.right, 1, g.padding[2], source[1]);
  return { top, left, bottom, right };
}

/* The boxes in all results before a station that one of its numbers depends on, by number; -1 is the image. */
function cone(facts, number, box) {
  const found = new Map([[number, box]]);
  for (let n = number; n >= 0; n--) {
    const station = facts.stations[n];
    if (!found.has(n)) continue;
    station.reads.forEach((source, i) => {
      if (source < -1) return;
      const shape = station.inputs[i];
      const box = found.get(n);
      let before = shape.length !== 3 ? null : box ? sampled(station, box, shape) : boxBefore(station, box, shape);
      const known = found.get(source);
      if (before && known && !known.whole && !before.whole) {
        before = {
          top: Math.min(known.top, before.top), left: Math.min(known.left, before.left),
          bottom: Math.max(known.bottom, before.bottom), right: Math.max(known.right, before.right),
        };
      } else if (known && known.whole) before = known;
      found.set(source, before);
    });
  }
  return found;
}
