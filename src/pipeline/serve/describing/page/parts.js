"use strict";
// What all parts of the board have in common: feeds, what is told about them, cards, questions.

/** Shows how an answer came to be, and what is wrong now if anything is. */
class Footing {
  constructor(name, isShort = false) {
    Object.assign(this, { name, isShort });
    this.problem = make("p", { className: "problem", hidden: true });
    this.note = make("p", { className: "note", hidden: true });
    this.age = make("span", { className: "age" });
    this.cache = make("span", { className: "cache", hidden: true });
    this.stale = make("strong", { className: "stale", hidden: true });
    this.element = make(
      "div",
      { className: "footing" },
      this.problem,
      this.note,
      make("p", { className: "meta" }, this.age, this.cache, this.stale),
    );
  }

  /** Tells the state of one feed, or the worst of several. */
  update(feeds, isOutdated) {
    const answered = feeds.filter((feed) => feed.answer);
    this.asOf = answered.length ? Math.min(...answered.map((feed) => feed.asOf)) : null;
    const caches = new Set(answered.map((feed) => feed.cache).filter(Boolean));
    show(this.cache, caches.size ? `cache ${[...caches].join(", ").toLowerCase()}` : "");
    show(this.stale, answered.some((feed) => feed.stale) ? "stale" : "");
    const failed = feeds.find((feed) => feed.problem);
    this.#tell(failed ? problemText(failed, isOutdated) : "");
    this.tick(Date.now());
  }

  tick(now) {
    if (!this.asOf) return;
    const age = formatAge(now - this.asOf);
    show(this.age, this.isShort ? age : `as of ${formatClock(this.asOf, shownZone())}, ${age}`);
  }

  /** Says that rows are missing which were meant to be shown. */
  cut(isCut) {
    show(this.note, isCut ? "Cut at the most rows that an answer may have." : "");
  }

  #tell(text) {
    if (text && this.problem.hidden) announce(`${this.name}: ${text}`);
    show(this.problem, text);
  }
}

function problemText({ problem, dueAt, answer }, isOutdated) {
  const status = problem.status ? ` (${problem.status})` : "";
  const detail = problem.detail ? ` ${problem.detail}` : "";
  const kept = answer
    ? ` What is shown is ${isOutdated ? "of the span before" : "the last answer"}.`
    : "";
  const again = ` Asking again at ${formatClock(dueAt, shownZone())}.`;
  return `${problem.title}${status}.${detail}${kept}${again}`;
}

/** A part of the board: its element, its feeds, and the way to ask them anew. */
class Part {
  feeds = [];

  constructor(board, name, isShort) {
    this.board = board;
    this.footing = new Footing(name, isShort);
  }

  watch(question) {
    this.feeds.push(this.board.asker.watch(question, () => this.changed()));
  }

  /** Asks again, since the span is another one; what is shown until then is marked as busy. */
  renew() {
    this.element.ariaBusy = "true";
    for (const feed of this.feeds) this.board.asker.renew(feed);
  }

  changed() {
    if (this.feeds.every((feed) => !feed.problem)) this.element.ariaBusy = "false";
    this.footing.update(this.feeds, this.element.ariaBusy === "true");
    const answers = this.feeds.map((feed) => feed.answer);
    if (answers.every((answer, place) => answer === this.shown?.[place])) return;
    this.shown = answers;
    this.footing.cut(this.isCut);
    this.draw();
  }

  get isCut() {
    return this.feeds.some(({ answer }) => answer?.truncated);
  }

  drop() {
    for (const feed of this.feeds) this.board.asker.drop(feed);
    this.chart?.drop();
  }
}

function waiting({ element }) {
  element.classList.add("waiting");
}

/** Shows the rows, or says that there are none. */
function showRows({ element, empty, board }, count) {
  element.classList.remove("waiting");
  element.classList.toggle("nothing", !count);
  show(empty, count ? "" : `Nothing in ${describeSpan(board.span)}.`);
}

function card(key, { kind, title, about }, ...children) {
  const heading = make("h3", { textContent: title, id: `title-${key.replaceAll(/\W/g, "-")}` });
  const header = make("header", {}, heading, make("p", { className: "about", textContent: about }));
  if (kind) header.append(make("p", { className: "kind", textContent: kind }));
  const element = make(
    "article",
    { className: "card", "aria-labelledby": heading.id },
    header,
    ...children,
  );
  element.dataset.panel = key;
  return element;
}

function intervalOf({ interval }, board, usual) {
  return (interval ?? usual) === "auto" ? board.interval() : interval;
}

function metricQuestion(type, parameters) {
  return { path: `v1/metrics/${encodeURIComponent(type)}`, parameters };
}

function panelQuestion({ type }, { measure, stat, group_by = [] }, more) {
  return metricQuestion(type, {
    measure,
    stat,
    group_by: group_by.join(",") || undefined,
    ...more,
  });
}
