"use strict";
// Rows of answers as the series of a chart.

const MOST_SERIES = 8;
const MOST_POINTS = 10_000;
const STEPS = { minute: 60, hour: 3600, day: 86_400, week: 7 * 86_400 }; // seconds
const ON_THE_CALENDAR = new Set(["day", "week", "month"]);
const FROM_ZERO = new Set(["count", "distinct", "sum"]); // whose axis begins there

/**
 * Makes series of an answer's rows, those of most events first, 8 of them at most.
 *
 * x is in seconds. Minutes and hours are instants. Days and longer are as the zone's calendar
 * counts them, written as if it were UTC: so they are equally long even when the clock changes.
 */
function toSeries(answer, nameOf) {
  const { rows, interval, stat, timezone } = answer;
  const onCalendar = ON_THE_CALENDAR.has(interval);
  const position = onCalendar ? calendarPosition : instantPosition;
  const x = positions(answer, position);
  const now = nowOf(answer, position);
  const groups = [...Map.groupBy(rows, nameOf)];
  groups.sort(([, one], [, other]) => totalOf(other) - totalOf(one));
  const series = groups.slice(0, MOST_SERIES).map(([name, its]) => {
    const values = new Map(its.map((row) => [position(row.bucket), plotted(row, stat)]));
    const missing = (at) => (stat === "count" && isOver(at, { interval, now }) ? 0 : null);
    return { name, values: x.map((at) => values.get(at) ?? missing(at)) };
  });
  return {
    x,
    series,
    interval,
    groups: groups.length,
    now,
    zone: onCalendar ? "UTC" : timezone,
    fromZero: FROM_ZERO.has(stat),
  };
}

function plotted({ value, count }, stat) {
  const number = value ?? (stat === "count" ? count : null);
  return number === null ? null : Number(number);
}

function totalOf(rows) {
  return rows.reduce((total, { count }) => total + Number(count), 0);
}

function instantPosition(moment) {
  return Date.parse(moment) / 1000;
}

function calendarPosition(moment) {
  return Date.parse(`${moment.slice(0, 19)}Z`) / 1000;
}

/** Lists all buckets from the span's start to its end, also those in which nothing happened. */
function positions(answer, position) {
  const { rows, interval } = answer;
  const found = new Set(rows.map((row) => position(row.bucket)));
  const step = STEPS[interval];
  if (!rows.length || !step) return [...found].sort((one, other) => one - other);
  if (answer.from) {
    found.add(position(answer.from));
    found.add(lastBucket(answer, position, step));
  }
  return filled(
    [...found].sort((one, other) => one - other),
    step,
  );
}

/** Finds the last bucket that is over or under way. */
function lastBucket(answer, position, step) {
  const now = nowOf(answer, position);
  const end = answer.to ? Math.min(position(answer.to) - 1, now) : now;
  const start = position(answer.from);
  return start + Math.max(0, Math.floor((end - start) / step)) * step;
}

/** Tells when an answer was made; on the calendar, the day. */
function nowOf({ as_of, timezone }, position) {
  if (position === instantPosition) return instantPosition(as_of);
  return calendarPosition(`${dateIn(Date.parse(as_of), timezone)}T00:00:00`);
}

function filled(x, step) {
  const all = [];
  for (const at of x) {
    // Half a step: a bucket begins elsewhere on the clock after it was set by half an hour.
    for (
      let next = all.at(-1) + step;
      next < at - step / 2 && all.length < MOST_POINTS;
      next += step
    ) {
      all.push(next);
    }
    all.push(at);
  }
  return all;
}

/**
 * Makes the minutes of the last hour, a series for each feed.
 *
 * A minute that an answer does not name had no event, if it was over by then; else it is not known.
 */
function toMinutes(feeds, names, now) {
  const last = Math.floor(now / MINUTE) * 60;
  const x = Array.from({ length: 61 }, (_, place) => last - 3600 + place * 60);
  const series = feeds.map(({ answer, asOf }, place) => {
    const rows = (answer?.rows ?? []).map((row) => [
      instantPosition(row.bucket),
      Number(row.count),
    ]);
    const counts = new Map(rows);
    const missing = (at) => (isOver(at, { interval: "minute", now: asOf / 1000 }) ? 0 : null);
    return { name: names[place], values: x.map((at) => counts.get(at) ?? missing(at)) };
  });
  return { x, series, interval: "minute", now: now / 1000, fromZero: true };
}
