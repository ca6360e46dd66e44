// Tables that are sorted by a click on a header: numbers by their value, words as the language has them.
"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      const value = (row) => row.cells[column].dataset.by === undefined ? null : Number(row.cells[column].dataset.by);
      const words = new Intl.Collator(document.documentElement.lang, { numeric: true });
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        return x === null || y === null
          ? words.compare(a.cells[column].textContent, b.cells[column].textContent) : x - y;
      };
      const rows = [...table.tBodies[0].rows].sort((a, b) => (up ? order(a, b) : order(b, a)));
      table.tBodies[0].append(...rows);
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
}
