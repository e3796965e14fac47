"use strict";
// Asks the endpoint: each question again once its answer's time is over, a few at a time.

const MOST_AT_ONCE = 4;
const USUAL_MAX_AGE = 60; // seconds, where an answer does not tell
const PATIENCE = 40_000; // milliseconds; API Gateway gives up after 29 s
const FIRST_PAUSE = 5; // seconds after a failure that does not name any; doubled each time
const LONGEST_PAUSE = 120;
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds, of setTimeout

/** Finds where the stage's routes begin, whether the page is at /live, /live/ or deeper. */
function baseAddress(location) {
  return location.origin + location.pathname.replace(/\/?$/, "/");
}

/** Writes a question as an address; parameters without a value are left out. */
function addressOf(base, { path, parameters = {} }) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return base + path + (query && `?${query}`);
}

/** One question with its last answer and what is known about that. */
class Feed {
  answer = null;
  address = null; // of the question that `answer` answers
  etag = null;
  asOf = null;
  cache = null;
  stale = false;
  problem = null;
  dueAt = 0;
  failures = 0;
  asking = null;

  /** `question` gives path and parameters anew each time; `changed` is called after each try. */
  constructor(question, changed) {
    this.question = question;
    this.changed = changed;
  }

  accept(response, answer, address) {
    const { headers } = response;
    if (answer) Object.assign(this, { answer, address });
    this.etag = headers.get("ETag");
    this.asOf = Date.parse(headers.get("As-Of") ?? this.answer.as_of);
    this.cache = headers.get("X-Cache");
    this.stale = headers.get("Stale") === "true" || this.answer.stale === true;
    this.problem = null;
    this.failures = 0;
    this.dueAt = Date.now() + maxAge(headers) * 1000;
  }

  fail(problem, retryAfter) {
    const pause = Math.min(FIRST_PAUSE * 2 ** this.failures, LONGEST_PAUSE);
    this.failures += 1;
    this.problem = problem;
    this.dueAt = Date.now() + (retryAfter ?? pause) * 1000;
  }
}

/** Runs the feeds. `refused` is called when the endpoint does not take the key. */
class Asker {
  #feeds = new Set();
  #active = 0;
  #timer = 0;
  #held = false;

  constructor(base, key, refused) {
    Object.assign(this, { base, key, refused });
  }

  watch(question, changed) {
    const feed = new Feed(question, changed);
    this.#feeds.add(feed);
    queueMicrotask(() => this.pump());
    return feed;
  }

  drop(feed) {
    this.#feeds.delete(feed);
    feed.asking?.abort();
  }

  stop() {
    for (const feed of [...this.#feeds]) this.drop(feed);
    clearTimeout(this.#timer);
  }

  /** Asks at once, since the question is another one now. */
  renew(feed) {
    feed.asking?.abort();
    Object.assign(feed, { asking: null, dueAt: 0, failures: 0 });
    queueMicrotask(() => this.pump());
  }

  /** While held, nothing is asked again; a new question is. */
  hold(held) {
    this.#held = held;
    this.pump();
  }

  /** Asks what is due as far as there is room, and wakes up for what is due next. */
  pump() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const idle = [...this.#feeds].filter((feed) => !feed.asking && !(this.#held && feed.dueAt));
    idle.sort((one, other) => one.dueAt - other.dueAt);
    const due = idle.filter((feed) => feed.dueAt <= Date.now());
    for (const feed of due.slice(0, MOST_AT_ONCE - this.#active)) this.#ask(feed);
    const next = idle.find((feed) => !due.includes(feed));
    if (!next) return;
    const wait = Math.min(Math.max(next.dueAt - Date.now(), 0) + 1, LONGEST_TIMER);
    this.#timer = setTimeout(() => this.pump(), wait);
  }

  async #ask(feed) {
    const asking = new AbortController();
    feed.asking = asking;
    this.#active += 1;
    const outcome = await this.#fetch(feed, addressOf(this.base, feed.question()), asking.signal);
    this.#active -= 1;
    if (!asking.signal.aborted) outcome();
    if (!asking.signal.aborted) {
      // still, for the outcome may have been that the key is refused
      feed.asking = null;
      feed.changed(feed);
    }
    this.pump();
  }

  /** Asks once and returns what to do with the outcome, unless it is outdated by then. */
  async #fetch(feed, address, signal) {
    const headers = { Accept: "application/json", "x-api-key": this.key };
    if (feed.etag && feed.address === address) headers["If-None-Match"] = feed.etag;
    try {
      const response = await fetch(address, {
        headers,
        cache: "no-store", // the browser's own cache would answer the condition that is set here
        credentials: "omit",
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
      });
      const text = await response.text();
      return () => this.#take(feed, response, text, address);
    } catch {
      return () => feed.fail({ title: "The endpoint cannot be reached" });
    }
  }

  #take(feed, response, text, address) {
    if (response.status === 304) return feed.accept(response);
    if (response.ok) {
      const answer = parse(text);
      if (answer) return feed.accept(response, answer, address);
    }
    if (response.status === 401 || response.status === 403) this.refused();
    return feed.fail(problemOf(response, text), retryAfter(response.headers));
  }
}

function maxAge(headers) {
  const found = /(?:^|[\s,])max-age=(\d+)/.exec(headers.get("Cache-Control") ?? "");
  return Math.max(found ? Number(found[1]) : USUAL_MAX_AGE, 1);
}

/** Reads Retry-After, which is in seconds or a date; undefined where there is none. */
function retryAfter(headers) {
  const given = headers.get("Retry-After");
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return given && seconds >= 0 ? Math.max(seconds, 1) : undefined;
}

function problemOf(response, text) {
  const told = parse(text) ?? {};
  const title =
    told.title ?? told.message ?? (response.ok ? "The answer is not readable" : "Failed");
  return { status: response.status, title, detail: told.detail };
}

/** Parses JSON, integers exactly; null if the text is none. */
function parse(text) {
  try {
    return JSON.parse(text, exact);
  } catch {
    return null;
  }
}

/** Keeps integers that a double cannot hold, where the browser tells how they were written. */
function exact(_, value, context) {
  if (typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  return /^-?\d+$/.test(context?.source) ? BigInt(context.source) : value;
}
