// The history of a task: who changed what and when; reports of progress are told together.

import { get, taskPath } from "./api.js";
import { line, visible } from "./clean.js";
import { bdi, el, onceAFrame } from "./dom.js";
import { entriesOf, joined } from "./history.js";
import { said } from "./model.js";
import { here, t } from "./page.js";
import { percentOf } from "./format.js";
import { raw } from "./values.js";

const AT_ONCE = 100;
const MOST_SHOWN = 5;

export class Timeline {
  constructor(id) {
    this._id = id;
    this._events = [];
    this._token = "";
    this._list = el("ol", { class: "timeline" });
    this._more = el("button", { type: "button", hidden: true, on: { click: () => this._loadMore() } }, t("timeline.more"));
    this._show = onceAFrame(() => this._render(), 250);
    this._entries = new Map();
    this.element = el("section", { class: "card" }, el("h2", {}, t("timeline.title")), this._list, this._more);
  }

  async load() {
    const page = await get(`${taskPath(this._id)}/events`, `page_size=${AT_ONCE}`).catch(() => null);
    if (!page) return;
    const isFirst = this._events.length === 0;
    this._events = joined(page.events, this._events);
    if (isFirst || this._token === "") this._token = page.next_page_token ?? "";
    this._show();
  }

  add(event) {
    this._events = joined([event], this._events);
    this._show();
  }

  async _loadMore() {
    const query = new URLSearchParams({ page_size: AT_ONCE, page_token: this._token });
    const page = await get(`${taskPath(this._id)}/events`, query).catch((fault) => here.tell(fault.message, "problem"));
    if (!page) return;
    this._events = joined(page.events, this._events);
    this._token = page.next_page_token ?? "none";
    this._render();
  }

  /** Entries that stay keep their elements: what is open in them stays open. */
  _render() {
    this._more.hidden = !this._token || this._token === "none";
    const known = this._entries;
    this._entries = new Map();
    const elements = entriesOf(this._events).map((entry) => {
      const key = entry.events.at(-1).revision;
      const shown = known.get(key) ?? { signature: "", element: el("li", {}), details: null };
      this._entries.set(key, shown);
      fill(shown, entry);
      return shown.element;
    });
    // What is there already is not touched, so it keeps the focus.
    elements.forEach((element, place) => {
      const there = this._list.children[place];
      if (there !== element) this._list.insertBefore(element, there ?? null);
    });
    while (this._list.children.length > elements.length) this._list.lastElementChild.remove();
  }
}

/** Puts an entry into its element, if it has changed. */
function fill(shown, { events, isReport }) {
  const [newest] = events;
  const signature = `${newest.revision} ${events.length} ${newest.source ?? ""}`;
  if (shown.signature === signature) return;
  shown.signature = signature;
  shown.element.dataset.kind = newest.kind;
  const body = isReport ? reports(events) : el("ul", { class: "changes" }, ...changes(newest));
  const details = shown.details?.open ? shown.details : el("details", {},
    el("summary", {}, t("event.details", { revision: newest.revision })), raw(events.slice(0, 50), t("raw.events")));
  shown.element.querySelector(":scope > .event-head")?.remove();
  shown.element.querySelector(":scope > .changes")?.remove();
  shown.element.prepend(head(events, isReport), body);
  if (shown.details !== details) {
    shown.details?.remove();
    shown.details = details;
    shown.element.append(details);
  }
}

function head(events, isReport) {
  const [newest] = events;
  const day = here.formats.day(newest.at, Date.now());
  const time = el("time", { datetime: newest.at, title: here.formats.whole(newest.at), class: "figures" },
    day ? `${day} ${here.formats.time(newest.at)}` : here.formats.time(newest.at));
  const who = el("span", { class: "by" }, bdi(newest.principal, 80), newest.source ? el("span", { class: "second" }, ` ${line(newest.source, 60)}`) : null);
  const title = isReport ? t("event.reports", { n: events.length }) : t(`event.${newest.kind}`);
  return el("p", { class: "event-head" }, time, el("strong", {}, title), who);
}

function reports(events) {
  const [before] = events.at(-1).changes;
  const [after] = events[0].changes;
  const from = before.before?.completed ?? 0;
  const { completed, total, message } = after.after;
  const percent = percentOf(completed, total);
  const text = t("change.progress", { from, to: completed, total, percent: percent === null ? "" : here.formats.percent(percent) });
  return el("p", { class: "changes" }, text, el("span", { class: "second prose", dir: "auto" }, visible(said(message), 300)));
}

function changes(event) {
  const told = event.changes.filter((change) => !isNothing(change, event));
  const shown = told.slice(0, MOST_SHOWN).map((change) => el("li", {}, ...changeText(change, event)));
  if (told.length > MOST_SHOWN) shown.push(el("li", { class: "second" }, t("change.more", { n: told.length - MOST_SHOWN })));
  return shown;
}

/** What a new task has without anybody having said it. */
function isNothing({ field, after }, event) {
  if (event.kind !== "created") return false;
  return (field === "progress" && after?.total === 0) || (field === "description" && !said(after));
}

/** One change in words: what was, and what is now. */
function changeText({ field, before, after }, event) {
  const key = `field.${field}`;
  const name = here.texts.has(key) ? t(key) : field;
  if (event.kind === "created" && before === null && after === null) return [name];
  const isKnown = before !== undefined || after !== undefined;
  if (!isKnown) return [t("change.set", { name })];
  const parts = [`${name}: `];
  if (before !== null && before !== undefined) parts.push(el("del", {}, bdi(valueText(field, before), 160)), " → ");
  parts.push(el("ins", {}, bdi(valueText(field, after), 300)));
  return parts;
}

function valueText(field, value) {
  if (value === null || value === undefined) return "–";
  if (field === "status") return t(`status.${value}`);
  if (field.endsWith("_time") || field.startsWith("cancel_")) return here.formats.whole(value);
  if (field === "description") return said(value) || "–";
  if (field === "progress") return t("progress.plain", { completed: value.completed, total: value.total }) + (said(value.message) ? `, ${said(value.message)}` : "");
  if (field === "error") return (value.messages ?? []).map(said).join(" – ") || value.error_type || "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
