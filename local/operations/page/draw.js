"use strict";
// What all views draw with: SVG elements, durations, states, tables. All that is told becomes text.

const SVG = "http://www.w3.org/2000/svg";
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
// What CloudFormation writes before and after a logical id, and what SAM calls a function.
const WRITTEN_BEFORE = /^(.*[/:])?events-to-endpoints[-/]/;
const WRITTEN_AFTER = /(Function)?-[0-9A-Za-z]{8,13}$/;
const LAST_MINUTE = 1; // back from the end: the one that runs is the last

/** Makes an element of a picture. */
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Replaces an element's children only when what is told has changed, so that focus stays. */
function fill(element, told, build) {
  const text = JSON.stringify(told);
  if (element.told === text) return;
  element.told = text;
  element.replaceChildren(...build());
}

function formatMs(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return `${tinyNumber.format(ms)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${plainNumber.format(ms / 1000)} s`;
  return `${plainNumber.format(ms / 60_000)} min`;
}

function formatFigure({ value, unit }) {
  if (value === null) return "–";
  if (unit === "ms") return formatMs(value);
  if (unit === "s") return formatMs(value * 1000);
  return `${formatShort(value)}${unit === "/s" ? "/s" : unit && ` ${unit}`}`;
}

/** Calls a resource what the template calls it, whatever name it was given. */
function shortName(name) {
  const bare = name.replace(WRITTEN_BEFORE, "");
  return bare === name ? name : bare.replace(WRITTEN_AFTER, "") || name;
}

function stateOf(status, text = status) {
  const element = make("span", { className: "state-word", textContent: text });
  element.dataset.state = status;
  return element;
}

/** Makes a table of headings and rows of cells; a cell is a text or an element. */
function table(headings, rows) {
  const head = headings.map((textContent) => make("th", { textContent, scope: "col" }));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...body),
  );
}

function linkTo(view, value, textContent = value) {
  return make("a", { href: `#${view}=${encodeURIComponent(value)}`, textContent });
}

/** Draws minutes as bars; the one that is running is paler. */
function bars(minutes) {
  const greatest = Math.max(1, ...minutes.map((value) => value ?? 0));
  const step = 100 / minutes.length;
  const drawn = minutes.map((value, place) => {
    const height = (24 * (value ?? 0)) / greatest;
    const running = place === minutes.length - LAST_MINUTE;
    return draw("rect", {
      x: place * step + 0.6,
      y: 24 - height,
      width: step - 1.2,
      height,
      class: running ? "running" : "",
    });
  });
  const picture = { viewBox: "0 0 100 24", preserveAspectRatio: "none", class: "bars" };
  return draw("svg", { ...picture, "aria-hidden": "true" }, ...drawn);
}
