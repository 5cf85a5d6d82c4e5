// Dialogs: the browser's own element keeps the focus inside and hands it back.

import { el } from "./dom.js";
import { t } from "./page.js";

/**
 * Asks before something is done. `act` may be async; what it throws is shown, and the dialog stays.
 * Resolves to what `act` gives, or to null when the reader thinks better of it.
 */
export function confirmed({ title, body, label, danger = false, act }) {
  return new Promise((resolve) => {
    const problem = el("p", { class: "problem", role: "alert" });
    const yes = el("button", { class: danger ? "danger" : "primary", type: "submit" }, label);
    const no = el("button", { type: "button", on: { click: () => finish(null) } }, t("dialog.back"));
    const heading = el("h2", { id: "dialog-title" }, title);
    const form = el("form", { on: { submit } }, heading, ...[body].flat(), problem, el("div", { class: "actions" }, no, yes));
    const dialog = el("dialog", { "aria-labelledby": "dialog-title", on: { cancel } }, form);
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector("input, select, textarea") ?? no).focus();

    function cancel(event) {
      event.preventDefault();
      finish(null);
    }
    function finish(value) {
      dialog.close();
      dialog.remove();
      resolve(value);
    }
    async function submit(event) {
      event.preventDefault();
      yes.disabled = true;
      problem.textContent = "";
      try {
        finish((await act(new FormData(form))) ?? true);
      } catch (fault) {
        problem.textContent = fault.message;
        yes.disabled = false;
      }
    }
  });
}
