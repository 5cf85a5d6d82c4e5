// How a task stands: status, progress with rate and time left, and how far a cancel has come.

import { visible } from "./clean.js";
import { el, setAttribute, setHidden, setText } from "./dom.js";
import { icon } from "./icons.js";
import { cancelOf, elapsed, isFinished, progressOf, said, silence } from "./model.js";
import { here, t } from "./page.js";
import { doneText } from "./row.js";

const STEPS = ["requested", "acknowledged", "ended"];

function words(name, props = {}) {
  const node = document.createTextNode("");
  return { node, element: el(name, props, node) };
}

export class Standing {
  constructor(pace) {
    this._pace = pace;
    this._sign = el("span", { class: "sign" });
    this._status = words("strong");
    this._badge = words("span", { class: "badge badge-stale", hidden: true });
    this._bar = el("progress", { max: 100, "aria-label": t("column.progress") });
    this._done = words("span", { class: "figures" });
    this._message = words("p", { class: "prose", dir: "auto" });
    this._figures = ["elapsed", "rate", "left", "lease"].map((name) => {
      const value = words("dd", { class: "figures" });
      return { name, node: value.node, element: el("div", {}, el("dt", {}, t(`standing.${name}`)), value.element) };
    });
    this._steps = STEPS.map((name) => {
      const at = words("span", { class: "second figures" });
      return { name, at, element: el("li", {}, el("span", { class: "step" }, t(`step.${name}`)), at.element) };
    });
    this._handshake = el("div", { class: "handshake", hidden: true }, el("h3", {}, t("handshake")),
      el("ol", {}, ...this._steps.map((step) => step.element)));
    this.element = el(
      "section", { class: "card standing", "aria-label": t("column.status") },
      el("p", { class: "status" }, this._sign, this._status.element, this._badge.element),
      el("div", { class: "meter" }, this._bar, this._done.element),
      this._message.element,
      el("dl", { class: "figures-row" }, ...this._figures.map((one) => one.element)),
      this._handshake,
    );
  }

  show(task, now) {
    if (this._shown !== task.status) {
      this._shown = task.status;
      this._sign.replaceChildren(icon(task.status));
      setText(this._status.node, t(`status.${task.status}`));
      setAttribute(this.element, "data-status", task.status);
    }
    const silent = silence(task, now);
    setHidden(this._badge.element, !silent);
    if (silent) setText(this._badge.node, t("stale", { time: here.formats.duration(silent / 1000) }));
    const progress = progressOf(task);
    setHidden(this._bar.parentElement, !progress);
    if (progress) {
      this._bar.value = progress.percent;
      setAttribute(this._bar, "data-status", task.status);
      setText(this._done.node, doneText(progress));
    }
    setText(this._message.node, visible(said(task.progress?.message), 2000));
    this._showFigures(task, now);
    this._showHandshake(task);
  }

  _showFigures(task, now) {
    const { formats } = here;
    const took = elapsed(task, now);
    const { rate, left } = this._pace.of(task, now);
    const lease = task.lease && !isFinished(task) ? task.lease.seconds : null;
    const shown = {
      elapsed: took === null ? "" : formats.duration(took, isFinished(task)),
      rate: rate === null ? "" : t("standing.each", { rate: formats.rate(rate) }),
      left: left === null ? "" : formats.duration(left),
      lease: lease === null ? "" : t("standing.within", { time: formats.duration(lease) }),
    };
    for (const { name, node, element } of this._figures) {
      setText(node, shown[name]);
      setHidden(element, !shown[name]);
    }
  }

  _showHandshake(task) {
    setHidden(this._handshake, !task.cancel_requested);
    if (!task.cancel_requested) return;
    const at = { requested: task.cancel_requested, acknowledged: task.cancel_acknowledged, ended: task.finished_at };
    for (const { name, at: when, element } of this._steps) {
      setAttribute(element, "data-done", at[name] ? "yes" : "no");
      setText(when.node, at[name] ? here.formats.time(at[name]) : t(cancelOf(task) ? "step.waiting" : "step.left_out"));
    }
  }
}
