"use strict";
// A chart of lines: drawn by uPlot, read by pointer or arrow keys, its legend a list of buttons.

const CHART_HEIGHT = 240;
const COLOURS = 8;
const DASHES = [[], [7, 3], [2, 3]];
const WHOLE_STEPS = [1, 2, 5].flatMap((first) =>
  Array.from({ length: 16 }, (_, n) => first * 10 ** n),
);
WHOLE_STEPS.sort((one, other) => one - other);

class LineChart {
  #plot = null;
  #data = null;
  #at = null; // the second under the cursor, null for the latest
  #hidden = new Set();
  #entries = new Map();

  constructor(title) {
    this.moment = make("p", { className: "moment" });
    this.canvas = make("div", {
      className: "canvas",
      tabIndex: 0,
      role: "slider",
      "aria-label": `${title}: values in time`,
      "aria-valuemin": 0,
    });
    this.legend = make("ul", { className: "legend", ariaLabel: "Lines" });
    this.element = make("div", { className: "chart" }, this.canvas, this.moment, this.legend);
    this.canvas.addEventListener("keydown", (event) => this.#onKey(event));
    this.canvas.addEventListener("blur", () => this.#moveTo(null));
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    redrawn.add(this);
  }

  /** Shows other data; what is hidden and where the cursor stands stay as they are. */
  update(data) {
    const names = data.series.map((one) => one.name);
    const same =
      this.#data && names.join("\n") === this.#data.series.map((one) => one.name).join("\n");
    this.#data = data;
    if (!same) this.#fillLegend(names);
    this.#draw();
    this.#read();
  }

  /** Draws anew in the colours of the theme. */
  redraw() {
    this.#plot?.redraw(false, false);
  }

  drop() {
    redrawn.delete(this);
    this.#plot?.destroy();
  }

  #fillLegend(names) {
    this.#entries = new Map(names.map((name, place) => [name, this.#entry(name, place)]));
    this.legend.replaceChildren(
      ...[...this.#entries.values()].map(({ button }) => make("li", {}, button)),
    );
  }

  #entry(name, place) {
    const value = make("span", { className: "value" });
    const button = make(
      "button",
      { type: "button", className: "entry", ariaPressed: String(!this.#hidden.has(name)) },
      swatch(place),
      make("span", { className: "name", textContent: name, title: name }),
      value,
    );
    const series = place + 1; // uPlot counts x as the first
    button.addEventListener("click", () => this.#toggle(name, series, button));
    for (const event of ["pointerenter", "focus"]) {
      button.addEventListener(event, () => this.#plot?.setSeries(series, { focus: true }));
    }
    for (const event of ["pointerleave", "blur"]) {
      button.addEventListener(event, () => this.#plot?.setSeries(null, { focus: false }));
    }
    return { button, value };
  }

  #toggle(name, series, button) {
    const hides = !this.#hidden.delete(name);
    if (hides) this.#hidden.add(name);
    button.ariaPressed = String(!hides);
    this.#plot?.setSeries(series, { show: !hides });
    this.#read();
  }

  #draw() {
    this.#plot?.destroy();
    const { x, series } = this.#data;
    const options = chartOptions(this.#data, this.canvas.clientWidth, this.#hidden);
    options.hooks = { setCursor: [(plot) => this.#onCursor(plot)] };
    this.#plot = new uPlot(options, [x, ...series.map((one) => one.values)], this.canvas);
    this.canvas.setAttribute("aria-valuemax", x.length - 1);
    if (this.#at !== null) this.#place(nearest(x, this.#at));
  }

  #fit() {
    const width = this.canvas.clientWidth;
    if (this.#plot && width && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: CHART_HEIGHT });
    }
  }

  #onKey(event) {
    if (!this.#data) return;
    const last = this.#data.x.length - 1;
    const here = this.#here();
    const places = {
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      PageDown: here - 10,
      PageUp: here + 10,
      Home: 0,
      End: last,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    this.#moveTo(Math.min(Math.max(places[event.key], 0), last));
  }

  #moveTo(place) {
    this.#at = place === null ? null : this.#data?.x[place];
    this.#place(place);
    this.#read();
  }

  #place(place) {
    const left = place === null ? -10 : this.#plot?.valToPos(this.#data.x[place], "x");
    this.#plot?.setCursor({ left, top: place === null ? -10 : 1 }, false);
  }

  #onCursor(plot) {
    const place = plot.cursor.idx;
    this.#at = place === null || place === undefined ? null : this.#data.x[place];
    this.#read();
  }

  #here() {
    const { x } = this.#data;
    return this.#at === null ? latest(this.#data) : nearest(x, this.#at);
  }

  /** Writes the values at the cursor into the legend and for screen readers. */
  #read() {
    if (!this.#data?.x.length) return;
    const { x, series, interval, zone } = this.#data;
    const here = this.#here();
    const soFar = isOver(x[here], this.#data) ? "" : ", so far";
    const moment = formatBucket(x[here] * 1000, interval, zone) + soFar;
    this.moment.textContent = moment;
    const told = [];
    const digits = digitsOf(series.flatMap(({ values }) => values));
    for (const { name, values } of series) {
      const text = formatNumber(values[here], digits);
      this.#entries.get(name).value.textContent = text;
      if (!this.#hidden.has(name)) told.push(`${name} ${text}`);
    }
    this.canvas.setAttribute("aria-valuenow", here);
    this.canvas.setAttribute("aria-valuetext", `${moment}: ${told.join(", ")}`);
  }
}

/** The charts on the page, which take on the colours of another theme. */
const redrawn = new Set();

/** Finds the last bucket that is over and of which a value is known, or else the last one. */
function latest(data) {
  const told = (_, place) => data.series.some(({ values }) => values[place] !== null);
  const full = data.x.findLastIndex((at, place) => isOver(at, data) && told(at, place));
  return full < 0 ? data.x.length - 1 : full;
}

/** Tells whether a bucket was over when the answer was made. */
function isOver(at, { interval, now }) {
  return at + (STEPS[interval] ?? 0) <= now;
}

function nearest(x, at) {
  const place = x.findIndex((value) => value >= at);
  return place < 0 ? x.length - 1 : place;
}

function swatch(place) {
  const dash = Math.floor(place / COLOURS) % DASHES.length;
  return make("span", {
    className: `swatch colour-${place % COLOURS} dash-${dash}`,
    ariaHidden: "true",
  });
}

/** Reads a colour of the theme, which the style sheet names. */
function themeColour(name) {
  const probe = document.getElementById("probe");
  probe.className = name;
  return getComputedStyle(probe).color;
}

function chartOptions(data, width, hidden) {
  return {
    width: width || 300,
    height: CHART_HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
    padding: [8, 24, 0, 0],
    legend: { show: false },
    focus: { alpha: 0.2 },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 8, width: 2, fill: () => themeColour("surface") },
    },
    scales: { x: { time: true, range: (_, min, max) => widened(min, max, data) }, y: yScale(data) },
    axes: [xAxis(data), yAxis(data)],
    series: [{}, ...data.series.map((one, place) => lineOptions(one, place, hidden))],
  };
}

/** Gives a lone bucket some room, since a scale cannot begin where it ends. */
function widened(min, max, { interval }) {
  const step = STEPS[interval] ?? 31 * 86_400;
  return min === max ? [min - step, max + step] : [min, max];
}

function lineOptions({ name }, place, hidden) {
  const colour = () => themeColour(`colour-${place % COLOURS}`);
  return {
    label: name,
    show: !hidden.has(name),
    stroke: colour,
    width: 2,
    dash: DASHES[Math.floor(place / COLOURS) % DASHES.length],
    points: { size: 5, fill: colour, space: 24 },
  };
}

function yScale({ fromZero }) {
  return fromZero
    ? { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(1, (max ?? 1) * 1.05)] }
    : {};
}

function axisOptions(more) {
  const line = () => themeColour("grid-line");
  return {
    font: "12px system-ui, sans-serif",
    stroke: () => themeColour("muted"),
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    gap: 8,
    ...more,
  };
}

function xAxis({ zone, interval }) {
  return axisOptions({
    size: 44,
    space: 72,
    grid: { show: false },
    values: (_, splits, __, ___, increment) =>
      ON_THE_CALENDAR.has(interval) && increment < STEPS.day
        ? tickTexts(splits, STEPS.day, zone).map((text, place) =>
            splits[place] % STEPS.day ? "" : text,
          )
        : tickTexts(splits, increment, zone),
  });
}

function yAxis({ fromZero }) {
  return axisOptions({
    ...(fromZero ? { incrs: WHOLE_STEPS } : {}),
    space: 36,
    size: (_, texts) => axisSize(texts ?? []),
    values: (_, splits) => splits.map((value) => formatShort(value)),
  });
}

/** Makes room for the longest text: 7 px for each of its characters, and the gap. */
function axisSize(texts) {
  return Math.max(40, Math.max(...texts.map((text) => text.length)) * 7 + 16);
}

/** Writes what is new at each tick: the time of day and the date, or the date and its year. */
function tickTexts(splits, increment, zone) {
  const fine = increment < STEPS.day;
  const upper = fine
    ? TIME
    : increment < 28 * STEPS.day
      ? { day: "numeric", month: "short" }
      : { month: "short" };
  const lower = fine ? { day: "numeric", month: "short" } : { year: "numeric" };
  let before = null;
  return splits.map((seconds) => {
    const below = dateFormat(zone, lower).format(seconds * 1000);
    const text = dateFormat(zone, upper).format(seconds * 1000);
    const isNew = below !== before;
    before = below;
    return isNew ? `${text}\n${below}` : text;
  });
}
