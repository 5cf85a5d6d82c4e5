// The page of recent tasks: reads a page, and then keeps it as the stream tells.

import { Away, Refused, get, serverNow } from "./api.js";
import { cancelAll } from "./bulk.js";
import { choices } from "./choices.js";
import { el, onceAFrame } from "./dom.js";
import { emptyState } from "./empty.js";
import { Filters } from "./filters.js";
import { icon } from "./icons.js";
import { Inbox } from "./inbox.js";
import { merged, needsText } from "./model.js";
import { Pace } from "./pace.js";
import { here, may, t } from "./page.js";
import { changed, filtersOf, fits, isEmpty, listQuery, searchOf, watchQuery } from "./query.js";
import { Stream } from "./stream.js";
import { Table } from "./table.js";

const FLUSH_EVERY = 200;
const AGAIN_AFTER = 3000;
const TEXTS_EVERY = 1500;
const TEXTS_AT_ONCE = 100;
/** So many new tasks wait to be shown; with more the page is read anew. */
const MOST_WAITING = 2000;

export class Listing {
  constructor(place) {
    this._filters = filtersOf(location.search);
    this._size = Number(choices().rows);
    this._pace = new Pace();
    this._table = new Table({ pace: this._pace, chosen: (tasks) => this._choose(tasks), sorted: () => this._sort() });
    this._table.setOrder(!this._filters.order);
    this._inbox = new Inbox((id, raw) => this._wants(id, raw));
    this._held = new Map();
    this._texts = new Set();
    this._bar = new Filters(this._filters, (filters) => here.go(`/ui/${searchOf(filters)}`));
    this._flush = onceAFrame(() => this._take(), FLUSH_EVERY);
    this._build(place);
    this._stream = new Stream({
      query: () => watchQuery(this._filters, this._table.ids),
      put: (raw) => this._put(raw),
      begin: () => this.load(),
      tell: (state) => this._tellState(state),
    });
    // A later page watches the tasks it shows, so these must be known first.
    if (this._isLive) this._stream.open();
    else this.load().then(() => this._stream.open());
    this._ticking = setInterval(() => document.hidden || this._table.tick(serverNow()), 1000);
    this._texting = setInterval(() => this._askTexts(), TEXTS_EVERY);
    this._read = !this._isLive;
  }

  get _isLive() {
    return !this._filters.page && !this._filters.order;
  }

  close() {
    clearInterval(this._ticking);
    clearInterval(this._texting);
    this._stream.close();
    this._table.close();
    this._bar.close();
    this._closed = true;
  }

  _build(place) {
    this._news = el("button", { type: "button", class: "news", hidden: true, on: { click: () => this._showHeld() } });
    this._pause = el("button", { type: "button", class: "plain", "aria-pressed": "false", on: { click: () => this._togglePause() } });
    this._cancel = el("button", { type: "button", class: "danger", hidden: true, on: { click: () => this._cancelChosen() } });
    this._problem = el("p", { class: "problem", role: "alert", hidden: true });
    this._empty = el("div", { hidden: true });
    this._scroller = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": t("tasks.title") }, this._table.element);
    this._newest = el("a", { class: "button", href: `/ui/${searchOf({ ...this._filters, page: "" })}`, data: { go: "" }, hidden: !this._filters.page }, t("page.first"));
    this._back = el("button", { type: "button", hidden: !(this._filters.page && history.state?.inside), on: { click: () => history.back() } }, t("page.back"));
    this._next = el("a", { class: "button", data: { go: "" }, hidden: true }, t("page.next"));
    this._shown = el("p", { class: "note" });
    this._showPause();
    place.replaceChildren(
      el("div", { class: "head" }, el("h1", {}, t("tasks.title")), this._bar.quick),
      el("div", { class: "tools" }, this._bar.search, this._bar.toggle, el("span", { class: "gap" }), this._cancel, this._pause),
      this._bar.more, this._bar.chips, this._problem, this._news, this._scroller, this._empty,
      el("div", { class: "pager" }, this._shown, this._newest, this._back, this._next),
    );
  }

  /** Reads the page anew. */
  async load() {
    this._reading = this._reading ?? this._load().finally(() => (this._reading = null));
    return this._reading;
  }

  async _load() {
    // What has come by now is in what will be read.
    this._inbox.clear();
    try {
      const page = await get("/v1/tasks", listQuery(this._filters, this._size));
      if (this._closed) return;
      const now = serverNow();
      for (const task of page.tasks) this._pace.note(task, Date.parse(task.updated_at));
      this._held.clear();
      this._table.fill(page.tasks, now);
      this._showPager(page);
      this._problem.hidden = true;
      this._read = true;
      this._take();
      this._bar.count();
    } catch (fault) {
      this._fail(fault);
    }
  }

  _fail(fault) {
    if (fault instanceof Refused && fault.reason === "milepost.list.bad_page_token") {
      here.go(`/ui/${searchOf({ ...this._filters, page: "" })}`, true);
      return;
    }
    if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
    this._problem.textContent = fault.message;
    this._problem.hidden = false;
    const mayHelp = fault instanceof Away || [429, 503].includes(fault.status);
    if (mayHelp) setTimeout(() => this._closed || this.load(), AGAIN_AFTER);
  }

  _showPager({ next_page_token: token }) {
    this._next.hidden = !token;
    if (token) this._next.href = `/ui/${searchOf({ ...this._filters, page: token })}`;
    this._showCount();
  }

