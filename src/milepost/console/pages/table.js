// The table of tasks: rows by their ids, and only those that can be seen are kept up to date.

import { el } from "./dom.js";
import { isFinished } from "./model.js";
import { t } from "./page.js";
import { COLUMNS, Row } from "./row.js";

const LEAVES_AFTER = 4000;

export class Table {
  /** `pace` knows how fast tasks go; `chosen(ids)` is told what is selected. */
  constructor({ pace, chosen, sorted }) {
    this._pace = pace;
    this._chosen = chosen;
    this._rows = new Map();
    this._byElement = new WeakMap();
    this._dirty = new Set();
    this._body = el("tbody", { role: "rowgroup" });
    this._all = el("input", { type: "checkbox", "aria-label": t("select.all"), on: { change: () => this._chooseAll() } });
    this._order = el("button", { type: "button", class: "sort", on: { click: sorted } }, t("column.queued"));
    this.element = el(
      "table", { role: "table", class: "tasks", "aria-label": t("tasks.title") },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((name) => this._head(name)))),
      this._body,
    );
    this._body.addEventListener("change", () => this._tellChosen());
    this._observer = new IntersectionObserver((entries) => this._look(entries), { rootMargin: "200px" });
  }

  _head(name) {
    const head = el("th", { role: "columnheader", scope: "col", class: `col-${name}` });
    if (name === "select") head.append(el("label", { class: "box" }, this._all), el("span", { class: "unseen" }, t("column.select")));
    else if (name === "queued") head.append(this._order);
    else head.append(t(`column.${name}`));
    if (name === "queued") this._orderHead = head;
    return head;
  }

  /** Shows in which order the tasks come. */
  setOrder(newestFirst) {
    this._orderHead.setAttribute("aria-sort", newestFirst ? "descending" : "ascending");
  }

  get size() {
    return this._rows.size;
  }

  get ids() {
    return [...this._rows.keys()];
  }

  get(id) {
    return this._rows.get(id)?.task;
  }

  has(id) {
    return this._rows.has(id);
  }

  /** When the oldest task that is shown was made. */
  get oldest() {
    const last = this._byElement.get(this._body.lastElementChild);
    return last ? Date.parse(last.task.created_at) : -Infinity;
  }

  /** Shows these tasks and no others. A row that stays where it is is not touched, so it keeps the focus. */
  fill(tasks, now) {
    const wanted = new Set(tasks.map((task) => task.id));
    for (const id of this.ids) if (!wanted.has(id)) this.drop(id);
    let place = this._body.firstElementChild;
    for (const task of tasks) {
      const row = this._rows.get(task.id) ?? this._made(task);
      if (task.revision >= row.task.revision) row.task = task;
      row.leavesAt = 0;
      if (row.element === place) place = place.nextElementSibling;
      else this._body.insertBefore(row.element, place);
      this._show(row, now);
    }
    this._tellChosen();
  }

  /** Adds a task where its creation puts it among the others. */
  insert(task, now) {
    const row = this._made(task);
    let before = this._body.firstElementChild;
    while (before && this._byElement.get(before).task.created_at > task.created_at) {
      before = before.nextElementSibling;
    }
    this._body.insertBefore(row.element, before);
    this._show(row, now);
  }

  /** A task has changed; without `stays` it does not fit any more and goes after a moment. */
  change(task, stays, now) {
    const row = this._rows.get(task.id);
    row.task = task;
    row.leavesAt = stays ? 0 : row.leavesAt || now + LEAVES_AFTER;
    this._dirty.add(row);
    if (row.box.checked && isFinished(task)) {
      row.box.checked = false;
      this._tellChosen();
    }
  }

  drop(id) {
    const row = this._rows.get(id);
    this._observer.unobserve(row.element);
    this._rows.delete(id);
    this._dirty.delete(row);
    this._pace.forget(id);
    row.element.remove();
  }

  /** Puts what has changed into the rows that can be seen. */
  flush(now) {
    for (const row of this._dirty) if (row.seen) this._show(row, now);
  }

  /** A second has passed: times go on, and what does not fit any more goes. */
  tick(now) {
    for (const row of this._rows.values()) {
      if (row.leavesAt && row.leavesAt <= now && !row.element.contains(document.activeElement)) this.drop(row.id);
      else if (row.seen && !isFinished(row.task)) this._show(row, now);
    }
  }

  get chosen() {
    return [...this._rows.values()].filter((row) => row.box.checked).map((row) => row.task);
  }

  clearChosen() {
    for (const row of this._rows.values()) row.box.checked = false;
    this._tellChosen();
  }

  close() {
    this._observer.disconnect();
  }

  _made(task) {
    const row = new Row(task);
    this._rows.set(task.id, row);
    this._byElement.set(row.element, row);
    this._observer.observe(row.element);
    return row;
  }

  _show(row, now) {
    this._dirty.delete(row);
    row.show(now, this._pace.of(row.task, now).left);
  }

  _look(entries) {
    for (const entry of entries) {
      const row = this._byElement.get(entry.target);
      row.seen = entry.isIntersecting;
      if (row.seen) this._dirty.add(row);
    }
  }

  _chooseAll() {
    for (const row of this._rows.values()) row.box.checked = this._all.checked && !row.box.disabled;
    this._tellChosen();
  }

  _tellChosen() {
    const { chosen } = this;
    const possible = [...this._rows.values()].filter((row) => !row.box.disabled).length;
    this._all.checked = chosen.length > 0 && chosen.length === possible;
    this._all.indeterminate = chosen.length > 0 && chosen.length < possible;
    this._all.disabled = possible === 0;
    this._chosen(chosen);
  }
}
