"use strict";
// The alarms as the desk sorted them: those that fire come first.

const STATES = { ALARM: "Alarm", OK: "OK", INSUFFICIENT_DATA: "No data" };

function showAlarms({ alarms, changes }) {
  const firing = alarms.filter((alarm) => alarm.state === "ALARM").length;
  show(byId("firing"), firing ? String(firing) : "");
  byId("firing").title = `${firing} firing`;
  show(byId("alarms-note"), `${firing} of ${alarms.length} firing`);
  fill(byId("alarms"), alarms, () => alarms.map(alarmItem));
  fill(byId("changes"), changes, () => changes.map(changeItem));
}

function alarmItem(alarm) {
  const item = make("li", {});
  item.dataset.alarm = alarm.name;
  item.dataset.state = alarm.state;
  const since = alarm.since ? ` since ${formatMoment(alarm.since, ZONE)}` : "";
  const kind = [alarm.composed && "composite", alarm.tells && "tells the topic"];
  const about = [alarm.runbook, ...kind].filter(Boolean).join(" · ");
  const told = make(
    "div",
    {},
    make("h3", { textContent: alarm.name }),
    make("p", { textContent: alarm.symptom }),
    make("p", { className: "note", textContent: about }),
  );
  if (alarm.advice) told.append(adviceOf(alarm));
  item.append(
    stateOf(alarm.state, STATES[alarm.state] ?? alarm.state),
    told,
    make("p", { className: "note since", textContent: since, title: alarm.reason }),
  );
  return item;
}

/** Shows the runbook's section as it is written; of an alarm that fires, at once. */
function adviceOf({ advice, state }) {
  return make(
    "details",
    { className: "advice", open: state === "ALARM" },
    make("summary", { textContent: "What to do" }),
    make("pre", { textContent: advice }),
  );
}

function changeItem({ name, at, summary }) {
  const moment = make("span", { className: "note", textContent: formatMoment(at, ZONE) });
  return make("li", {}, moment, ` ${name}: ${summary}`);
}
