"use strict";
// What the board is made of: tiles, the live chart, a card for each panel, the pipeline's state.

/** How many events of a type there are in the span. */
class Tile extends Part {
  constructor(board, type, place) {
    super(board, type.title, true);
    this.number = make("p", { className: "total", textContent: "–" });
    this.element = make(
      "li",
      { className: "tile" },
      make(
        "p",
        { className: "tile-title" },
        swatch(place),
        make("span", { textContent: type.title }),
      ),
      this.number,
      this.footing.element,
    );
    Object.assign(this.element, { title: type.description ?? "" });
    this.element.dataset.tile = type.type;
    this.watch(() => metricQuestion(type.type, board.parameters()));
  }

  get count() {
    return this.feeds[0].answer?.rows[0]?.count ?? null;
  }

  draw() {
    this.number.textContent = formatNumber(this.count);
    if (this.count !== null)
      this.number.dataset.value = this.element.dataset.value = String(this.count);
    this.board.counted();
  }
}

/** Events per minute over the last hour, a line for each type. */
class LiveCard extends Part {
  constructor(board, types) {
    super(board, "Live");
    this.names = types.map((type) => type.title);
    this.types = types.map((type) => type.type);
    this.chart = new LineChart("Events per minute");
    this.table = new AnswerTable("Events per minute");
    const words = {
      title: "Live, per minute",
      about: "Events in the last 60 minutes, by the time at which they happened",
    };
    this.element = card(
      "live",
      words,
      this.chart.element,
      this.table.element,
      this.footing.element,
    );
    for (const type of this.types) this.watch(() => this.#question(type));
  }

  #question(type) {
    return metricQuestion(type, { interval: "minute", from: wholeUnit(Date.now() - HOUR, MINUTE) });
  }

  renew() {} // always the last hour

  draw() {
    this.chart.update({ ...toMinutes(this.feeds, this.names, Date.now()), zone: shownZone() });
    const rows = this.feeds.flatMap(({ answer }, place) =>
      (answer?.rows ?? []).map((row) => ({ ...row, type: this.types[place] })),
    );
    const columns = columnsOf({ stat: "count", interval: "minute", group_by: ["type"] });
    this.table.update(
      columns,
      rows,
      addressOf(this.board.asker.base, this.#question(this.types[0])),
    );
  }
}

/** A panel of the catalogue as lines. */
class LinesCard extends Part {
  constructor(board, type, panel, key) {
    super(board, panel.title);
    this.chart = new LineChart(panel.title);
    this.table = new AnswerTable(panel.title);
    this.empty = make("p", { className: "empty" });
    this.more = make("p", { className: "note", hidden: true });
    const words = panelWords(type, panel);
    this.element = card(
      key,
      words,
      this.empty,
      this.chart.element,
      this.more,
      this.table.element,
      this.footing.element,
    );
    this.type = type;
    this.panel = panel;
    this.watch(() => this.#question());
    waiting(this);
  }

  #question() {
    const { panel, board } = this;
    const rest = { order: panel.order, limit: board.limits.rows };
    return panelQuestion(this.type, panel, {
      interval: intervalOf(panel, board, "auto"),
      ...board.parameters(),
      ...rest,
    });
  }

  draw() {
    const [{ answer, address }] = this.feeds;
    if (!answer) return;
    const nameOf = (row) =>
      answer.group_by.map((name) => formatValue(row[name])).join(" · ") || this.type.title;
    const data = toSeries(answer, nameOf);
    const about = aboutPanel(this.type, this.panel, answer.interval);
    show(this.element.querySelector(".about"), about);
    showRows(this, answer.rows.length);
    if (answer.rows.length) this.chart.update(data);
    const left = data.groups > MOST_SERIES;
    show(
      this.more,
      left ? `The ${MOST_SERIES} of ${data.groups} with the most events; the table has all.` : "",
    );
    this.table.update(columnsOf(answer), answer.rows, address);
  }
}

/** A panel of the catalogue as a table. */
class TableCard extends Part {
  /** As many rows as the panel has are what was asked for, unless some are left out here. */
  get isCut() {
    return Boolean(this.panel.at_least) && super.isCut;
  }

