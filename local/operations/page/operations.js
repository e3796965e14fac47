"use strict";
// The page: which view is shown, what it asks, and how often.

const EVERY = 2000; // milliseconds, as often as the desk asks anew
const PATIENCE = 30_000;
const byId = (id) => document.getElementById(id);

// What a view asks: [question, parameters, what shows the answer].
const VIEWS = {
  now: () => [],
  event: (key) => (key ? [["event", { key }, showEvent]] : []),
  traces: (filter) => [["traces", { filter }, showTraces]],
  trace: (id) => [["trace", { id }, showTrace], ...VIEWS.traces(byId("filter").value)],
  map: () => [["map", {}, showMap]],
  executions: () => [["executions", {}, showExecutions]],
  execution: (name) => [["execution", { name }, showExecution], ...VIEWS.executions()],
};
const SHOWN_IN = { trace: "traces", execution: "executions" };
const ALWAYS = [["overview", {}, showOverview]];

let turn = 0; // counts changes of the address, so that answers to an older one are dropped
let timer = 0;

function showOverview(overview) {
  showFlow(overview.stages, overview.at);
  showAlarms(overview);
}

function complain(text) {
  if (text && byId("problem").hidden) byId("announcements").textContent = text;
  show(byId("problem"), text);
}

/** Asks the server of this page; throws its problem as an Error. */
async function ask(question, parameters = {}) {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`api/${question}?${query}`, {
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(PATIENCE),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.title);
  return answer;
}

/** Reads the view and its value off the address, such as #event=<key>. */
function readAddress() {
  const [name, ...rest] = location.hash.slice(1).split("=");
  if (!Object.hasOwn(VIEWS, name)) return { name: "now", value: "" };
  try {
    return { name, value: decodeURIComponent(rest.join("=")) };
  } catch {
    return { name, value: "" };
  }
}

async function refresh() {
  clearTimeout(timer);
  const mine = turn;
  if (!document.hidden && !isPaused()) {
    const problems = await Promise.all(questions().map((one) => showOne(one, mine)));
    if (mine !== turn) return;
    complain(problems.filter(Boolean).join(" "));
  }
  timer = setTimeout(refresh, EVERY);
}

function questions() {
  const { name, value } = readAddress();
  return [...ALWAYS, ...VIEWS[name](value)];
}

/** Asks one question and shows its answer; returns what went wrong, if anything did. */
async function showOne([question, parameters, showAnswer], mine) {
  try {
    const answer = await ask(question, parameters);
    if (mine === turn) showAnswer(answer);
  } catch (error) {
    const isOurs = error.name === "TypeError" || error.name === "TimeoutError";
    return isOurs ? "The operations server cannot be reached." : error.message;
  }
  return "";
}

function changeView() {
  turn += 1;
  const { name, value } = readAddress();
  const view = SHOWN_IN[name] ?? name;
  for (const one of document.querySelectorAll(".view")) one.hidden = one.id !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const id of ["trace", "execution", "followed"]) clear(byId(id));
  if (name === "event") byId("event-key").value = value;
  if (name === "traces") byId("filter").value = value;
  complain("");
  refresh();
}

function clear(element) {
  element.replaceChildren();
  element.told = undefined;
}

function isPaused() {
  return byId("pause").ariaPressed === "true";
}

function togglePause() {
  const paused = !isPaused();
  const textContent = paused ? "Paused" : "Pause";
  Object.assign(byId("pause"), { ariaPressed: String(paused), textContent });
  refresh();
}

function onSubmit(form, view, input) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `${view}=${encodeURIComponent(byId(input).value.trim())}`;
  });
}

function start() {
  startTheme(byId("theme"));
  byId("pause").addEventListener("click", togglePause);
  onSubmit("event-form", "event", "event-key");
  onSubmit("traces-form", "traces", "filter");
  byId("unfilter").addEventListener("click", () => {
    location.hash = "traces=";
  });
  byId("latest-event").addEventListener("click", () => {
    followLatest().catch((error) => complain(error.message));
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment holds the view
    byId("main").focus();
  });
  addEventListener("hashchange", changeView);
  document.addEventListener("visibilitychange", refresh);
  changeView();
}

start();
