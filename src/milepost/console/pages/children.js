// The tasks below a task: how far they are together, and each of them, as deep as one looks.

import { get } from "./api.js";
import { el, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { Inbox } from "./inbox.js";
import { merged, nameOf, progressOf } from "./model.js";
import { here, t, taskAddress } from "./page.js";
import { STATUSES, searchOf } from "./query.js";
import { doneText } from "./row.js";
import { Stream } from "./stream.js";

const AT_ONCE = 100;
const MOST_OPENED = 50;
const SHOW_AFTER = 250;

export class Children {
  /** `changed()` is called when a child has changed, as the sums of the parent have too. */
  constructor(id, changed) {
    this._id = id;
    this._changed = changed;
    this._branches = new Map();
    this._items = new Map();
    this._sum = el("p", {});
    this._bar = el("progress", { max: 1, "aria-label": t("children.title") });
    this._list = el("ul", { class: "tree" });
    this.element = el("section", { class: "card", hidden: true }, el("h2", {}, t("children.title")), this._sum, this._bar, this._list);
    this._inbox = new Inbox(() => true);
    this._stream = null;
  }

  close() {
    this._stream?.close();
    clearTimeout(this._timer);
  }

  /** Shows the sums that the parent has, and reads the children the first time. */
  show(sums) {
    this.element.hidden = !sums;
    if (!sums) return;
    const counts = STATUSES.filter((status) => sums.by_status[status] > 0)
      .map((status) => t("children.count", { n: sums.by_status[status], status: t(`status.${status}`) }));
    const share = here.formats.percent(Math.floor(sums.fraction * 100));
    this._sum.textContent = `${share} · ${counts.join(", ")}${sums.complete ? "" : " …"}`;
    if (sums.succeeded_over_failed) this._sum.append(" ", el("span", { class: "badge badge-stale" }, t("children.over_failed")));
    this._bar.value = sums.fraction;
    if (!this._branches.has(this._id)) this._open(this._id, this._list);
    this._watch();
  }

  async _open(parent, list) {
    this._branches.set(parent, list);
    const query = new URLSearchParams({ parent, page_size: AT_ONCE, exclude_result: true, order: "created" });
    const page = await get("/v1/tasks", query).catch((fault) => here.tell(fault.message, "problem"));
    if (!page) return;
    for (const task of page.tasks) this._meet(task);
    if (page.next_page_token) {
      list.append(el("li", {}, el("a", { href: `/ui/${searchOf({ parent: [parent] })}`, data: { go: "" } }, t("children.all"))));
    }
  }

  _watch() {
    if (this._stream) return;
    this._stream = new Stream({
      query: () => new URLSearchParams([this._id, ...this._branches.keys()].map((id) => ["parent", id])),
      put: (raw) => this._put(raw),
      begin: () => {},
      tell: () => {},
    });
    this._stream.open();
  }

  _put(raw) {
    this._inbox.put(raw);
    this._timer ??= setTimeout(() => {
      this._timer = null;
      for (const { task } of this._inbox.take()) this._meet(task);
      this._changed();
    }, SHOW_AFTER);
  }

  _meet(task) {
    const known = this._items.get(task.id);
    const list = this._branches.get(task.parent);
    if (!list || (known && known.task.revision >= task.revision)) return;
    const item = known ?? this._made(task, list);
    item.task = merged(known?.task, task);
    this._fill(item);
  }

  _made(task, list) {
    const item = { task, below: el("ul", { class: "tree", hidden: true }), parts: {} };
    for (const name of ["status", "name", "done", "took"]) item.parts[name] = document.createTextNode("");
    item.sign = el("span", { class: "sign" });
    item.toggle = el("button", { type: "button", class: "plain twist", "aria-expanded": "false", on: { click: () => this._toggle(item) } }, icon("more"));
    item.element = el("li", {}, el("div", { class: "twig" }, item.toggle,
      el("span", { class: "status" }, item.sign, el("span", {}, item.parts.status)),
      el("a", { href: taskAddress(task.id), data: { go: "" } }, el("bdi", {}, item.parts.name)),
      el("span", { class: "figures second" }, item.parts.done),
      el("span", { class: "figures second" }, item.parts.took)), item.below);
    list.append(item.element);
    this._items.set(task.id, item);
    return item;
  }

  _fill(item) {
    const { task, parts } = item;
    const progress = progressOf(task);
    const name = nameOf(task);
    const took = task.end_time ? (Date.parse(task.end_time) - Date.parse(task.start_time)) / 1000 : NaN;
    setAttribute(item.toggle, "aria-label", t("children.below", { name }));
    if (item.shown !== task.status) item.sign.replaceChildren(icon((item.shown = task.status)));
    setText(parts.status, t(`status.${task.status}`));
    setText(parts.name, name);
    setText(parts.done, progress ? doneText(progress) : "");
    setText(parts.took, here.formats.duration(took, true));
  }

  _toggle(item) {
    const isOpen = item.below.hidden;
    item.below.hidden = !isOpen;
    item.toggle.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen || this._branches.has(item.task.id) || this._branches.size >= MOST_OPENED) return;
    this._open(item.task.id, item.below).then(() => {
      if (!item.below.firstChild) item.below.append(el("li", { class: "second" }, t("children.none")));
    });
    this._stream?.close();
    this._stream = null;
    this._watch();
  }
}
