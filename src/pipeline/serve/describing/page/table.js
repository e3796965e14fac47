"use strict";
// Tables: one that is sorted by its headings, and a plain one with every row of an answer.

const FIRST_ROWS = 500;

/** A column is {name, label, kind: "text" | "number" | "moment", bar?}; a row is one of the API. */
class SortableTable {
  #rows = [];
  #columns;
  #order = null;
  #headings = new Map();

  /** `order` is as the endpoint takes it, such as -value; the rows come in that order. */
  constructor(caption, columns, order) {
    this.#columns = columns;
    if (order)
      this.#order = { name: order.replace(/^-/, ""), descends: order.startsWith("-"), given: true };
    this.body = make("tbody");
    const head = make(
      "thead",
      {},
      make("tr", {}, ...columns.map((column) => this.#heading(column))),
    );
    this.element = scroller(caption, make("table", {}, unseenCaption(caption), head, this.body));
    this.#mark();
  }

  update(rows) {
    this.#rows = rows;
    this.#fill();
  }

  #heading(column) {
    const button = make("button", { type: "button" }, column.label);
    button.addEventListener("click", () => this.#sortBy(column));
    const heading = make("th", { scope: "col", className: column.kind }, button);
    this.#headings.set(column.name, heading);
    return heading;
  }

  #sortBy({ name, kind }) {
    const again = this.#order?.name === name;
    const descends = again ? !this.#order.descends : kind === "number";
    this.#order = { name, descends };
    this.#mark();
    this.#fill();
  }

  #mark() {
    for (const [name, heading] of this.#headings) {
      if (this.#order?.name !== name) heading.removeAttribute("aria-sort");
      else heading.setAttribute("aria-sort", this.#order.descends ? "descending" : "ascending");
    }
  }

  #fill() {
    // As long as nobody sorts, ties stand as the endpoint orders them.
    const sorted =
      this.#order && !this.#order.given ? this.#rows.toSorted(comparison(this.#order)) : this.#rows;
    const columns = this.#columns.map((column) => measured(column, this.#rows));
    this.body.replaceChildren(...sorted.map((row) => tableRow(columns, row)));
  }
}

/** Compares rows by a column; what is null comes last either way. */
function comparison({ name, descends }) {
  const sign = descends ? -1 : 1;
  return ({ [name]: one }, { [name]: other }) => {
    if (one === null || other === null) return (one === null) - (other === null);
    if (typeof one === "string") return sign * one.localeCompare(other, LOCALE, { numeric: true });
    return sign * ((one > other) - (one < other));
  };
}

/** Adds to a column of numbers what its cells have in common: digits, and the greatest value. */
function measured(column, rows) {
  if (column.kind !== "number") return column;
  const values = rows.map((row) => row[column.name]);
  const greatest = column.bar ? Math.max(0, ...values.map((value) => Number(value ?? 0))) : 0;
  return { ...column, digits: digitsOf(values), greatest };
}

function tableRow(columns, row) {
  return make("tr", {}, ...columns.map((column) => tableCell(column, row[column.name])));
}

function tableCell({ name, kind, digits, greatest }, value) {
  const text = kind === "number" ? formatNumber(value, digits) : formatValue(value);
  const cell = make("td", { className: kind, textContent: text });
  cell.dataset.column = name;
  if (value !== null && value !== undefined) cell.dataset.value = String(value);
  else cell.classList.add("absent");
  const part = greatest > 0 ? Math.max(0, (100 * Number(value)) / greatest) : 0;
  if (part) cell.style.setProperty("--part", `${part}%`);
  return cell;
}

/** A plain table of every row, the first 500 until more are asked for; filled when it is opened. */
class AnswerTable {
  #columns = [];
  #rows = [];
  #stale = true;
  #all = false;

  constructor(caption) {
    this.head = make("tr");
    this.body = make("tbody");
    this.more = make("button", { type: "button", hidden: true });
    this.question = make("code");
    this.element = make(
      "details",
      { className: "answer" },
      make("summary", {}, "Show as table"),
      scroller(
        caption,
        make("table", {}, unseenCaption(caption), make("thead", {}, this.head), this.body),
      ),
      this.more,
      make("p", { className: "question" }, "GET ", this.question),
    );
    this.element.addEventListener("toggle", () => this.#fill());
    this.more.addEventListener("click", () => this.#showAll());
  }

  update(columns, rows, address) {
    Object.assign(this.question, { textContent: address });
    this.#columns = columns;
    this.#rows = rows;
    this.#stale = true;
    this.#fill();
  }

  #showAll() {
    this.#all = true;
    this.#stale = true;
    this.#fill();
  }

  #fill() {
    if (!this.element.open || !this.#stale) return;
    this.#stale = false;
    const shown = this.#all ? this.#rows : this.#rows.slice(0, FIRST_ROWS);
    this.head.replaceChildren(
      ...this.#columns.map(({ label, kind }) =>
        make("th", { scope: "col", className: kind }, label),
      ),
    );
    const columns = this.#columns.map((column) => measured({ ...column, bar: false }, this.#rows));
    this.body.replaceChildren(...shown.map((row) => tableRow(columns, row)));
    const cut = shown.length < this.#rows.length;
    show(this.more, cut ? `Show all ${formatNumber(this.#rows.length)} rows` : "");
  }
}

/** Lets a wide table scroll in itself, by keyboard too. */
function scroller(label, table) {
  return make(
    "div",
    { className: "scroller", tabIndex: 0, role: "region", "aria-label": label },
    table,
  );
}

function unseenCaption(text) {
  return make("caption", { className: "unseen", textContent: text });
}

/** Describes the columns of an answer: the bucket if there is one, dimensions, numbers. */
function columnsOf({ stat, measure, interval, group_by }, kinds = {}) {
  const time =
    interval && interval !== "none" ? [{ name: "bucket", label: "time", kind: "moment" }] : [];
  const dimensions = (group_by ?? []).map((name) => ({
    name,
    label: name,
    kind: kinds[name] ?? "text",
  }));
  const value = { name: "value", label: shortStat(stat, measure), kind: "number", bar: true };
  const count = { name: "count", label: "events", kind: "number", bar: stat === "count" };
  return [...time, ...dimensions, count, ...(stat === "count" ? [] : [value])];
}

function shortStat(stat, measure) {
  return `${stat} ${measure ?? ""}`.trim();
}
