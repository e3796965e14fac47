"use strict";
// The service map: columns and rows come from the desk, lines and boxes are drawn here.

const BOX = { width: 168, height: 76, across: 200, down: 94, margin: 14 };
const LONGEST_NAME = 16;

function showMap(map) {
  const per = `of the last ${map.minutes} minutes`;
  show(byId("map-note"), `requests a second, mean time, errors and faults ${per}`);
  fill(byId("service-map"), map, () => [
    map.nodes.length ? mapPicture(map) : make("p", { className: "empty", textContent: "Nothing yet." }),
  ]);
}

function mapPicture({ nodes, edges, columns, rows }) {
  const width = columns * BOX.across - (BOX.across - BOX.width) + 2 * BOX.margin;
  const height = rows * BOX.down - (BOX.down - BOX.height) + 2 * BOX.margin;
  const places = new Map(nodes.map((node) => [node.id, corner(node, nodes, rows)]));
  const lines = edges.map((edge) => edgeLine(edge, places));
  const boxes = nodes.map((node) => nodeBox(node, places.get(node.id)));
  nodes.forEach(({ id }, place) => {
    const own = lines.filter((_, n) => edges[n].from === id || edges[n].to === id);
    showEdges(boxes[place], own);
  });
  return draw(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "Service map" },
    ...lines,
    ...boxes,
  );
}

/** Has a node's edges stand out while it is pointed at or has the focus. */
function showEdges(box, lines) {
  const mark = (isMarked) => lines.forEach((line) => line.classList.toggle("marked", isMarked));
  for (const event of ["pointerenter", "focus"]) box.addEventListener(event, () => mark(true));
  for (const event of ["pointerleave", "blur"]) box.addEventListener(event, () => mark(false));
}

/** Places a node; a column with fewer nodes than others stands in the middle. */
function corner({ column, row }, nodes, rows) {
  const here = nodes.filter((node) => node.column === column).length;
  return {
    x: BOX.margin + column * BOX.across,
    y: BOX.margin + (row + (rows - here) / 2) * BOX.down,
  };
}

function edgeLine(edge, places) {
  const from = places.get(edge.from);
  const to = places.get(edge.to);
  const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 };
  const end = { x: to.x, y: to.y + BOX.height / 2 };
  const bend = Math.max(30, Math.abs(end.x - start.x) / 2);
  const path = `M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`;
  const line = draw("path", { d: path, class: "edge" }, title(edge));
  line.dataset.state = stateOfCounts(edge);
  return line;
}

function nodeBox(node, { x, y }) {
  const box = draw("g", { class: "node", tabindex: 0, transform: `translate(${x} ${y})` }, title(node));
  Object.assign(box.dataset, { node: node.name, type: node.type, state: stateOfCounts(node) });
  const line = (text, down, className) => {
    const element = draw("text", { x: 12, y: down, class: className });
    element.textContent = text;
    return element;
  };
  box.append(
    draw("rect", { width: BOX.width, height: BOX.height, rx: 9 }),
    line(cutName(node.name), 24, "name"),
    line(cutName(kindOf(node.type)), 44, "kind"),
    line(node.type === "client" ? "" : countsOf(node), 63, "counts"),
  );
  return box;
}

function title(counted) {
  const element = draw("title");
  const name = counted.name ? `${counted.name} (${counted.type})\n` : "";
  element.textContent = `${name}${counted.count} requests, ${counted.errors} errors, ${counted.faults} faults, ${formatMs(counted.ms)}`;
  return element;
}

function stateOfCounts({ errors, faults }) {
  return faults ? "fault" : errors ? "error" : "ok";
}

function countsOf({ rate, ms, errors, faults }) {
  const wrong = faults + errors ? ` · ${faults + errors} ✕` : "";
  return `${formatShort(rate)}/s · ${formatMs(ms)}${wrong}`;
}

function kindOf(type) {
  return type.replace(/^AWS::/, "").replaceAll("::", " ");
}

function cutName(name) {
  const short = shortName(name);
  return short.length > LONGEST_NAME ? `${short.slice(0, LONGEST_NAME - 1)}…` : short;
}