  _showCount() {
    const count = this._table.size;
    const isLast = this._next.hidden;
    const shown = count === 0 && !isLast ? t("page.looking") : t("page.shown", { n: count });
    if (this._shown.textContent !== shown) this._shown.textContent = shown;
    const isNothing = count === 0 && this._read;
    if (isNothing !== this._empty.hidden) return;
    this._scroller.hidden = isNothing;
    this._empty.hidden = !isNothing;
    if (isNothing) this._empty.replaceChildren(emptyState(!isEmpty(this._filters) || Boolean(this._filters.page)));
  }

  // What the stream tells.

  _put(raw) {
    if (raw.includes('"field":"status"') || raw.includes('"revision":1,')) this._bar.count();
    this._inbox.put(raw);
    if (this._inbox.size > MOST_WAITING) this._missSome();
    if (!this._paused) this._flush();
  }

  /** More has come than is kept, while nobody would look. */
  _missSome() {
    this._inbox.clear();
    this._held.clear();
    this._missed = true;
  }

  /** An event is read when its task is shown, is new, or may have come to fit. */
  _wants(id, raw) {
    if (this._table.has(id) || this._held.has(id) || !this._read) return true;
    if (!this._isLive) return false;
    if (raw.includes('"revision":1,')) return true;
    const { status, text } = this._filters;
    return Boolean(text) || status.some((one) => raw.includes(`"status":"${one}"`));
  }

  _take() {
    if (!this._read || this._paused || this._closed) return;
    if (this._missed) {
      this._missed = false;
      this.load();
      return;
    }
    const now = serverNow();
    for (const { task } of this._inbox.take()) this._meet(task, now);
    this._table.flush(now);
    this._showCount();
    this._tellHeld();
    if (this._table.size > 2 * this._size + 50 && !this._isBusy()) this.load();
  }

  _meet(task, now) {
    const old = this._table.get(task.id);
    if (old) {
      if (task.revision <= old.revision) return;
      const newer = merged(old, task);
      this._pace.note(newer, Date.parse(newer.updated_at));
      if (needsText(old, newer)) this._texts.add(task.id);
      this._table.change(newer, !this._isLive || fits(this._filters, newer), now);
    } else if (this._held.has(task.id) || this._belongs(task)) {
      if (this._isBusy()) this._hold(task);
      else this._insert(task, now);
    }
  }

  _hold(task) {
    this._held.set(task.id, task);
    if (this._held.size > MOST_WAITING) this._held.delete(this._held.keys().next().value);
  }

  _belongs(task) {
    const isInside = this._table.size < this._size || Date.parse(task.created_at) > this._table.oldest;
    return this._isLive && isInside && fits(this._filters, task);
  }

  _insert(task, now) {
    this._held.delete(task.id);
    this._pace.note(task, Date.parse(task.updated_at));
    this._table.insert(task, now);
    if (task.description?.id || task.progress?.message?.id) this._texts.add(task.id);
  }

  /** Whether rows must not move now: something is chosen, focused, or further down. */
  _isBusy() {
    return this._table.chosen.length > 0 || this._scroller.scrollTop > 8 || scrollY > 240 ||
      (this._table.element.contains(document.activeElement) && document.activeElement.matches(":focus-visible"));
  }

  _tellHeld() {
    if (this._held.size > 0 && !this._isBusy()) this._showHeld();
    this._news.hidden = this._held.size === 0;
    if (this._held.size > 0) this._news.textContent = t("news", { n: this._held.size });
  }

  _showHeld() {
    if (this._held.size >= this._size) {
      this._held.clear();
      this.load();
      return;
    }
    const now = serverNow();
    const held = [...this._held.values()].sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    for (const task of held) this._insert(task, now);
    this._news.hidden = true;
    this._showCount();
  }

  /** Texts of changed tasks in the reader's language, which the stream does not have. */
  async _askTexts() {
    if (this._texts.size === 0 || document.hidden) return;
    const ids = [...this._texts].filter((id) => this._table.has(id)).slice(0, TEXTS_AT_ONCE);
    this._texts.clear();
    if (ids.length === 0) return;
    const query = new URLSearchParams([...ids.map((id) => ["task", id]), ["page_size", ids.length], ["exclude_result", "true"]]);
    const page = await get("/v1/tasks", query).catch(() => ({ tasks: [] }));
    const now = serverNow();
    for (const task of page.tasks) {
      const old = this._table.get(task.id);
      if (old && task.revision >= old.revision) this._table.change(task, !this._isLive || fits(this._filters, task), now);
    }
    this._flush();
  }

  // What the reader does.

  _sort() {
    here.go(`/ui/${searchOf(changed(this._filters, { order: this._filters.order ? "" : "created" }))}`);
  }

  _choose(tasks) {
    this._cancel.hidden = tasks.length === 0 || !may("cancel");
    this._cancel.textContent = t("bulk.button", { n: tasks.length });
  }

  async _cancelChosen() {
    const isDone = await cancelAll(this._table.chosen);
    if (isDone) this._table.clearChosen();
  }

  _togglePause() {
    this._paused = !this._paused;
    this._showPause();
    if (!this._paused) this._take();
  }

  _showPause() {
    this._pause.setAttribute("aria-pressed", String(Boolean(this._paused)));
    this._pause.replaceChildren(icon(this._paused ? "play" : "pause"), t(this._paused ? "resume" : "pause"));
  }

  _tellState(state) {
    here.tellState(state);
  }
}