  constructor(board, type, panel, key) {
    super(board, panel.title);
    const kinds = Object.fromEntries(
      type.dimensions.map(({ name, kind }) => [
        name,
        kind === "integer" || kind === "number" ? "number" : "text",
      ]),
    );
    const order = (panel.order ?? "").split(",")[0];
    this.chart = null;
    this.rows = new SortableTable(panel.title, columnsOf(panel, kinds), order);
    this.empty = make("p", { className: "empty" });
    this.element = card(
      key,
      panelWords(type, panel),
      this.empty,
      this.rows.element,
      this.footing.element,
    );
    this.panel = panel;
    this.watch(() => panelQuestion(type, panel, this.#parameters()));
    waiting(this);
  }

  /** Asks for all rows where some are left out here, since the endpoint would cut before. */
  #parameters() {
    const { panel, board } = this;
    const limit = panel.at_least ? board.limits.rows : panel.limit;
    return { interval: intervalOf(panel, board), ...board.parameters(), order: panel.order, limit };
  }

  draw() {
    const [{ answer }] = this.feeds;
    if (!answer) return;
    const { at_least = 0, limit } = this.panel;
    const rows = answer.rows.filter(({ count }) => count >= at_least).slice(0, limit);
    showRows(this, rows.length);
    this.rows.update(rows);
  }
}

/** Counts of the whole pipeline, whatever the span. */
class StatusStrip extends Part {
  constructor(board, list, foot) {
    super(board, "State of the pipeline");
    this.element = list;
    foot.replaceChildren(this.footing.element);
    this.watch(() => ({ path: "v1/status" }));
  }

  renew() {}

  draw() {
    const [{ answer }] = this.feeds;
    if (!answer) return;
    const { freshness = {}, events = {} } = answer;
    this.element.replaceChildren(
      statusMoment("loaded_at", "Last load", freshness.loaded_at),
      statusMoment("event_time", "Newest event", freshness.event_time),
      statusNumber("stored", "Stored", events.stored),
      statusNumber("in_flight", "In flight", addedUp(answer.in_flight)),
      statusNumber("quarantined", "In quarantine", addedUp(answer.quarantine)),
      statusNumber("data_version", "Data version", answer.data_version),
    );
    this.board.counted();
  }
}

/** Adds up counts by name, such as what lies in quarantine for each reason. */
function addedUp(counts = {}) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function statusItem(name, label, value, text, more = "") {
  const told = make("dd", { textContent: text });
  told.dataset.status = name;
  if (value !== null && value !== undefined) told.dataset.value = String(value);
  return make("div", {}, make("dt", { textContent: label, title: more }), told);
}

function statusNumber(name, label, value) {
  return statusItem(name, label, value, formatNumber(value));
}

function statusMoment(name, label, moment) {
  return statusItem(
    name,
    label,
    moment,
    moment ? formatMoment(Date.parse(moment), shownZone()) : "never",
  );
}

function panelWords(type, panel) {
  return { kind: type.type, title: panel.title, about: aboutPanel(type, panel) };
}

/** Tells what a panel's numbers are; `interval` is known once there is an answer. */
function aboutPanel(type, { measure, stat, group_by, at_least }, interval) {
  const unit = type.measures.find(({ name }) => name === measure)?.unit;
  const parts = [
    formatStat(stat, measure),
    unit && !["count", "distinct"].includes(stat) ? unit : "",
    interval ? `per ${interval}` : "",
    group_by?.length ? `by ${group_by.join(" and ")}` : "",
    at_least ? `at least ${formatNumber(at_least)} events` : "",
  ];
  return parts.filter(Boolean).join(", ");
}
