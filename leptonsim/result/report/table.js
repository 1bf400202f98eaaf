"use strict";
/* The table of operators: sorts by any column, filters by text, kind and cause. Rows are made as they are asked for, all
   text goes in as text. */
const DATA = JSON.parse(document.getElementById("data").textContent);
const STEPS = DATA.steps.map((row, index) => {
  const [name, kind, engine, bound, mapping, numbers, texts, spans, waits] = row;
  return { index, name, kind, engine, bound, mapping: DATA.mappings[mapping], numbers, texts, spans, waits };
});

(() => {
  const PAGE = 200, PRINTED = 1000;
  const COLUMNS = [
    { label: "#", value: (step) => step.index, text: (step) => String(step.index + 1), number: true },
    { label: "operator", value: (step) => step.name, text: (step) => step.name, name: true },
    { label: "kind", value: (step) => step.kind, text: (step) => step.kind },
    { label: "engine", value: (step) => step.engine, text: (step) => step.engine },
    ...DATA.numbers.map((label, at) => ({
      label, value: (step) => step.numbers[at], text: (step) => step.texts[at], number: true,
    })),
    { label: "bound by", value: (step) => step.bound, text: (step) => step.bound },
  ];
  const byId = (id) => document.getElementById(id);
  const table = byId("table"), head = table.tHead, body = table.tBodies[0], more = byId("more");
  for (const step of STEPS) {
    step.searched = [step.name, step.kind, step.engine, step.bound, step.mapping].join("\n").toLowerCase();
  }
  let sorted = { column: 4, down: true }, rows = [], shown = 0;

  const cell = (row, text, name) => {
    const made = row.insertCell();
    made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  const details = (step) => {
    const text = [step.name, step.mapping];
    if (step.waits) text.push("time of its main engine: " + step.waits);
    DATA.engines.forEach((engine, at) => {
      if (step.spans[at]) text.push(engine + ": " + step.spans[at].map((time) => timeText(time)).join(" to "));
    });
    return text.join("\n");
  };

  const rowOf = (step) => {
    const row = document.createElement("tr");
    row.dataset.step = step.index;
    for (const column of COLUMNS) {
      if (!column.name) {
        cell(row, column.text(step), column.number ? "number" : "");
        continue;
      }
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = step.name;
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => toggle(row, button, step));
      cell(row, "", "name").append(button);
    }
    return row;
  };

  const toggle = (row, button, step) => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      row.nextSibling.remove();
      return;
    }
    const below = document.createElement("tr");
    below.className = "details";
    cell(below, details(step)).colSpan = COLUMNS.length;
    row.after(below);
    document.dispatchEvent(new CustomEvent("step", { detail: step }));
  };

  const grow = (count) => {
    const part = document.createDocumentFragment();
    const until = Math.min(rows.length, shown + count);
    for (; shown < until; shown += 1) part.append(rowOf(rows[shown]));
    body.append(part);
    more.hidden = shown === rows.length;
    more.textContent = `show ${Math.min(PAGE, rows.length - shown)} more of ${rows.length - shown}`;
  };

  const update = () => {
    const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const bound = byId("bound").value, kind = byId("kind").value;
    rows = STEPS.filter((step) => (!bound || step.bound === bound) && (!kind || step.kind === kind)
      && words.every((word) => step.searched.includes(word)));
    const { value } = COLUMNS[sorted.column], sign = sorted.down ? -1 : 1;
    const keys = rows.map((step) => [value(step), step]);
    keys.sort((one, other) => (one[0] < other[0] ? -sign : one[0] > other[0] ? sign : one[1].index - other[1].index));
    rows = keys.map((key) => key[1]);
    const time = rows.reduce((sum, step) => sum + step.numbers[0], 0);
    byId("shown").textContent = `${rows.length.toLocaleString("en")} of ${STEPS.length.toLocaleString("en")} operators, `
      + `${(100 * time / Math.max(1, DATA.total_ps)).toFixed(1)}% of the time`;
    body.replaceChildren();
    shown = 0;
    grow(PAGE);
    head.querySelectorAll("th").forEach((made, at) => {
      const here = at === sorted.column;
      made.setAttribute("aria-sort", here ? (sorted.down ? "descending" : "ascending") : "none");
      made.firstChild.textContent = COLUMNS[at].label + (here ? (sorted.down ? " \u25be" : " \u25b4") : "");
    });
  };

  const line = head.insertRow();
  COLUMNS.forEach((column, at) => {
    const made = document.createElement("th"), button = document.createElement("button");
    made.scope = "col";
    if (column.number) made.className = "number";
    button.type = "button";
    button.addEventListener("click", () => {
      sorted = { column: at, down: at === sorted.column ? !sorted.down : Boolean(column.number && at) };
      update();
    });
    made.append(button);
    line.append(made);
  });
  for (const [id, field] of [["bound", "bound"], ["kind", "kind"]]) {
    for (const value of [...new Set(STEPS.map((step) => step[field]))].sort()) {
      byId(id).add(new Option(value, value));
    }
    byId(id).addEventListener("change", update);
  }
  byId("filter").addEventListener("input", update);
  more.addEventListener("click", () => grow(PAGE));
  window.addEventListener("beforeprint", () => grow(Math.max(0, PRINTED - shown)));
  update();
})();

/* A time in ps as people write it: three digits and a unit. */
function timeText(time) {
  const units = [[1e12, "s"], [1e9, "ms"], [1e6, "\u00b5s"], [1e3, "ns"], [1, "ps"]];
  const [factor, unit] = units.find(([size]) => time >= size) || units[4];
  const value = time / factor;
  return `${value >= 1000 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(4))} ${unit}`;
}
