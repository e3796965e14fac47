"use strict";
// A waterfall: one line a span, all on one axis, on which long silences are cut short.

/** Draws what the desk laid out; `parts` names the traces that it was stitched of. */
function waterfall({ spans, breaks, ms, left_out }, parts = []) {
  const list = make("ol", { className: "waterfall" });
  let trace = null;
  for (const span of spans) {
    if (span.trace !== trace) list.append(...partHeading(parts, span.trace));
    trace = span.trace;
    list.append(spanLine(span, breaks));
  }
  const cut = left_out ? ` ${left_out} more spans are left out.` : "";
  const silences = breaks.length ? " Striped: nothing went on, drawn shorter than it was." : "";
  const note = `${formatMs(ms)} from the first to the last.${silences}${cut}`;
  return make("div", { className: "card" }, list, make("p", { className: "note", textContent: note }));
}

function partHeading(parts, trace) {
  const part = parts.find((one) => one.trace === trace);
  if (!part) return [];
  const waited = part.waited_ms >= 1 ? `after ${formatMs(part.waited_ms)} of waiting · ` : "";
  const item = make("li", { className: "part" });
  item.dataset.part = part.roles.join(" ");
  item.append(
    make("strong", { textContent: part.title }),
    make("span", { className: "note", textContent: ` ${waited}${formatMs(part.ms)} · ` }),
    linkTo("trace", trace, "trace"),
  );
  return [item];
}

function spanLine(span, breaks) {
  const line = make("li", { className: "span" });
  Object.assign(line.dataset, { span: span.name, state: span.status, trace: span.trace });
  const details = make(
    "details",
    {},
    make("summary", {}, spanName(span), track(span, breaks)),
    spanDetails(span),
  );
  line.append(details);
  return line;
}

function spanName({ name, origin, depth, ms, status }) {
  const element = make("span", { className: "span-name", title: `${name} ${origin}`.trim() });
  element.style.setProperty("--depth", Math.min(depth, 8));
  element.append(make("span", { textContent: shortName(name) }));
  const told = status === "ok" ? formatMs(ms) : `${formatMs(ms)} · ${status}`;
  element.append(make("span", { className: "note", textContent: told }));
  return element;
}

function track({ left, width, status }, breaks) {
  const element = make("span", { className: "track" });
  for (const silence of breaks) {
    const gap = make("span", { className: "silence", title: formatMs(silence.ms) });
    place(gap, silence.at, silence.width);
    element.append(gap);
  }
  const bar = make("span", { className: "bar" });
  bar.dataset.state = status;
  place(bar, left, width);
  element.append(bar);
  return element;
}

function place(element, left, width) {
  element.style.setProperty("--left", `${left * 100}%`);
  element.style.setProperty("--width", `${width * 100}%`);
}

function spanDetails(span) {
  const list = make("dl", { className: "facts" });
  const add = (name, ...value) =>
    list.append(make("div", {}, make("dt", { textContent: name }), make("dd", {}, ...value)));
  add("begins", `${formatMs(span.start_ms)} after the first`);
  if (span.origin) add("origin", span.origin);
  if (span.note) add("about", span.note);
  for (const [name, value] of Object.entries(span.annotations)) add(name, annotationLink(name, value));
  return list;
}

/** Leads from an annotation to all traces that have it: that is how stages are joined. */
function annotationLink(name, value) {
  if (name === "event_key") return linkTo("event", value);
  const quoted = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return linkTo("traces", `annotation.${name} = "${quoted}"`, value);
}
