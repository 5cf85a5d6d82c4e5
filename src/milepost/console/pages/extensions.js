// The registered extensions, for administrators: what each has, and forgetting one.

import { AdminPage, button, names } from "./admin.js";
import { call, get } from "./api.js";
import { confirmed } from "./dialog.js";
import { bdi, el } from "./dom.js";
import { here, t } from "./page.js";
import { searchOf } from "./query.js";
import { raw, readable } from "./values.js";

const path = (key) => `/v1/extensions/${encodeURIComponent(key)}`;

export class ExtensionsPage extends AdminPage {
  constructor(place) {
    super(place, { name: "extensions", columns: ["key", "name", "version", "operations", "languages", "members", "actions"] });
  }

  async rows() {
    const { extensions } = await get("/v1/extensions");
    return extensions.map((one) => [
      el("a", { href: `/ui/${searchOf({ service: [one.key] })}`, data: { go: "" } }, bdi(one.key)),
      bdi(one.name ?? ""),
      here.formats.number(one.version),
      here.formats.number(one.operations) + (one.operations_closed ? ` (${t("extensions.closed")})` : ""),
      names(one.locales),
      here.formats.number(one.members),
      el("span", { class: "row-actions" },
        button(t("extensions.show"), () => this._show(one), { "aria-label": t("extensions.show_one", { name: one.key }) }),
        button(t("extensions.forget"), () => this._forget(one), { "aria-label": t("extensions.forget_one", { name: one.key }) })),
    ]);
  }

  async _show(one) {
    try {
      const { catalogues, ...found } = await get(path(one.key));
      const body = [...readable(found), ...catalogues.map((each) => raw(each, `${each.locale} · ${each.file}`))];
      await confirmed({ title: one.key, body: el("div", { class: "tall" }, ...body), label: t("dialog.close"), act: () => true });
    } catch (fault) {
      here.tell(fault.message, "problem");
    }
  }

  async _forget(one) {
    const done = await confirmed({
      title: t("extensions.forget_one", { name: one.key }),
      body: el("p", {}, t("extensions.forget_explain")),
      label: t("extensions.forget"),
      danger: true,
      act: () => call("DELETE", path(one.key)),
    });
    if (done) await this.load();
  }
}
