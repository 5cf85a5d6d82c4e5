// The tokens of programs: one's own, or for administrators those of all; a text is shown once.

import { AdminPage, button, field, select } from "./admin.js";
import { call, get, post } from "./api.js";
import { confirmed } from "./dialog.js";
import { bdi, el } from "./dom.js";
import { here, isAdministrator, t } from "./page.js";
import { copyText } from "./values.js";

const SCOPES = ["full", "read", "watch"];
const DAY = 24 * 60 * 60;
const LIFETIMES = ["30", "90", "365", ""];
const AT_ONCE = 500;

export class TokensPage extends AdminPage {
  constructor(place) {
    const action = button(t("tokens.make"), () => this._make(), { class: "primary" });
    super(place, { name: "tokens", columns: ["name", "user", "scope", "service", "created", "expires", "used", "actions"], action });
  }

  async rows() {
    const { tokens } = await get("/v1/tokens", `page_size=${AT_ONCE}`);
    return tokens.map((token) => [
      bdi(token.name),
      bdi(token.user),
      scopeText(token.scope ?? "full"),
      token.extension ? bdi(token.extension) : "–",
      day(token.created_at),
      token.revoked_at ? t("tokens.revoked", { at: here.formats.whole(token.revoked_at) }) : day(token.expires_at) ?? t("tokens.never"),
      day(token.used_at) ?? "–",
      token.revoked_at ? "" : el("span", { class: "row-actions" },
        button(t("tokens.revoke"), () => this._revoke(token), { "aria-label": t("tokens.revoke_one", { name: token.name }) })),
    ]);
  }

  async _make() {
    const name = el("input", { name: "name", required: true, maxlength: "128", autocomplete: "off" });
    const extension = el("input", { name: "extension", maxlength: "255", placeholder: "com.acme.backup", spellcheck: "false" });
    const user = el("input", { name: "user", maxlength: "128", value: here.session.user, autocomplete: "off", spellcheck: "false" });
    const made = await confirmed({
      title: t("tokens.make"),
      body: [
        field(t("column.name"), name, t("tokens.name_hint")),
        field(t("column.scope"), select("scope", SCOPES, "full", scopeText)),
        isAdministrator() ? field(t("column.user"), user) : null,
        field(t("tokens.extension"), extension),
        field(t("column.expires"), select("days", LIFETIMES, "90", lifetimeText)),
      ].filter(Boolean),
      label: t("tokens.make"),
      act: (form) => post("/v1/tokens", specOf(form)),
    });
    if (!made) return;
    await this.load();
    await showOnce(made);
  }

  async _revoke(token) {
    const done = await confirmed({
      title: t("tokens.revoke_one", { name: token.name }),
      body: el("p", {}, t("tokens.revoke_explain")),
      label: t("tokens.revoke"),
      danger: true,
      act: () => call("DELETE", `/v1/tokens/${encodeURIComponent(token.id)}`),
    });
    if (done) await this.load();
  }
}

/** What is asked for; what was left empty is left out. */
function specOf(form) {
  const spec = { name: form.get("name"), scope: form.get("scope") };
  if (form.get("extension")) spec.extension = form.get("extension");
  if (form.get("user") && form.get("user") !== here.session.user) spec.user = form.get("user");
  if (form.get("days")) spec.lifetime_seconds = Number(form.get("days")) * DAY;
  return spec;
}

function showOnce(made) {
  const text = el("input", { value: made.token, readonly: true, class: "secret", "aria-label": t("tokens.text"), on: { focus: () => text.select() } });
  const copy = button(t("copy"), () => copyText(made.token));
  return confirmed({
    title: t("tokens.made", { name: made.name }),
    body: [el("p", {}, t("tokens.once")), text, copy],
    label: t("dialog.close"),
    act: () => true,
  });
}

const scopeText = (scope) => t(SCOPES.includes(scope) ? `scope.${scope}` : "scope.other", { scope });
const lifetimeText = (days) => (days ? t("tokens.days", { n: Number(days) }) : t("tokens.longest"));
const day = (instant) => (instant ? el("time", { datetime: instant, class: "figures" }, here.formats.whole(instant)) : null);
