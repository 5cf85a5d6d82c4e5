// The users, for administrators: add one, change a role, give a new password, disable.

import { AdminPage, button, field, select } from "./admin.js";
import { get, patch, post } from "./api.js";
import { confirmed } from "./dialog.js";
import { bdi, el } from "./dom.js";
import { here, t } from "./page.js";

const ROLES = ["administrator", "operator", "viewer", "extension"];
const path = (name) => `/v1/users/${encodeURIComponent(name)}`;

export class UsersPage extends AdminPage {
  constructor(place) {
    const action = button(t("users.add"), () => this._add(), { class: "primary" });
    super(place, { name: "users", columns: ["user", "role", "service", "state", "actions"], action });
  }

  async rows() {
    const { users } = await get("/v1/users");
    return users.map((user) => [
      bdi(user.name),
      t(`role.${user.role}`),
      user.extension ? bdi(user.extension) : "–",
      t(user.disabled ? "users.disabled" : "users.enabled"),
      el("span", { class: "row-actions" },
        button(t("users.change"), () => this._change(user), { "aria-label": t("users.change_one", { name: user.name }) }),
        button(t("users.password"), () => this._password(user), { "aria-label": t("users.password_one", { name: user.name }) }),
        user.name === here.session.user ? null
          : button(t(user.disabled ? "users.enable" : "users.disable"), () => this._toggle(user), { "aria-label": t(user.disabled ? "users.enable_one" : "users.disable_one", { name: user.name }) })),
    ]);
  }

  async _do(question, said) {
    if ((await confirmed(question)) === null) return;
    here.tell(said);
    await this.load();
  }

  _add() {
    const name = el("input", { name: "name", required: true, maxlength: "128", autocomplete: "off", spellcheck: "false" });
    return this._do({
      title: t("users.add"),
      body: [field(t("column.user"), name), ...roleFields("viewer", ""), passwordField()],
      label: t("users.add"),
      act: (form) => post("/v1/users", { name: form.get("name"), password: form.get("password"), ...roleOf(form) }),
    }, t("users.added"));
  }

  _change(user) {
    return this._do({
      title: t("users.change_one", { name: user.name }),
      body: roleFields(user.role, user.extension ?? ""),
      label: t("users.save"),
      act: (form) => patch(path(user.name), roleOf(form)),
    }, t("users.changed"));
  }

  _password(user) {
    return this._do({
      title: t("users.password_one", { name: user.name }),
      body: [el("p", {}, t("users.password_explain")), passwordField()],
      label: t("users.save"),
      act: (form) => patch(path(user.name), { password: form.get("password") }),
    }, t("users.changed"));
  }

  _toggle(user) {
    return this._do({
      title: t(user.disabled ? "users.enable_one" : "users.disable_one", { name: user.name }),
      body: el("p", {}, t(user.disabled ? "users.enable_explain" : "users.disable_explain")),
      label: t(user.disabled ? "users.enable" : "users.disable"),
      danger: !user.disabled,
      act: () => patch(path(user.name), { disabled: !user.disabled }),
    }, t("users.changed"));
  }
}

function roleFields(role, extension) {
  const roles = select("role", ROLES, role, (value) => t(`role.${value}`));
  const key = el("input", { name: "extension", value: extension, maxlength: "255", spellcheck: "false", placeholder: "com.acme.backup" });
  const label = field(t("users.key"), key);
  const follow = () => {
    label.hidden = roles.value !== "extension";
    key.required = !label.hidden;
  };
  roles.addEventListener("change", follow);
  follow();
  return [field(t("column.role"), roles), label];
}

function roleOf(form) {
  const role = form.get("role");
  return role === "extension" ? { role, extension: form.get("extension") } : { role };
}

function passwordField() {
  return field(t("signin.password"), el("input", { name: "password", type: "password", required: true, minlength: "8", maxlength: "1024", autocomplete: "new-password" }));
}
