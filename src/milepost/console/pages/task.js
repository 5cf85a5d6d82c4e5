// The page of one task: how it stands, what came of it, what belongs to it, and its history.

import { Away, Refused, get, post, serverNow, taskPath } from "./api.js";
import { Children } from "./children.js";
import { confirmed } from "./dialog.js";
import { bdi, el, onceAFrame, prose } from "./dom.js";
import { eventOf } from "./history.js";
import { icon } from "./icons.js";
import { causes, isFinished, merged, nameOf, needsText } from "./model.js";
import { Pace } from "./pace.js";
import { here, may, t, taskAddress } from "./page.js";
import { searchOf } from "./query.js";
import { Standing } from "./standing.js";
import { Stream } from "./stream.js";
import { Timeline } from "./timeline.js";
import { copyText, raw, readable } from "./values.js";

const READ_EVERY = 1000;
const READ_AGAIN = 10;

export class TaskPage {
  constructor(place, id) {
    this._id = id;
    this._place = place;
    this._task = null;
    this._pace = new Pace();
    this._standing = new Standing(this._pace);
    this._timeline = new Timeline(id);
    this._children = new Children(id, () => this._readSoon());
    this._show = onceAFrame(() => this._showTask(), 100);
    this._readLater = onceAFrame(() => this.load(), READ_EVERY);
    this._build();
    this._stream = new Stream({
      query: () => `task=${encodeURIComponent(id)}`,
      put: (data, position) => this._put(JSON.parse(data), position),
      begin: () => this.load({ history: true }),
      tell: (state) => here.tellState(state),
    });
    this._stream.open();
    this._ticks = 0;
    this._ticking = setInterval(() => this._tick(), 1000);
  }

  close() {
    this._closed = true;
    clearInterval(this._ticking);
    this._stream.close();
    this._children.close();
  }

  /** Times go on; now and then the task is read, as a new child or a heartbeat is no change of it. */
  _tick() {
    if (!this._task || document.hidden) return;
    this._showTask();
    this._ticks += 1;
    if (this._ticks % READ_AGAIN === 0 && !isFinished(this._task)) this._readSoon();
  }

  _build() {
    this._title = el("h1", { dir: "auto" }, t("task.loading"));
    this._facts = el("dl", { class: "facts" });
    this._problem = el("p", { class: "problem", role: "alert", hidden: true });
    this._cancel = el("button", { type: "button", hidden: true, on: { click: () => this._askCancel() } }, icon("cancel"), t("task.cancel"));
    this._force = el("button", { type: "button", class: "danger", hidden: true, on: { click: () => this._askForce() } }, t("task.force"));
    const link = el("button", { type: "button", class: "plain", on: { click: () => copyText(location.href) } }, icon("link"), t("task.link"));
    this._outcome = el("div", { class: "outcome" });
    this._raw = el("div", {});
    this._place.replaceChildren(
      el("p", { class: "crumbs" }, el("a", { href: "/ui/", data: { go: "" } }, t("nav.tasks"))),
      el("div", { class: "head" }, this._title, el("span", { class: "gap" }), link, this._cancel, this._force),
      this._problem,
      el("div", { class: "columns" },
        el("div", {}, this._standing.element, this._outcome, this._children.element, this._timeline.element),
        el("aside", { class: "card" }, el("h2", {}, t("task.facts")), this._facts, this._raw)),
    );
  }

  /** Reads the task, and where the stream has not told of all that happened its history too. */
  async load({ history = false } = {}) {
    if (history) this._timeline.load();
    try {
      const task = await get(taskPath(this._id));
      if (this._closed || (this._task && task.revision < this._task.revision)) return;
      this._task = task;
      this._pace.note(task, Date.parse(task.updated_at));
      this._problem.hidden = true;
      this._showTask();
      this._showOutcome();
      this._showFacts();
      this._children.show(task.children);
    } catch (fault) {
      this._fail(fault);
    }
  }

  _readSoon() {
    if (!this._closed) this._readLater();
  }

  _fail(fault) {
    if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
    this._problem.textContent = fault.message;
    this._problem.hidden = false;
    if (!this._task) this._title.textContent = t("task.none");
    if (fault instanceof Refused && fault.status === 404) this._stream.close();
  }

  _put(told, position) {
    this._timeline.add(eventOf(told, position));
    const old = this._task;
    if (!old || told.task.revision <= old.revision) return;
    const kept = { result: old.result, children: old.children, lease: old.lease };
    const task = merged(old, { ...kept, ...told.task });
    this._pace.note(task, Date.parse(task.updated_at));
    this._task = task;
    this._show();
    // The stream tells no result, and texts only as they were sent.
    const isMore = told.changes.some((change) => ["result", "status", "error"].includes(change.field));
    if (isMore || needsText(old, task)) this._readSoon();
  }

