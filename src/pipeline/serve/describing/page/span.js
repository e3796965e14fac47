"use strict";
// The span of time that is shown: what the controls and the address say, and what is asked for it.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MOMENT = /^\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2}))?$/;

// `back` spans begin on a whole `unit`, `days` spans on a midnight of the zone: whoever asks within
// it asks the same question, and the cache has the answer.
const CHOICES = {
  "-1h": { back: HOUR, unit: MINUTE, words: "the last hour" },
  "-24h": { back: DAY, unit: HOUR, words: "the last 24 hours" },
  "-7d": { days: 7, words: "the last 7 days" },
  "-30d": { days: 30, words: "the last 30 days" },
  everything: { words: "all of the time" },
};
const USUAL_CHOICE = "-24h";

function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

function isZone(name) {
  try {
    return Boolean(name && new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** Reads a span off the address's fragment; what is not understood is left at its default. */
function readSpan(fragment) {
  const [from, to, timezone] = ["from", "to", "timezone"].map((name) => fragment.get(name) ?? "");
  const zone = isZone(timezone) ? timezone : browserZone();
  if (from in CHOICES) return { from, to: "", timezone: zone };
  const dates = { from: MOMENT.test(from) ? from : "", to: MOMENT.test(to) ? to : "" };
  return { ...(dates.from || dates.to ? dates : { from: USUAL_CHOICE, to: "" }), timezone: zone };
}

function writeSpan(span) {
  const given = Object.entries(span).filter(([, value]) => value);
  return given
    .map(([name, value]) => `${name}=${encodeURI(value).replaceAll("+", "%2B")}`)
    .join("&");
}

function choiceOf(span) {
  return span.from in CHOICES ? span.from : "dates";
}

function describeSpan(span) {
  return CHOICES[span.from]?.words ?? "these dates";
}

/** Gives the endpoint's parameters of a span. */
function spanParameters(span, now) {
  const choice = CHOICES[span.from];
  const timezone = span.timezone === "UTC" ? undefined : span.timezone;
  if (!choice) return { from: span.from || undefined, to: span.to || undefined, timezone };
  if (choice.back) return { from: wholeUnit(now - choice.back, choice.unit), timezone };
  if (choice.days) return { from: addDays(dateIn(now, span.timezone), -choice.days), timezone };
  return { timezone };
}

/** Chooses buckets of which there are neither too few nor too many. */
function autoInterval(span, now) {
  const { from, to } = spanParameters(span, now);
  if (!from) return "day";
  const length = (to ? Date.parse(to) : now) - Date.parse(from);
  if (length <= 3 * HOUR) return "minute";
  if (length <= 4 * DAY) return "hour";
  return length <= 400 * DAY ? "day" : "week";
}

function wholeUnit(milliseconds, unit) {
  return new Date(Math.floor(milliseconds / unit) * unit).toISOString().replace(".000", "");
}

/** Tells the date that it is in a zone, as YYYY-MM-DD, which is how Sweden writes dates. */
function dateIn(milliseconds, zone) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(milliseconds);
}

function addDays(date, days) {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
}
