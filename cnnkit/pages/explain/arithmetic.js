/* The arithmetic of one number in elements: grids of real numbers, lists, and the line that they add up in. */
const LISTED = 12, SHOWN_PARTS = 4;

function sourceName(facts, number) {
  if (number === null || number < -1) return say(facts, "elsewhere");
  return number === -1 ? facts.image.name : facts.stations[number].name;
}

/* Where a number of a vector or a map is, in words; a number of a flattened map by its place there. */
function placeName(facts, number, part) {
  const station = facts.stations[number];
  if (part.at) return say(facts, "at_map", { map: part.channel, row: part.at[0][0], column: part.at[0][1] });
  if (station && station.kind === "flatten" && station.inputs[0].length === 3) {
    const [, W, C] = station.inputs[0];
    const pixel = Math.floor(part.channel / C);
    const of = { map: part.channel % C, row: Math.floor(pixel / W), column: pixel % W };
    return `${sourceName(facts, station.reads[0])}, ${say(facts, "at_map", of)}`;
  }
  return featureName(facts, station, part.channel);
}

function featureName(facts, station, index) {
  return station && station.labelled ? `${facts.classes[index]}` : say(facts, "feature", { number: index });
}

function colourOf(facts, share) {
  const steps = facts.palette.length / 3;
  const at = Math.round(((Math.max(-1, Math.min(1, share)) + 1) / 2) * (steps - 1));
  return facts.palette.slice(3 * at, 3 * at + 3);
}

function cellGrid(facts, values, columns, words, mark = {}) {
  const bound = mark.bound || Math.max(...values.map(Math.abs)) || 1;
  const table = make("table.cells", {}, make("caption", {}, words));
  for (let row = 0; row * columns < values.length; row++) {
    const line = make("tr");
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const [red, green, blue] = colourOf(facts, values[i] / bound);
      const light = 0.3 * red + 0.59 * green + 0.11 * blue > 130;
      const zero = mark.outside && mark.outside[i];
      const style = zero ? "" : `background:rgb(${red},${green},${blue});color:${light ? "#10131a" : "#fff"}`;
      const cell = make("td", { style, title: zero ? say(facts, "padding_zero") : String(values[i]) }, brief(values[i]));
      if (zero) cell.className = "outside";
      if (mark.winner === i) cell.className = "winner";
      line.append(cell);
    }
    table.append(line);
  }
  return table;
}

/* One channel under the window: patch · kernel = number, or the patch alone. */
function gridPart(facts, sum, term, part) {
  const shape = term.source === -1 ? facts.image.output : facts.stations[term.source]?.output;
  const outside = part.at && shape ? part.at.map(([y, x]) => y < 0 || x < 0 || y >= shape[0] || x >= shape[1]) : null;
  const name = say(facts, "map_of", { map: part.channel, name: sourceName(facts, term.source) });
  const winner = sum.rule === "greatest" ? sum.winner : undefined;
  const average = part.weights && sum.kind === "average pool";
  const row = make("div.product", {}, cellGrid(facts, part.values, term.grid[1], say(facts, "patch"), { outside, winner }));
  if (part.weights && !average) {
    row.append(make("span.sign", {}, "·"), cellGrid(facts, part.weights, term.grid[1], say(facts, "kernel")));
    row.append(make("span.sign", {}, "= ", make("span.numbers", {}, format(partSum(part)))));
  }
  return make("figure.part", {}, make("figcaption", {}, name), row);
}

function listTerm(facts, term, bound) {
  const table = make("table.list");
  const weighted = term.parts.some((part) => part.weights);
  const head = [say(facts, "number_of", { name: sourceName(facts, term.source) }), say(facts, "value")];
  if (weighted) head.push(say(facts, "weight"), say(facts, "product"));
  table.append(make("thead", {}, make("tr", {}, ...head.map((words, i) => make("th", { scope: "col", class: i ? "number" : null }, words)), make("th", { "aria-hidden": "true" }))));
  const body = make("tbody");
  for (const part of term.parts.slice(0, LISTED)) {
    const product = partSum(part);
    const cells = [part.values[0], ...(weighted ? [part.weights ? part.weights[0] : 1, product] : [])];
    const bar = make("i", { style: `width:${(100 * Math.abs(product)) / bound}%`, class: product < 0 ? "below" : "above" });
    body.append(make("tr", {}, make("th", { scope: "row" }, placeName(facts, term.source, part)), ...cells.map((value) => make("td.number", {}, format(value))), make("td.bar", {}, bar)));
  }
  table.append(body);
  return make("div.scroll", {}, table);
}

/* The terms of a sum that are shown, and what is left of each as one number. */
function shownTerms(sum) {
  return sum.terms.map((term) => {
    const most = term.grid ? SHOWN_PARTS : LISTED;
    const parts = term.parts.slice(0, most);
    const rest = term.rest + term.parts.slice(most).reduce((s, part) => s + partSum(part), 0);
    return { ...term, parts, rest, others: term.others + Math.max(0, term.parts.length - most) };
  });
}

