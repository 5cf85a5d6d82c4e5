// What the pages of administrators have in common: a title, a problem, a table that is read anew.

import { Away, Refused } from "./api.js";
import { bdi, el } from "./dom.js";
import { t } from "./page.js";

export class AdminPage {
  /** `name` is that of the page; `rows()` gives lists of cells, one for each column. */
  constructor(place, { name, columns, action }) {
    this._name = name;
    this._columns = columns;
    this._problem = el("p", { class: "problem", role: "alert", hidden: true });
    this._body = el("tbody", { role: "rowgroup" });
    this._none = el("p", { class: "note", hidden: true }, t(`${name}.none`));
    const heads = columns.map((column) => el("th", { role: "columnheader", scope: "col" }, t(`column.${column}`)));
    place.replaceChildren(
      el("div", { class: "head" }, el("h1", {}, t(`nav.${name}`)), el("span", { class: "gap" }), action ?? null),
      el("p", { class: "second lead" }, t(`${name}.lead`)),
      this._problem,
      this._scroller = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": t(`nav.${name}`) },
        el("table", { role: "table", class: "plain-table admin", "aria-label": t(`nav.${name}`) },
          el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)), this._body)),
      this._none,
    );
    this.load();
  }

  close() {
    this._closed = true;
  }

  /** A row of the table; the first cell is its head. The labels are for a narrow window. */
  _row([head, ...cells]) {
    const labels = this._columns.slice(1).map((column) => t(`column.${column}`));
    return el("tr", { role: "row" }, el("th", { role: "rowheader", scope: "row" }, head),
      ...cells.map((cell, place) => el("td", { role: "cell", data: { label: labels[place] } }, cell)));
  }

  async load() {
    try {
      const rows = await this.rows();
      if (this._closed) return;
      this._problem.hidden = true;
      this._body.replaceChildren(...rows.map((cells) => this._row(cells)));
      this._none.hidden = rows.length > 0;
      this._scroller.hidden = rows.length === 0;
    } catch (fault) {
      if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
      this._problem.textContent = fault.message;
      this._problem.hidden = false;
    }
  }
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
