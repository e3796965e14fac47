"use strict";
// The page: the key, the span, and the board that is made of what the endpoint offers.

const KEY = "events-to-endpoints.key";
const NOT_TAKEN = "The endpoint does not take this key.";

const at = (id) => document.getElementById(id);
let board = null;

function announce(text) {
  at("announcements").textContent = text;
}

function shownZone() {
  return board?.span.timezone ?? browserZone();
}

/** Everything that is shown once the endpoint has told what it offers. */
class Board {
  #parts = [];
  #types = "";

  constructor(key, span) {
    this.span = span;
    this.asker = new Asker(baseAddress(location), key, () => refuse());
    this.catalogue = this.asker.watch(
      () => ({ path: "v1/metrics" }),
      (feed) => this.#offered(feed),
    );
  }

  parameters() {
    return spanParameters(this.span, Date.now());
  }

  interval() {
    return autoInterval(this.span, Date.now());
  }

  setSpan(span) {
    this.span = span;
    for (const part of this.#parts) part.renew();
    this.tick();
    this.counted();
  }

  tick() {
    for (const part of this.#parts) part.footing.tick(Date.now());
  }

  /** Points to where the events are, when there are none in the span. */
  counted() {
    const tiles = this.#parts.filter((part) => part instanceof Tile);
    const newest = this.status?.feeds[0].answer?.freshness?.event_time;
    const nothing =
      newest &&
      tiles.length &&
      tiles.every((tile) => tile.count === 0 && tile.element.ariaBusy !== "true");
    if (nothing) hintAt(newest, this.span);
    else at("hint").hidden = true;
  }

  stop() {
    this.asker.stop();
    this.#clear();
  }

  #offered({ answer, problem, dueAt }) {
    if (problem && !answer) show(at("loading-text"), problemText({ problem, dueAt }, false));
    const types = JSON.stringify([answer?.types, answer?.limits]);
    if (!answer || types === this.#types) return;
    this.#types = types;
    this.limits = answer.limits;
    this.#clear();
    showOnly("board");
    this.#build(answer.types);
  }

  #clear() {
    for (const part of this.#parts) part.drop();
    this.#parts = [];
  }

  #build(types) {
    this.status = new StatusStrip(this, at("status"), at("status-foot"));
    const tiles = types.map((type, place) => new Tile(this, type, place));
    const live = new LiveCard(this, types);
    const panels = types.flatMap((type) =>
      type.panels.map((panel, place) => this.#panel(type, panel, place)),
    );
    this.#parts = [this.status, ...tiles, live, ...panels];
    at("tiles").replaceChildren(...tiles.map((tile) => tile.element));
    at("live").replaceChildren(live.element);
    at("panels").replaceChildren(...panels.map((panel) => panel.element));
  }

  #panel(type, panel, place) {
    const Card = panel.chart === "lines" ? LinesCard : TableCard;
    return new Card(this, type, panel, `${type.type}/${place}`);
  }
}

function hintAt(newest, span) {
  const day = dateIn(Date.parse(newest), span.timezone);
  const button = make("button", { type: "button", textContent: "Show its week" });
  button.addEventListener("click", () =>
    changeSpan({ ...span, from: addDays(day, -6), to: addDays(day, 1) }),
  );
  const moment = formatMoment(Date.parse(newest), span.timezone);
  const text = `No events in ${describeSpan(span)}. The newest is of ${moment}.`;
  at("hint").replaceChildren(text, button);
  at("hint").hidden = false;
}

/** Shows one of the key form, the loading note and the board. */
function showOnly(id) {
  for (const one of ["key-form", "loading", "board"]) at(one).hidden = one !== id;
  for (const one of ["pause", "forget-key"]) at(one).hidden = id === "key-form";
}

function askForKey(problem = "") {
  board?.stop();
  board = null;
  stored("sessionStorage", KEY, null);
  showOnly("key-form");
  show(at("key-error"), problem);
  at("key").ariaInvalid = String(Boolean(problem));
  at("key").value = "";
  at("key").focus();
}

function refuse() {
  if (board) askForKey(NOT_TAKEN);
}

function begin(key, span) {
  board?.stop();
  stored("sessionStorage", KEY, key);
  show(at("loading-text"), "Asking the endpoint what it offers …");
  showOnly("loading");
  board = new Board(key, span);
  board.asker.hold(isPaused());
  fillControls(span);
}

// --- the address -------------------------------------------------------------------------------

/** Takes a key out of the address, where it would be seen and shared. */
function takeKey(fragment) {
  const key = fragment.get("key");
  if (!key) return stored("sessionStorage", KEY);
  fragment.delete("key");
  const rest = fragment.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest && `#${rest}`));
  stored("sessionStorage", KEY, key);
  return key;
}

function readAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const before = board?.asker.key;
  const key = takeKey(fragment);
  const span = readSpan(fragment);
  if (!key) return askForKey();
  if (key !== before) return begin(key, span);
  fillControls(span);
  return board.setSpan(span);
}

function changeSpan(span) {
  history.replaceState(null, "", `${location.pathname}${location.search}#${writeSpan(span)}`);
  fillControls(span);
  board.setSpan(span);
}

// --- the controls ------------------------------------------------------------------------------

function fillControls(span) {
  const choice = choiceOf(span);
  at("span").elements.span.value = choice;
  at("dates").hidden = choice !== "dates";
  show(at("span-problem"), "");
  if (choice === "dates") {
    at("from").value = span.from.slice(0, 10);
    at("to").value = span.to.slice(0, 10);
  }
  const zones = new Set([browserZone(), "UTC", span.timezone]);
  at("timezone").replaceChildren(
    ...[...zones].map((zone) =>
      make("option", { value: zone, textContent: zone.replaceAll("_", " ") }),
    ),
  );
  at("timezone").value = span.timezone;
}

function onControl(event) {
  const choice = at("span").elements.span.value;
  const timezone = at("timezone").value;
  if (event.target === at("timezone")) return changeSpan({ ...board.span, timezone });
  if (choice !== "dates") return changeSpan({ from: choice, to: "", timezone });
  at("dates").hidden = false;
  const [from, to] = [at("from").value, at("to").value];
  if (!from && !to) return undefined; // until there is a date, the span stays as it was
  const wrong = from && to && from >= to;
  show(
    at("span-problem"),
    wrong ? "The second date must be after the first; its day is not included." : "",
  );
  return wrong ? undefined : changeSpan({ from, to, timezone });
}

function isPaused() {
  return at("pause").ariaPressed === "true";
}

function togglePause() {
  const paused = !isPaused();
  Object.assign(at("pause"), {
    ariaPressed: String(paused),
    textContent: paused ? "Paused" : "Pause",
  });
  announce(paused ? "Paused: no answer is renewed until you go on." : "Going on.");
  board?.asker.hold(paused);
}

function redrawCharts() {
  for (const chart of redrawn) chart.redraw();
}

function start() {
  document.body.append(make("span", { id: "probe", hidden: true }));
  startTheme(at("theme"), redrawCharts);
  at("pause").addEventListener("click", togglePause);
  at("forget-key").addEventListener("click", () => askForKey());
  at("span").addEventListener("change", onControl);
  at("span").addEventListener("submit", (event) => event.preventDefault());
  at("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    begin(at("key").value.trim(), readSpan(new URLSearchParams(location.hash.slice(1))));
  });
  at("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment holds the span
    at("main").focus();
  });
  addEventListener("hashchange", readAddress);
  document.addEventListener("visibilitychange", () => board?.asker.pump());
  setInterval(() => board?.tick(), 1000);
  readAddress();
}

start();