function softmaxTable(facts, station, sum) {
  const term = sum.terms[0];
  const table = make("table.list");
  const heads = ["number", "logit", "exponential", "share"].map((key) => say(facts, key));
  table.append(make("thead", {}, make("tr", {}, ...heads.map((words, i) => make("th", { scope: "col", class: i ? "number" : null }, words)), make("th", { "aria-hidden": "true" }))));
  const body = make("tbody");
  for (const part of term.parts) {
    const power = Math.exp(part.values[0] - sum.numbers.max);
    const share = power / sum.numbers.sum;
    const chosen = part.channel === sum.place[sum.place.length - 1];
    const bar = make("i.above", { style: `width:${100 * share}%` });
    body.append(make("tr", { class: chosen ? "chosen" : null }, make("th", { scope: "row" }, featureName(facts, station, part.channel)),
      ...[part.values[0], power, share].map((value) => make("td.number", {}, format(value))), make("td.bar", {}, bar)));
  }
  table.append(body);
  const words = say(facts, "softmax", { max: format(sum.numbers.max), sum: format(sum.numbers.sum), others: term.others });
  return [make("p", {}, words), make("div.scroll", {}, table)];
}

/* "0.82 + 0.31 − 0.10 + 28 others 0.70 + bias 0.02 = 1.73 → ReLU → 1.73". */
function equation(facts, sum, terms) {
  const line = make("p.equation", {});
  const add = (value, name) => {
    const sign = line.querySelector(".numbers") ? (value < 0 ? " − " : " + ") : value < 0 ? "−" : "";
    line.append(sign, make("span.numbers", {}, format(Math.abs(value))), name ? make("small", {}, ` ${name}`) : "");
  };
  const n = sum.numbers;
  if (sum.rule === "weighted") {
    const average = sum.kind === "average pool";
    const products = !average && terms.some((term) => term.parts.some((part) => part.weights));
    const lead = products ? `sum_${terms[0].grid ? "window" : "list"}${"bias" in n ? "_bias" : ""}` : null;
    if (lead) line.append(make("span.lead", {}, say(facts, lead)), " = ");
    for (const term of terms) {
      if (average && term.parts.length === 1) add(partSum(term.parts[0]), say(facts, "mean_of", { count: Math.round(1 / term.parts[0].weights[0]) }));
      // Of a long list what adds nothing is left to the table.
      else for (const part of term.parts) if (term.parts.length <= 6 || partSum(part)) add(partSum(part), term.parts.length > 6 ? "" : term.grid ? say(facts, "map", { map: part.channel }) : sourceName(facts, term.source));
      if (term.others) add(term.rest, say(facts, "others", { count: term.others }));
    }
    if ("bias" in n) add(n.bias, say(facts, "bias"));
  } else {
    const values = terms.flatMap((term) => term.parts.map((part) => part.values[0]));
    const places = { ...Object.fromEntries(Object.entries(n).map(([key, value]) => [key, format(value)])), x: format(values[0]), y: format(values[1]), z: format(values[2]) };
    const key = `rule_${sum.rule.replace(" ", "_")}`;
    line.append(make("span", {}, sum.rule === "greatest" ? say(facts, key, { count: terms.reduce((s, t) => s + t.parts.reduce((c, p) => c + p.values.length, t.others), 0) }) : say(facts, key in facts.texts ? key : "rule_none", places)));
    if (sum.rule === "norm" && values.length > 1) line.append(` + ${format(values[1])} `, make("small", {}, say(facts, "residual")));
  }
  if (sum.rule !== "none") line.append(" = ", make("output.numbers", { id: "total", "data-value": sum.total }, format(sum.total)));
  if (sum.activation) line.append(" → ", make("b", {}, sum.activation));
  if (sum.activation || sum.rule === "none") line.append(" → ");
  if (sum.activation || sum.rule === "none") line.append(make("output.numbers.value", { id: "value", "data-value": sum.value }, format(sum.value)));
  else line.lastChild.id = "value", line.lastChild.dataset.total = sum.total, line.lastChild.dataset.value = sum.value, line.lastChild.classList.add("value");
  return line;
}

/* All of it. */
function arithmetic(facts, station, sum) {
  const name = { ...sum, kind: station.kind, activation: sum.activation ? station.activation : null };
  const terms = shownTerms(name);
  const found = [];
  const softmax = sum.rule === "softmax" || sum.rule === "log softmax";
  if (!softmax) found.push(equation(facts, name, terms));
  if (softmax) found.push(...softmaxTable(facts, station, sum));
  const products = terms.flatMap((term) => term.parts.map((part) => Math.abs(partSum(part))));
  for (const term of softmax ? [] : terms) {
    if (term.grid) {
      const parts = term.parts.map((part) => gridPart(facts, name, term, part));
      const words = term.others ? [make("p.quiet.small", {}, say(facts, "and_others", { count: term.others, sum: format(term.rest) }))] : [];
      found.push(make("div.parts", {}, ...parts), ...words);
    } else if (term.parts.length) found.push(listTerm(facts, term, Math.max(...products) || 1));
  }
  return found;
}
