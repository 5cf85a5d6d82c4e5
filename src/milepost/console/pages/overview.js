// The overview: what runs where, what has ended within the last day, what failed, what is silent.

import { Away, Refused, get, serverNow } from "./api.js";
import { durations, figuresTable, throughput } from "./charts.js";
import { bdi, el } from "./dom.js";
import { icon } from "./icons.js";
import { STALE_AFTER, detailOf, nameOf, silence } from "./model.js";
import { here, t, taskAddress } from "./page.js";
import { searchOf } from "./query.js";

const READ_EVERY = 10_000;
const DAY = 24 * 60 * 60 * 1000;
const MOST_LISTED = 8;

export class Overview {
  constructor(place) {
    this._problem = el("p", { class: "problem", role: "alert", hidden: true });
    this._body = el("div", { class: "overview" });
    place.replaceChildren(el("div", { class: "head" }, el("h1", {}, t("nav.overview"))), this._problem, this._body);
    this._ticking = setInterval(() => document.hidden || this._load(), READ_EVERY);
    this._load();
  }

  close() {
    clearInterval(this._ticking);
    this._closed = true;
  }

  async _load() {
    const now = serverNow();
    const few = { page_size: MOST_LISTED, exclude_result: true };
    const since = new Date(now - DAY).toISOString();
    const silentSince = new Date(now - STALE_AFTER).toISOString();
    try {
      const [figures, failed, silent] = await Promise.all([
        get("/v1/overview"),
        get("/v1/tasks", new URLSearchParams({ ...few, status: "FAILED", finished_after: since })),
        get("/v1/tasks", new URLSearchParams({ ...few, page_size: 50, status: "RUNNING", updated_before: silentSince })),
      ]);
      if (this._closed) return;
      this._problem.hidden = true;
      const isOpen = this._body.querySelector("details")?.open;
      const focused = document.activeElement?.getAttribute?.("href");
      this._body.replaceChildren(...this._cards(figures, failed.tasks, silent.tasks.filter((task) => silence(task, now)), since, silentSince));
      if (isOpen) this._body.querySelector("details").open = true;
      // What had the focus is there again, as another element.
      if (focused && document.activeElement === document.body) {
        [...this._body.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
      }
    } catch (fault) {
      if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
      this._problem.textContent = fault.message;
      this._problem.hidden = false;
    }
  }

  _cards(figures, failed, silent, since, silentSince) {
    const total = (list, status) => list.reduce((sum, one) => sum + one[status], 0);
    const tiles = [
      tile("RUNNING", total(figures.open, "RUNNING"), { status: ["RUNNING"] }),
      tile("PENDING", total(figures.open, "PENDING"), { status: ["PENDING"] }),
      tile("BLOCKED", total(figures.open, "BLOCKED"), { status: ["BLOCKED"] }),
      tile("SUCCEEDED", total(figures.ended, "SUCCEEDED"), { status: ["SUCCEEDED"], finished_after: since }),
      tile("FAILED", total(figures.ended, "FAILED"), { status: ["FAILED"], finished_after: since }),
    ];
    const isWhole = figures.complete && Date.parse(figures.complete_since) <= Date.parse(figures.hours[0].begins);
    return [
      el("ul", { class: "tiles" }, ...tiles),
      isWhole ? null : el("p", { class: "note" }, t("overview.part", { since: here.formats.whole(figures.complete_since) })),
      el("div", { class: "cards" },
        card("overview.throughput", t("overview.throughput.note"), legend(["good", "bad"]), throughput(figures.hours)),
        card("overview.durations", t("overview.durations.note"), legend(["p50", "p90", "p99"]), durations(figures.hours)),
        el("div", {}, card("overview.services", null, services(figures)), this._silent(silent, silentSince)),
        card("overview.failures", null, taskList(failed, { status: ["FAILED"], finished_after: since }, "overview.no_failures", detailOf))),
      figuresTable(figures.hours),
    ].filter(Boolean);
  }

  _silent(tasks, since) {
    const note = t("overview.stale.note", { time: here.formats.duration(STALE_AFTER / 1000) });
    return card("overview.stale", note, taskList(tasks.slice(0, MOST_LISTED), { status: ["RUNNING"], updated_before: since }, "overview.no_stale", staleText));
  }
}

function staleText(task) {
  return t("stale", { time: here.formats.duration(silence(task, serverNow()) / 1000) });
}

function tile(status, count, filters) {
  const href = `/ui/${searchOf(filters)}`;
  return el("li", {}, el("a", { href, data: { go: "" }, class: "tile" },
    el("span", { class: "status" }, icon(status), t(`status.${status}`)), el("strong", { class: "figures" }, here.formats.number(count)),
    el("span", { class: "second" }, t(filters.finished_after ? "overview.day" : "overview.now"))));
}

function card(title, note, ...content) {
  return el("section", { class: "card" }, el("h2", {}, t(title)), note && el("p", { class: "second" }, note), ...content);
}

function legend(names) {
  return el("ul", { class: "legend" }, ...names.map((name) => el("li", { class: name }, t(`legend.${name}`))));
}

function services(figures) {
  const ended = new Map(figures.ended.map((one) => [one.service, one]));
  const names = [...new Set([...figures.open, ...figures.ended].map((one) => one.service))].sort();
  const open = new Map(figures.open.map((one) => [one.service, one]));
  if (names.length === 0) return el("p", { class: "note" }, t("overview.no_services"));
  const heads = ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"];
  const rows = names.map((service) => el(
    "tr", {},
    el("th", { scope: "row" }, el("a", { href: `/ui/${searchOf({ service: [service] })}`, data: { go: "" } }, bdi(service))),
    ...heads.map((status) => el("td", { class: "figures" }, here.formats.number((open.get(service)?.[status] ?? ended.get(service)?.[status]) || 0))),
  ));
  return el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": t("overview.services") },
    el("table", { class: "plain-table" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("column.service")), ...heads.map((status) => el("th", { scope: "col" }, t(`status.${status}`))))),
      el("tbody", {}, ...rows)));
}

function taskList(tasks, filters, none, detail) {
  if (tasks.length === 0) return el("p", { class: "note" }, t(none));
  const items = tasks.map((task) => el(
    "li", {},
    el("a", { href: taskAddress(task.id), data: { go: "" } }, bdi(nameOf(task))),
    el("bdi", { class: "second" }, detail(task)),
    el("time", { datetime: task.updated_at, class: "second figures" }, here.formats.time(task.updated_at)),
  ));
  const all = filters && el("p", {}, el("a", { href: `/ui/${searchOf(filters)}`, data: { go: "" } }, t("overview.all")));
  return el("div", {}, el("ul", { class: "task-list" }, ...items), all);
}