  _showTask() {
    const task = this._task;
    if (!task || this._closed) return;
    const name = nameOf(task);
    if (this._title.textContent !== name) {
      this._title.textContent = name;
      document.title = `${name} · Milepost`;
    }
    this._standing.show(task, serverNow());
    const isOpen = !isFinished(task);
    this._cancel.hidden = !(isOpen && task.cancelable && !task.cancel && may("cancel"));
    this._force.hidden = !(isOpen && task.cancel && may("force-close"));
    if (!this._force.hidden) this._showForce(task);
  }

  /** A task may be closed by force when its extension has had its time. */
  _showForce(task) {
    if (this._grace === undefined) {
      this._grace = null;
      get("/v1/server").then((server) => (this._grace = server.cancel_grace), () => (this._grace = 0));
    }
    const left = this._grace === null ? 0 : Date.parse(task.cancel_requested) + this._grace * 1000 - serverNow();
    const label = left > 0 ? t("task.force_in", { time: here.formats.duration(Math.ceil(left / 1000)) }) : t("task.force");
    if (this._force.textContent !== label) this._force.textContent = label;
    this._force.disabled = this._grace === null || left > 0;
  }

  _showFacts() {
    const task = this._task;
    const filter = (name, value, text = value) => el("a", { href: `/ui/${searchOf({ [name]: [value] })}`, data: { go: "" } }, bdi(text));
    const facts = [
      ["id", el("code", { class: "id" }, task.id)],
      ["operation", filter("operation", task.operation)],
      ["service", filter("service", task.service)],
      ["target", filter("target", `${task.target.type}:${task.target.id}`, `${task.target.type}: ${task.target.id}`)],
      ["user", task.user && filter("user", task.user)],
      ["principal", bdi(task.principal)],
      ["parent", task.parent && el("a", { href: taskAddress(task.parent), data: { go: "" } }, bdi(task.parent))],
      ["queued", when(task.created_at)],
      ["started", when(task.start_time)],
      ["ended", when(task.end_time)],
      ["updated", when(task.updated_at)],
      ["revision", here.formats.number(task.revision)],
      ["cancelable", t(task.cancelable ? "yes" : "no")],
      ["weight", task.parent && here.formats.rate(task.weight)],
      ["pinned", task.pinned && t("yes")],
    ];
    this._facts.replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) =>
      el("div", {}, el("dt", {}, t(`fact.${name}`)), el("dd", {}, value))));
    this._raw.replaceChildren(raw(task, t("raw.task")));
  }

  _showOutcome() {
    const { error, result } = this._task;
    const parts = [];
    if (error) parts.push(this._errorCard(error));
    if (result !== undefined && result !== null) {
      parts.push(el("section", { class: "card" }, el("h2", {}, t("task.result")), ...readable(result), raw(result)));
    }
    this._outcome.replaceChildren(...parts);
  }

  _errorCard(error) {
    const { messages, error_type: type, ...more } = error;
    const [what, ...why] = causes(error);
    const chain = why.map((text) => el("li", {}, prose(text)));
    return el(
      "section", { class: "card failure-card" },
      el("h2", {}, icon("FAILED"), t("task.error")),
      el("p", { class: "what" }, prose(what)),
      chain.length > 0 && el("div", {}, el("h3", {}, t("task.cause")), el("ol", { class: "causes" }, ...chain)),
      type && el("p", { class: "second" }, el("code", {}, bdi(type))),
      Object.keys(more).length > 0 && el("div", {}, el("h3", {}, t("task.data")), ...readable(more)),
      raw(error),
    );
  }

  async _askCancel() {
    const open = this._task.children;
    const body = [el("p", {}, t("cancel.explain"))];
    if (open) body.push(el("p", {}, t("cancel.children", { n: open.count })));
    const task = await confirmed({
      title: t("cancel.title"), body, label: t("task.cancel"), danger: true,
      act: () => post(`${taskPath(this._id)}:cancel`),
    });
    if (task) await this.load();
  }

  async _askForce() {
    const task = await confirmed({
      title: t("force.title"), body: el("p", {}, t("force.explain")), label: t("task.force"), danger: true,
      act: () => post(`${taskPath(this._id)}:force-close`),
    });
    if (task) await this.load();
  }
}

function when(instant) {
  return instant ? el("time", { datetime: instant, class: "figures" }, here.formats.whole(instant)) : null;
}
