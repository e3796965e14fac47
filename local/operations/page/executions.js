"use strict";
// The executions of the state machine, and the steps of one.

function showExecutions({ executions }) {
  fill(byId("execution-list"), executions, () => [
    executions.length
      ? table(["Began", "Execution", "State", "Took"], executions.map(executionCells))
      : make("p", { className: "empty", textContent: "None yet." }),
  ]);
}

function executionCells({ name, status, at, ms }) {
  return [formatClock(at, ZONE), linkTo("execution", name), stateOf(status), formatMs(ms)];
}

function showExecution(execution) {
  fill(byId("execution"), execution, () => [executionCard(execution)]);
}

function executionCard(execution) {
  const { name, status, error, steps, trace, ms, input } = execution;
  const head = make("p", { className: "pointers" }, stateOf(status), ` ${formatMs(ms)} ${error}`);
  if (trace) head.append(" · ", linkTo("trace", trace, "trace"));
  if (input.batch_id) head.append(" · all traces of ", annotationLink("batch_id", input.batch_id));
  const whole = Math.max(...steps.map((step) => step.at + (step.ms ?? 0))) - execution.at;
  const items = steps.map((step) => stepItem(step, execution.at, whole || 1, input));
  return make(
    "div",
    { className: "card" },
    make("h3", { textContent: name }),
    head,
    pointerList("input", input),
    make("ol", { className: "steps" }, ...items),
    pointerList("output", execution.output, input),
  );
}

function stepItem(step, start, whole, known) {
  const item = make("li", {});
  Object.assign(item.dataset, { step: step.name, state: step.status });
  const bar = make("span", { className: "bar" });
  bar.dataset.state = step.status;
  place(bar, Math.max(step.at - start, 0) / whole, (step.ms ?? 0) / whole);
  const tries = step.tries > 1 ? ` · ${step.tries} tries` : "";
  const told = [step.type, formatMs(step.ms) + tries, step.error].filter(Boolean).join(" · ");
  item.append(
    make("div", {}, make("strong", { textContent: step.name }), " ", stateOf(step.status)),
    make("p", { className: "note", textContent: told }),
    make("span", { className: "track" }, bar),
    pointerList("output", step.output, known),
  );
  return item;
}

/** Lists pointers, without those that are known already. */
function pointerList(title, pointers, known = {}) {
  const told = Object.entries(pointers).filter(([name, value]) => known[name] !== value);
  const texts = told.map(([name, value]) => `${name} ${value}`);
  if (!texts.length) return "";
  return make("p", { className: "note pointers", textContent: `${title}: ${texts.join(" · ")}` });
}
