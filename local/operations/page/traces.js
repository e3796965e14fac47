"use strict";
// The list of traces, one trace, and the way of one event through several.

// What Powertools writes into every trace.
const USUAL = ["ColdStart", "Service"];

function showTraces({ traces }) {
  show(byId("traces-note"), `${traces.length}${traces.length === 100 ? " latest" : ""}`);
  fill(byId("trace-list"), traces, () => [
    traces.length ? tracesTable(traces) : make("p", { className: "empty", textContent: "None." }),
  ]);
}

function tracesTable(traces) {
  const headings = ["Began", "Trace", "State", "Took", "Request", "Annotations"];
  return table(headings, traces.map(traceCells));
}

function traceCells(trace) {
  const request = [trace.method, pathOf(trace.url), trace.http_status].filter(Boolean).join(" ");
  const told = Object.entries(trace.annotations).filter(([name]) => !USUAL.includes(name));
  const annotations = told.map(([name, [first, ...others]]) => {
    const more = others.length ? ` +${others.length}` : "";
    return make("span", { className: "tag" }, `${name} `, annotationLink(name, first), more);
  });
  return [
    formatClock(trace.at, ZONE),
    linkTo("trace", trace.id, shortName(trace.entry) || trace.id),
    stateOf(trace.status),
    formatMs(trace.ms),
    request,
    make("span", { className: "tags" }, ...annotations),
  ];
}

function pathOf(url) {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

function showTrace(trace) {
  fill(byId("trace"), trace, () => [
    make("h3", { textContent: `Trace ${trace.id}` }),
    ...linksOf(trace),
    waterfall(trace),
  ]);
}

function linksOf({ links }) {
  if (!links.length) return [];
  const items = links.flatMap((id) => [" ", linkTo("trace", id)]);
  return [make("p", { className: "note" }, "Linked traces:", ...items)];
}

function showEvent(event) {
  fill(byId("followed"), event, () => [eventSteps(event), waterfall(event, event.parts)]);
}

function eventSteps(event) {
  const list = make("dl", { className: "facts card" });
  const add = (name, ...value) =>
    list.append(make("div", {}, make("dt", { textContent: name }), make("dd", {}, ...value)));
  add("event", event.event_key);
  add("state", stateOf(event.status));
  if (event.type) add("type", event.subject ? `${event.type} of ${event.subject}` : event.type);
  for (const name of ["correlation_id", "batch_id"]) {
    if (event[name]) add(name, annotationLink(name, event[name]));
  }
  return list;
}

async function followLatest() {
  const { event_key: key } = await ask("latest-event");
  if (key) location.hash = `event=${key}`;
  else complain("No request of the last half hour brought one event alone.");
}
