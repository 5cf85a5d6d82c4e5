// The filters above the table: quick ones with counts, a search, and a form for the others.

import { get } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { here, t } from "./page.js";
import { STATUSES, changed, countQuery, searchOf } from "./query.js";

const SLOWEST = 30_000;
const COUNTED_EVERY = 3000;

/** The quick filters: what each changes, and which count stands beside it. */
function quickOnes(me) {
  return [
    { name: "all", change: { status: [] }, count: (counts) => sum(counts, STATUSES) },
    { name: "RUNNING", change: { status: ["RUNNING"] }, count: (counts) => counts.RUNNING },
    { name: "FAILED", change: { status: ["FAILED"] }, count: (counts) => counts.FAILED },
    { name: "PENDING", change: { status: ["PENDING"] }, count: (counts) => counts.PENDING },
    { name: "BLOCKED", change: { status: ["BLOCKED"] }, count: (counts) => counts.BLOCKED },
    { name: "SUCCEEDED", change: { status: ["SUCCEEDED"] }, count: (counts) => counts.SUCCEEDED },
    { name: "mine", change: { user: [me] }, count: null },
  ];
}

const sum = (counts, names) => names.reduce((total, name) => total + counts[name], 0);

export class Filters {
  /** `apply(filters)` goes to the list with these filters. */
  constructor(filters, apply) {
    this._filters = filters;
    this._apply = apply;
    this._figures = new Map();
    this._asked = 0;
    this._counting = null;
    this.quick = el("nav", { class: "quick", "aria-label": t("quick.title") }, this._quickLinks());
    this.search = this._searchForm();
    this.more = this._moreForm();
    this.toggle = this._toggleButton();
    this.chips = el("ul", { class: "chips", "aria-label": t("filter.active") }, this._chips());
  }

  _quickLinks() {
    const me = here.session.user;
    const isMine = this._filters.user.length === 1 && this._filters.user[0] === me;
    return quickOnes(me).map(({ name, change, count }) => {
      const figure = el("span", { class: "count" });
      if (count) this._figures.set(name, { figure, count });
      else this._mine = figure;
      const isOn = name === "mine" ? isMine : sameSet(change.status, this._filters.status);
      const target = changed(this._filters, name === "mine" && isMine ? { user: [] } : change);
      return el(
        "a", { href: `/ui/${searchOf(target)}`, data: { go: "", quick: name }, class: name === "mine" ? "mine" : "",
          "aria-current": isOn ? "true" : null },
        STATUSES.includes(name) ? icon(name) : null, t(`quick.${name}`), figure,
      );
    });
  }

  _searchForm() {
    const input = el("input", { type: "search", name: "text", value: this._filters.text, maxlength: "200",
      placeholder: t("search.hint"), "aria-label": t("search.label") });
    const go = (event) => {
      event.preventDefault();
      this._apply(changed(this._filters, { text: input.value.trim() }));
    };
    return el("form", { role: "search", class: "search", on: { submit: go } }, icon("search"), input,
      el("button", { type: "submit", class: "plain" }, t("search.do")));
  }

  _moreForm() {
    const named = ["service", "operation", "target", "user", "parent"].map((name) => field(name,
      el("input", { name, value: this._filters[name].join(" "), placeholder: t(`filter.${name}.hint`), spellcheck: "false",
        ...(name === "target" ? { pattern: "[^:]*:.*", title: t("filter.target.form") } : {}) })));
    const times = ["created_after", "created_before"].map((name) => field(name,
      el("input", { name, type: "datetime-local", step: "1", value: localOf(this._filters[name]) })));
    const form = el("form", { class: "more", on: { submit: (event) => this._submit(event, form) } }, ...named, ...times,
      el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, t("filter.apply"))));
    form.id = "more-filters";
    form.hidden = true;
    return form;
  }

  /** The button that shows the other filters. */
  _toggleButton() {
    const toggle = () => {
      this.more.hidden = !this.more.hidden;
      button.setAttribute("aria-expanded", String(!this.more.hidden));
      if (!this.more.hidden) this.more.querySelector("input").focus();
    };
    const button = el("button", { type: "button", class: "plain", "aria-expanded": "false", "aria-controls": "more-filters", on: { click: toggle } },
      icon("filter"), t("filter.more"));
    return button;
  }

  _submit(event, form) {
    event.preventDefault();
    const data = new FormData(form);
    const changes = {};
    for (const name of ["service", "operation", "target", "user", "parent"]) {
      changes[name] = name === "target" || name === "user" ? only(data.get(name)) : words(data.get(name));
    }
    for (const name of ["created_after", "created_before"]) changes[name] = instantOf(data.get(name));
    this._apply(changed(this._filters, changes));
  }

  _chips() {
    const found = [];
    for (const name of ["service", "operation", "target", "user", "parent"]) {
      for (const value of this._filters[name]) {
        found.push(this._chip(name, value, { [name]: this._filters[name].filter((one) => one !== value) }));
      }
    }
    if (this._filters.text) found.push(this._chip("text", this._filters.text, { text: "" }));
    for (const name of ["created_after", "created_before", "updated_before", "finished_after"]) {
      if (this._filters[name]) found.push(this._chip(name, here.formats.whole(this._filters[name]), { [name]: "" }));
    }
    return found;
  }

  _chip(name, value, change) {
    const label = t(`filter.${name}`);
    const target = `/ui/${searchOf(changed(this._filters, change))}`;
    return el("li", {}, el("a", { href: target, data: { go: "" }, class: "chip", "aria-label": t("filter.remove", { label, value: value.slice(0, 80) }) },
      `${label}: `, el("bdi", {}, value.slice(0, 80)), icon("close")));
  }

  /** Counts anew, soon, but no more often than the server can bear. */
  count() {
    if (this._counting) return;
    const wait = Math.max(this._asked - Date.now(), 0);
    this._counting = setTimeout(() => this._count(), wait);
  }

  async _count() {
    const began = performance.now();
    try {
      const [all, mine] = await Promise.all([
        get("/v1/tasks", countQuery(this._filters)),
        get("/v1/tasks", countQuery(this._filters, { user: [here.session.user] })),
      ]);
      this._show(all, mine);
    } catch {
      // The counts are told again with the next change.
    }
    this._asked = Date.now() + Math.min(Math.max(COUNTED_EVERY, 20 * (performance.now() - began)), SLOWEST);
    this._counting = null;
  }

  _show(all, mine) {
    const text = (count, complete) => here.formats.number(count) + (complete ? "" : "+");
    for (const { figure, count } of this._figures.values()) {
      figure.textContent = text(count(all.counts), all.counts_complete);
    }
    this._mine.textContent = text(sum(mine.counts, STATUSES), mine.counts_complete);
  }

  close() {
    clearTimeout(this._counting);
    this._counting = -1;
  }
}

function field(name, input) {
  return el("label", {}, el("span", {}, t(`filter.${name}`)), input);
}

function sameSet(some, others) {
  return some.length === others.length && some.every((one) => others.includes(one));
}

const words = (text) => [...new Set(text.split(/[\s,]+/).filter(Boolean))];
const only = (text) => (text.trim() ? [text.trim()] : []);

function localOf(instant) {
  if (!instant) return "";
  const date = new Date(instant);
  const shift = here.formats.zone === "UTC" ? 0 : date.getTimezoneOffset() * 60_000;
  return new Date(date - shift).toISOString().slice(0, 19);
}

function instantOf(text) {
  if (!text) return "";
  const date = new Date(here.formats.zone === "UTC" ? `${text}Z` : text);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
