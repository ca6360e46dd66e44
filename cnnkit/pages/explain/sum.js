/* How a number came about: {place, rule, terms, numbers, total, activation, value, winner}, as sums.py has it.
   Where all numbers of a station are in the page they are added up here; else the nearest sum that is kept is taken. */
function valueAt(facts, number, y, x, channel) {
  const place = facts.numbers[number];
  if (!place) return null;
  const [H, W, C] = place.shape;
  const c = place.channels ? place.channels.indexOf(channel) : channel;
  if (c < 0 || y < 0 || x < 0 || y >= H || x >= W) return null;
  return facts.array(place)[(y * W + x) * C + c];
}

/* Numbers of one channel under a window, with their products. Outside of the map there are zeros. */
function windowPart(facts, source, shape, channel, at, weights) {
  const values = at.map(([y, x]) => (y < 0 || x < 0 || y >= shape[0] || x >= shape[1] ? 0 : valueAt(facts, source, y, x, channel)));
  return { channel, at, values, weights };
}

function windowPlaces(station, y, x) {
  const g = station.geometry;
  const at = [];
  for (let ky = 0; ky < g.kernel[0]; ky++)
    for (let kx = 0; kx < g.kernel[1]; kx++)
      at.push([y * g.stride[0] - g.padding[0] + ky * g.dilation[0], x * g.stride[1] - g.padding[2] + kx * g.dilation[1]]);
  return at;
}

function partSum(part) {
  return part.values.reduce((sum, value, i) => sum + value * (part.weights ? part.weights[i] : 1), 0);
}

function weightedSum(facts, station, [y, x, channel]) {
  const need = station.exact;
  const [KH, KW, C, k] = need.filters.shape;
  const filters = facts.array(need.filters);
  const column = station.maps.channels.indexOf(channel);
  const first = Math.floor(channel / (station.output[2] / need.groups)) * C;
  const at = windowPlaces(station, y, x);
  const parts = [];
  for (let c = 0; c < C; c++) {
    const weights = at.map((_, cell) => filters[(cell * C + c) * k + column]);
    parts.push(windowPart(facts, station.reads[0], station.inputs[0], first + c, at, weights));
  }
  const size = new Map(parts.map((part) => [part, part.values.reduce((s, v, i) => s + Math.abs(v * part.weights[i]), 0)]));
  parts.sort((a, b) => size.get(b) - size.get(a));
  const terms = [{ source: station.reads[0], grid: [KH, KW], parts, others: 0, rest: 0 }];
  for (const source of station.reads.slice(1)) terms.push(sameTerm(facts, source, y, x, channel));
  const numbers = need.bias ? { bias: need.bias[column] } : {};
  return { rule: "weighted", terms, numbers };
}

function sameTerm(facts, source, y, x, channel, weight = 1) {
  const values = [valueAt(facts, source, y, x, channel)];
  return { source, parts: [{ channel, at: [[y, x]], values, weights: weight === 1 ? undefined : [weight] }], others: 0, rest: 0 };
}

function poolSum(facts, station, [y, x, channel]) {
  const shape = station.inputs[0];
  const at = windowPlaces(station, y, x);
  const inside = at.map(([r, c]) => r >= 0 && c >= 0 && r < shape[0] && c < shape[1]);
  const part = windowPart(facts, station.reads[0], shape, channel, at);
  const terms = [{ source: station.reads[0], grid: station.geometry.kernel, parts: [part], others: 0, rest: 0 }];
  if (station.kind === "max pool") {
    let winner = -1;
    part.values.forEach((value, i) => { if (inside[i] && (winner < 0 || value > part.values[winner])) winner = i; });
    return { rule: "greatest", terms, numbers: {}, winner, winner_at: at[winner] };
  }
  const count = station.exact.count_padding ? at.length : inside.filter(Boolean).length;
  part.weights = at.map(() => 1 / count);
  return { rule: "weighted", terms, numbers: {} };
}

function pointSum(facts, station, [y, x, channel]) {
  if (station.kind === "concat") {
    let first = 0;
    for (let i = 0; i < station.reads.length; first += station.inputs[i++][2])
      if (channel < first + station.inputs[i][2])
        return { rule: "weighted", terms: [sameTerm(facts, station.reads[i], y, x, channel - first)], numbers: {} };
  }
  const terms = station.reads.map((source, i) => sameTerm(facts, source, y, x, channel, station.kind === "subtract" && i ? -1 : 1));
  if (station.kind === "batch norm") {
    const numbers = station.exact.numbers[station.maps.channels.indexOf(channel)];
    return { rule: "norm", terms, numbers };
  }
  return { rule: station.kind === "multiply" ? "product" : "weighted", terms, numbers: {} };
}

function totalOf(sum) {
  const values = sum.terms.flatMap((term) => term.parts.flatMap((part) => part.values));
  const n = sum.numbers;
  if (sum.rule === "greatest") return values[sum.winner];
  if (sum.rule === "product") return values.reduce((a, b) => a * b, 1);
  if (sum.rule === "norm") {
    const residual = values.length > 1 ? values[1] : 0;
    return ((values[0] - n.mean) / Math.sqrt(n.var + n.eps)) * (n.gamma ?? 1) + (n.beta ?? 0) + residual;
  }
  return sum.terms.reduce((s, term) => s + term.rest + term.parts.reduce((t, part) => t + partSum(part), 0), n.bias ?? 0);
}

/* The sum of a place, or of the nearest place of that map whose sum is kept; null where none is. */
function sumAt(facts, station, place) {
  if (station.exact) {
    const kind = station.kind;
    const find = kind === "conv" || kind === "depthwise conv" ? weightedSum : kind.endsWith("pool") ? poolSum : pointSum;
    const sum = find(facts, station, place);
    return { place, activation: station.activation, ...sum, total: totalOf(sum), value: valueAt(facts, station.number, ...place) };
  }
  if (!station.sums) return null;
  const last = place.length - 1;
  const distance = (sum) => sum.place.slice(0, last).reduce((s, n, i) => s + (n - place[i]) ** 2, 0);
  const same = station.sums.filter((sum) => sum.place[last] === place[last]);
  return same.reduce((best, sum) => (best === null || distance(sum) < distance(best) ? sum : best), null);
}
