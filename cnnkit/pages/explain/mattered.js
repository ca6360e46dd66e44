/* What mattered: the heat map of a target and a way over the picture. */
const WAYS = ["grad_cam", "gradient", "occlusion"];

function whatMattered(facts) {
  const select = document.getElementById("target"), ways = document.getElementById("ways");
  const image = document.getElementById("heat"), plain = image.getAttribute("src"), alt = image.getAttribute("alt");
  const words = document.getElementById("way-words"), caption = document.getElementById("heat-words");
  const isWinner = (reason) => [reason.kind, reason.index, reason.box].join() === facts.winner.join();
  let way = null;
  facts.reasons.forEach((reason, i) => {
    const name = reason.kind === "box" ? say(facts, "box", { number: reason.box + 1, label: reason.label }) : reason.label;
    select.append(make("option", { value: i }, isWinner(reason) ? say(facts, "winner", { label: name }) : name));
  });
  const none = !facts.reasons.length;
  select.parentElement.hidden = none;
  const show = () => {
    const reason = facts.reasons[select.selectedIndex], found = way && reason ? reason.maps[way] : null;
    image.setAttribute("src", found ? found.file : plain);
    ways.querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.way === (way || "none")));
      button.disabled = button.dataset.way !== "none" && !reason?.maps[button.dataset.way];
    });
    words.textContent = say(facts, `way_${way || "none"}`);
    caption.textContent = found ? say(facts, "heat", { way: found.layer ? say(facts, "way_at", { way: say(facts, `name_${way}`), layer: found.layer }) : say(facts, `name_${way}`), label: reason.label, value: say(facts, `value_${reason.kind}`, { value: format(reason.value) }) }) : "";
    image.setAttribute("alt", found ? `${alt} ${caption.textContent}` : alt);
    scaleOf(document.getElementById("heat-scale"), found && { bound: found.bound, negative: found.negative, beyond: false });
  };
  for (const name of ["none", ...WAYS]) {
    const click = () => { way = name === "none" ? null : name; show(); };
    ways.append(make("button", { type: "button", "data-way": name, onclick: click }, say(facts, `name_${name}`)));
  }
  select.addEventListener("change", show);
  way = none ? null : WAYS.find((name) => facts.reasons[0].maps[name]) || null;
  if (facts.reasons[0]?.kind === "box" || facts.reasons[0]?.kind === "pixels") way = null;
  show();
}

unpack("packed").then((facts) => {
  whatMattered(facts);
  window.road = new Road(facts);
  document.documentElement.dataset.ready = "yes";
});
