// What a reader has chosen, remembered by the browser: theme, time, language, direction, rows.

const KEY = "milepost.choices";
export const CHOICES = {
  theme: ["auto", "light", "dark"],
  time: ["local", "utc"],
  language: ["auto", "en", "de"],
  direction: ["auto", "ltr", "rtl"],
  rows: ["25", "50", "100", "250"],
};
const DEFAULTS = { theme: "auto", time: "local", language: "auto", direction: "auto", rows: "50" };

export function choices() {
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    // A browser that remembers nothing has the defaults.
  }
  const valid = Object.entries(CHOICES).filter(([name, values]) => values.includes(stored[name]));
  return { ...DEFAULTS, ...Object.fromEntries(valid.map(([name]) => [name, stored[name]])) };
}

export function choose(name, value) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...choices(), [name]: value }));
  } catch {
    // It counts until the page is left.
  }
}

/** Calls back when another window of this browser has chosen something. */
export function onChosenElsewhere(callback) {
  addEventListener("storage", (event) => {
    if (event.key === KEY) callback();
  });
}
