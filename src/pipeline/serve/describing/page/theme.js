"use strict";
// The theme: what the system prefers until somebody chooses; and texts that the browser keeps.

const THEME = "events-to-endpoints.theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** Keeps texts for a while; a browser may forbid it, and the page goes on without. */
function stored(storage, name, value) {
  try {
    const kept = window[storage];
    if (value === undefined) return kept.getItem(name);
    if (value === null) kept.removeItem(name);
    else kept.setItem(name, value);
  } catch {
    return null;
  }
  return value;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : DARK.matches;
}

/** Shows the theme that was chosen, has the button change it, and tells of each change. */
function startTheme(button, changed = () => {}) {
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
    button.ariaPressed = String(isDark());
    changed();
  };
  DARK.addEventListener("change", () => apply());
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    stored("localStorage", THEME, theme);
    apply(theme);
  });
  apply(stored("localStorage", THEME));
}
