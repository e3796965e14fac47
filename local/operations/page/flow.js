"use strict";
// The flow from left to right: one column a step, one card a stage.

function showFlow(stages, at) {
  const now = formatClock(at, ZONE);
  show(byId("flow-note"), `rates of the last whole minute, totals of 15 minutes · as of ${now}`);
  const columns = Math.max(...stages.map((stage) => stage.column)) + 1;
  const flow = byId("flow");
  while (flow.children.length < columns) {
    flow.append(make("div", { className: "column" }));
  }
  for (let column = 0; column < columns; column += 1) {
    const here = stages.filter((stage) => stage.column === column);
    fill(flow.children[column], here, () => here.map(stageCard));
  }
}

function stageCard(stage) {
  const [first, ...others] = stage.figures;
  const element = make("article", { className: "card stage" });
  element.dataset.stage = stage.name;
  element.append(make("h3", { textContent: stage.title }));
  if (stage.queue) element.append(depthOf(stage.queue));
  else element.append(mainFigure(first));
  const rest = stage.queue ? stage.figures : others;
  element.append(make("dl", {}, ...rest.map(smallFigure)));
  if (stage.dlq) element.append(deadLetters(stage.dlq));
  return element;
}

function mainFigure(figure) {
  const total = make("p", { className: "total", title: figure.label });
  mark(total, figure);
  total.textContent = formatFigure(figure);
  const label = make("p", { className: "note", textContent: figure.label.toLowerCase() });
  return make("div", {}, total, label, bars(figure.minutes));
}

function smallFigure(figure) {
  const value = make("dd", { textContent: formatFigure(figure) });
  mark(value, figure);
  return make("div", {}, make("dt", { textContent: figure.label }), value);
}

function mark(element, { name, value, bad }) {
  element.dataset.figure = name;
  if (value !== null) element.dataset.value = value;
  element.classList.toggle("bad", bad && value > 0);
}

function depthOf({ waiting, in_flight, delayed }) {
  const total = make("p", { className: "total", textContent: formatNumber(waiting + delayed) });
  total.dataset.figure = "waiting";
  total.dataset.value = waiting + delayed;
  const note = make("p", { className: "note", textContent: `waiting, ${in_flight} in work` });
  return make("div", {}, total, note);
}

function deadLetters({ name, waiting, in_flight, delayed }) {
  const depth = waiting + in_flight + delayed;
  const element = make("p", { className: "dlq", textContent: `${name} ${depth}` });
  element.dataset.figure = "dlq";
  element.dataset.value = depth;
  element.classList.toggle("bad", depth > 0);
  return element;
}
