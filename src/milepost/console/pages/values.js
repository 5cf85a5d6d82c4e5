// Any JSON value as something to read: fields, lists and texts; bounded, as a result may be large.

import { visible } from "./clean.js";
import { el } from "./dom.js";
import { here, t } from "./page.js";

const MOST_SHOWN = 400;
const DEEPEST = 8;

/** A value as elements; what is too much is said and is there as raw JSON. */
export function readable(value) {
  const left = { count: MOST_SHOWN };
  const shown = part(value, left, 0);
  return left.count > 0 ? [shown] : [shown, el("p", { class: "note" }, t("value.cut"))];
}

function part(value, left, depth) {
  left.count -= 1;
  if (value === null) return el("span", { class: "value empty-value" }, "null");
  if (typeof value === "boolean") return el("span", { class: "value" }, String(value));
  if (typeof value === "number") return el("span", { class: "value figures" }, here.formats.number(value));
  if (typeof value === "string") return el("span", { class: "value prose", dir: "auto" }, visible(value, 5000));
  const entries = Object.entries(value);
  if (entries.length === 0) return el("span", { class: "value empty-value" }, Array.isArray(value) ? "[ ]" : "{ }");
  if (depth >= DEEPEST) return el("span", { class: "note" }, t("value.deep"));
  return Array.isArray(value) ? list(value, left, depth) : fields(entries, left, depth);
}

function fields(entries, left, depth) {
  const shown = [];
  for (const [name, value] of entries) {
    if (left.count <= 0) break;
    shown.push(el("div", {}, el("dt", {}, el("bdi", {}, visible(name, 200))), el("dd", {}, part(value, left, depth + 1))));
  }
  return el("dl", { class: "fields" }, ...shown);
}

function list(values, left, depth) {
  const shown = [];
  for (const value of values) {
    if (left.count <= 0) break;
    shown.push(el("li", {}, part(value, left, depth + 1)));
  }
  return el("ol", { class: "values" }, ...shown);
}

/** JSON as it is, behind a summary, with a button that copies it. */
export function raw(value, title = t("raw")) {
  const text = JSON.stringify(value, null, 2);
  const copy = el("button", { type: "button", on: { click: () => copyText(text) } }, t("copy"));
  const code = el("pre", { tabindex: "0", dir: "ltr" });
  const details = el("details", { class: "raw" }, el("summary", {}, title), copy, code);
  details.addEventListener("toggle", () => {
    if (details.open && !code.firstChild) code.append(el("code", {}, visible(text, 400_000)));
  });
  return details;
}

/** Puts a text on the clipboard; where the browser does not let it, it says so. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    here.tell(t("copied"));
  } catch {
    here.tell(t("copy.refused"), "problem");
  }
}
