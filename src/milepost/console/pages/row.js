// One row of the table: its elements, and how a task is put into them.

import { el, setAttribute, setHidden, setText } from "./dom.js";
import { icon } from "./icons.js";
import { line } from "./clean.js";
import {
  cancelOf, detailOf, elapsed, isFinished, nameOf, progressOf, silence,
} from "./model.js";
import { here, may, t, taskAddress } from "./page.js";

export const COLUMNS = [
  "select", "task", "target", "status", "progress", "time", "initiator", "queued", "started", "ended",
];

/** A cell whose texts are set later; `words` are its text nodes. */
function cell(column, ...children) {
  return el("td", { role: "cell", class: `col-${column}`, "data-label": t(`column.${column}`) }, ...children);
}

function words(name, props = {}) {
  const node = document.createTextNode("");
  return { node, element: el(name, props, node) };
}

export class Row {
  constructor(task) {
    this.id = task.id;
    this.seen = true;
    this.task = task;
    this.leavesAt = 0;
    this._build();
  }

  _build() {
    this.box = el("input", { type: "checkbox", data: { id: this.id } });
    this._name = words("bdi");
    this._link = el("a", { class: "name", href: taskAddress(this.id), data: { go: "" } }, this._name.element);
    this._detail = words("bdi", { class: "second" });
    this._target = words("bdi");
    this._kind = words("bdi", { class: "second" });
    this._status = words("span");
    this._sign = el("span", { class: "sign" });
    this._cancel = words("span", { class: "badge badge-cancel", hidden: true });
    this._stale = words("span", { class: "badge badge-stale", hidden: true });
    this._bar = el("progress", { max: 100 });
    this._done = words("span", { class: "second figures" });
    this._took = words("span", { class: "figures" });
    this._left = words("span", { class: "second figures" });
    this._user = words("bdi");
    this._service = words("bdi", { class: "second" });
    this._at = ["queued", "started", "ended"].map(() => ({
      time: words("time", { class: "figures" }), day: words("span", { class: "second" }),
    }));
    const [queued, started, ended] = this._at.map(({ time, day }) => [time.element, day.element]);
    this.element = el(
      "tr", { role: "row" },
      cell("select", el("label", { class: "box" }, this.box)),
      cell("task", this._link, this._detail.element),
      cell("target", this._target.element, this._kind.element),
      cell("status", el("span", { class: "status" }, this._sign, this._status.element),
        el("span", { class: "badges" }, this._cancel.element, this._stale.element)),
      cell("progress", this._bar, this._done.element),
      cell("time", this._took.element, this._left.element),
      cell("initiator", this._user.element, this._service.element),
      cell("queued", queued), cell("started", started), cell("ended", ended),
    );
  }

  /** Shows the task as it is now; `left` are the seconds it may still take, if that is known. */
  show(now, left) {
    const { task } = this;
    const name = nameOf(task);
    setText(this._name.node, name);
    setAttribute(this.box, "aria-label", t("select.one", { name }));
    setText(this._detail.node, detailOf(task));
    setAttribute(this._detail.element, "class", task.status === "FAILED" ? "second failure" : "second");
    this._showTarget();
    this._showStatus(now);
    this._showProgress();
    this._showTimes(now, left);
    setText(this._user.node, line(task.user ?? task.principal));
    setText(this._service.node, line(task.service));
    this.box.disabled = !may("cancel") || isFinished(task) || !task.cancelable || task.cancel !== undefined;
    setAttribute(this.element, "class", this.leavesAt ? "leaving" : null);
  }

  _showTarget() {
    const { type = "", id = "" } = this.task.target ?? {};
    setText(this._target.node, line(id));
    setText(this._kind.node, line(type));
  }

  _showStatus(now) {
    const { status } = this.task;
    if (this._shown !== status) {
      this._shown = status;
      this._sign.replaceChildren(icon(status));
      setText(this._status.node, t(`status.${status}`));
    }
    const cancel = cancelOf(this.task);
    setHidden(this._cancel.element, !cancel);
    if (cancel) setText(this._cancel.node, t(`cancel.${cancel}`));
    const silent = silence(this.task, now);
    setHidden(this._stale.element, !silent);
    if (silent) setText(this._stale.node, t("stale", { time: here.formats.duration(silent / 1000) }));
  }

  _showProgress() {
    const progress = progressOf(this.task);
    setHidden(this._bar, !progress);
    if (!progress) {
      setText(this._done.node, "");
      return;
    }
    if (this._bar.value !== progress.percent) this._bar.value = progress.percent;
    setAttribute(this._bar, "data-status", this.task.status);
    setAttribute(this._bar, "aria-label", t("progress.of", { name: nameOf(this.task) }));
    setText(this._done.node, doneText(progress));
  }

  _showTimes(now, left) {
    const { task } = this;
    const took = elapsed(task, now);
    setText(this._took.node, took === null ? "" : here.formats.duration(took, isFinished(task)));
    setText(this._left.node, left === null ? "" : t("left", { time: here.formats.duration(left) }));
    [task.created_at, task.start_time, task.end_time].forEach((at, place) => {
      const { time, day } = this._at[place];
      if (time.element.dateTime === (at ?? "") && at) return;
      time.element.dateTime = at ?? "";
      setText(time.node, at ? here.formats.time(at) : "");
      setText(day.node, at ? here.formats.day(at, now) : "");
      if (at) time.element.title = here.formats.whole(at);
    });
  }
}

/** Progress in words: n of total, and the percentage where it says more. */
export function doneText({ completed, total, percent }) {
  const shown = here.formats.percent(percent);
  return total === 100 ? shown : t("progress.text", { completed, total, percent: shown });
}
