"use strict";
// Elements, numbers and times as this page writes them. Whatever the endpoint sends becomes text.

const LOCALE = "en-GB"; // the page's words are English, so its numbers and dates are too
const plainNumber = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const shortNumber = new Intl.NumberFormat(LOCALE, {
  notation: "compact",
  maximumFractionDigits: 2,
});
const tinyNumber = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });
const fixedNumbers = [0, 1, 2, 3, 4, 5, 6].map((digits) => {
  const both = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(LOCALE, both);
});

/** Makes an element of properties (or attributes, where the name has a dash) and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Shows a text in an element, or hides the element if there is none. */
function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

/** Writes a number, with as many digits after the point as `digitsOf` found. */
function formatNumber(value, digits) {
  if (value === null || value === undefined) return "–";
  const format = digits === undefined ? plainNumber : fixedNumbers[digits];
  return format.format(value).replace("-", "−");
}

/** Chooses digits after the point that all of some numbers are written with, to be comparable. */
function digitsOf(values) {
  const known = values.filter((value) => typeof value === "number");
  if (known.every(Number.isInteger)) return 0;
  const greatest = Math.max(...known.map(Math.abs));
  return Math.min(Math.max(2 - Math.floor(Math.log10(greatest)), 1), 2 + 4 * (greatest < 0.1));
}

function formatShort(value) {
  const size = Math.abs(value);
  const format = size >= 10_000 ? shortNumber : size >= 0.1 ? plainNumber : tinyNumber;
  return format.format(value).replace("-", "−");
}

/** Writes a value of a dimension; null is what the event did not have. */
function formatValue(value) {
  return value === null || value === undefined || value === "" ? "(none)" : String(value);
}

const formatters = new Map();

/** Keeps formatters of dates, since making one costs more than using it. */
function dateFormat(zone, options) {
  const key = JSON.stringify([zone, options]);
  if (!formatters.has(key)) {
    formatters.set(key, new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options }));
  }
  return formatters.get(key);
}

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DATE = { day: "numeric", month: "short", year: "numeric" };

function formatMoment(milliseconds, zone) {
  return dateFormat(zone, { ...DATE, ...TIME }).format(milliseconds);
}

function formatClock(milliseconds, zone) {
  return dateFormat(zone, { ...TIME, second: "2-digit" }).format(milliseconds);
}

function formatAge(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${plainNumber.format(Math.floor(seconds / 86400))} days ago`;
}

const INTERVAL_LABELS = {
  minute: { day: "numeric", month: "short", ...TIME },
  hour: { day: "numeric", month: "short", ...TIME },
  day: { weekday: "short", ...DATE },
  week: DATE,
  month: { month: "short", year: "numeric" },
};

/** Names a bucket of time, such as "Fri, 4 Jan 2013" or "week of 31 Dec 2012". */
function formatBucket(milliseconds, interval, zone) {
  const text = dateFormat(zone, INTERVAL_LABELS[interval]).format(milliseconds);
  return interval === "week" ? `week of ${text}` : text;
}

const STATS = {
  count: "Number of events",
  sum: "Sum",
  avg: "Mean",
  min: "Least",
  max: "Greatest",
  p50: "Median",
  p90: "90th percentile",
  p95: "95th percentile",
  p99: "99th percentile",
  distinct: "Distinct values",
};

function formatStat(stat, measure) {
  const name = STATS[stat] ?? stat;
  return stat === "count" || !measure ? name : `${name} of ${measure}`;
}
