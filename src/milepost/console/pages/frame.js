// What stands around every page: the way to the others, the state of the stream, the choices.

import { CHOICES, choices, choose } from "./choices.js";
import { bdi, el } from "./dom.js";
import { icon } from "./icons.js";
import { here, isAdministrator, t } from "./page.js";

const TOLD_FOR = 6000;
const PAGES = [
  ["tasks", "/ui/"],
  ["overview", "/ui/overview"],
  ["extensions", "/ui/extensions"],
  ["users", "/ui/users"],
  ["tokens", "/ui/tokens"],
  ["about", "/ui/about"],
];
const FOR_ADMINISTRATORS = ["extensions", "users"];

export class Frame {
  constructor({ signOut, again }) {
    this._signOut = signOut;
    this._again = again;
    this._pages = document.getElementById("pages");
    this._who = document.getElementById("who");
    this._toasts = document.getElementById("toasts");
    this._at = "";
    here.tell = (text, kind) => this.tell(text, kind);
    here.tellState = (state) => this._tellState(state);
  }

  /** Marks where the reader is. */
  at(name) {
    this._at = name === "task" ? "tasks" : name;
    for (const link of this._pages.querySelectorAll("a")) {
      if (link.dataset.page === this._at) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  show() {
    const { session } = here;
    this._pages.setAttribute("aria-label", t("nav.label"));
    const shown = PAGES.filter(([name]) => session && (isAdministrator() || !FOR_ADMINISTRATORS.includes(name)));
    this._pages.replaceChildren(
      ...shown.map(([name, href]) => el("a", { href, data: { go: "", page: name } }, t(`nav.${name}`))),
    );
    this.at(this._at);
    this._state = el("span", { class: "state", hidden: true });
    const settings = el("button", { type: "button", class: "plain", "aria-label": t("choices.title"), title: t("choices.title"), on: { click: () => this._choose() } }, icon("settings"));
    const name = session && el("span", { class: "name" }, bdi(session.user, 40), el("span", { class: "second" }, t(`role.${session.role}`)));
    const out = session && el("button", { type: "button", on: { click: this._signOut } }, t("signout"));
    this._who.replaceChildren(...[this._state, settings, name, out].filter(Boolean));
  }

  /** Another window has chosen something. */
  chosen() {
    this._again();
  }

  /** Says something that passes. */
  tell(text, kind = "note") {
    const close = () => toast.remove();
    const toast = el("div", { class: `toast ${kind}` }, el("span", {}, text),
      el("button", { type: "button", class: "plain", "aria-label": t("dismiss"), on: { click: close } }, icon("close")));
    this._toasts.append(toast);
    if (kind !== "problem") setTimeout(close, TOLD_FOR);
  }

  _tellState(state) {
    if (!this._state) return;
    this._state.hidden = state === "off";
    this._state.dataset.state = state;
    this._state.textContent = state === "off" ? "" : t(`state.${state}`);
  }

  _choose() {
    const close = () => {
      dialog.close();
      dialog.remove();
    };
    const now = choices();
    const fields = Object.entries(CHOICES).map(([name, values]) => {
      const options = values.map((value) => el("option", { value }, t(`choice.${name}.${value}`)));
      const select = el("select", { name, on: { change: () => choose(name, select.value) } }, ...options);
      select.value = now[name];
      return el("label", {}, el("span", {}, t(`choice.${name}`)), select);
    });
    const done = el("button", { type: "submit", class: "primary" }, t("choices.done"));
    const submit = (event) => {
      event.preventDefault();
      close();
      this._again();
    };
    const form = el("form", { on: { submit } }, el("h2", { id: "choices-title" }, t("choices.title")), ...fields, el("div", { class: "actions" }, done));
    const dialog = el("dialog", { "aria-labelledby": "choices-title", on: { cancel: (event) => { event.preventDefault(); close(); this._again(); } } }, form);
    document.body.append(dialog);
    dialog.showModal();
  }
}
