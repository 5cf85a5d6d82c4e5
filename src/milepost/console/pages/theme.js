// Before the first paint: the theme and direction that the reader has chosen. No module, as those wait.
"use strict";
try {
  const chosen = JSON.parse(localStorage.getItem("milepost.choices") ?? "{}");
  if (["light", "dark"].includes(chosen.theme)) document.documentElement.dataset.theme = chosen.theme;
  if (["ltr", "rtl"].includes(chosen.direction)) document.documentElement.dir = chosen.direction;
} catch {
  // What cannot be read was not chosen.
}
