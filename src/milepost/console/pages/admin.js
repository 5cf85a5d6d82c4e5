// What the pages of administrators have in common: a title, a problem, a table that is read anew.

import { Away, Refused } from "./api.js";
import { bdi, el } from "./dom.js";
import { t } from "./page.js";

export class AdminPage {
  /** `name` is that of the page; `read` gives what `rows(found)` makes rows of. */
  constructor(place, { name, columns, action }) {
    this._name = name;
    this._columns = columns;
    this._problem = el("p", { class: "problem", role: "alert", hidden: true });
    this._body = el("tbody", {});
    this._none = el("p", { class: "note", hidden: true }, t(`${name}.none`));
    const heads = columns.map((column) => el("th", { scope: "col" }, t(`column.${column}`)));
    place.replaceChildren(
      el("div", { class: "head" }, el("h1", {}, t(`nav.${name}`)), el("span", { class: "gap" }), action ?? null),
      el("p", { class: "second lead" }, t(`${name}.lead`)),
      this._problem,
      this._scroller = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": t(`nav.${name}`) },
        el("table", { class: "plain-table admin" }, el("thead", {}, el("tr", {}, ...heads)), this._body)),
      this._none,
    );
    this.load();
  }

  close() {
    this._closed = true;
  }

  async load() {
    try {
      const rows = await this.rows();
      if (this._closed) return;
      this._problem.hidden = true;
      this._body.replaceChildren(...rows);
      this._none.hidden = rows.length > 0;
      this._scroller.hidden = rows.length === 0;
    } catch (fault) {
      if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
      this._problem.textContent = fault instanceof Away ? t("away") : fault.message;
      this._problem.hidden = false;
    }
  }
}

/** A row of a table; the first cell is its head. */
export function row([head, ...cells]) {
  return el("tr", {}, el("th", { scope: "row" }, head), ...cells.map((cell) => el("td", {}, cell)));
}

export function button(label, click, props = {}) {
  return el("button", { type: "button", on: { click }, ...props }, label);
}

/** A field of a form in a dialog. */
export function field(label, input, hint) {
  return el("label", {}, el("span", {}, label), input, hint ? el("span", { class: "second" }, hint) : null);
}

export function select(name, values, chosen, label) {
  const found = el("select", { name }, ...values.map((value) => el("option", { value }, label(value))));
  found.value = chosen;
  return found;
}

export function names(list) {
  return list.length === 0 ? "–" : el("span", {}, ...list.flatMap((one, place) => [place ? ", " : "", bdi(one, 60)]));
}
