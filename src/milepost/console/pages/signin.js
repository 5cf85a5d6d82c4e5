// The page to sign in on: it stands before any other while there is no session.

import { Away, Refused, call } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./page.js";

/** Shows the form; `done(session)` is called with the session. `ended` says that there was one. */
export function showSignIn(place, { ended, done }) {
  const failure = el("p", { class: "problem", role: "alert", id: "signin-problem" });
  const user = field("user", "username", "text");
  const password = field("password", "current-password", "password");
  const button = el("button", { class: "primary", type: "submit" }, t("signin.do"));
  const form = el(
    "form",
    { class: "signin", "aria-labelledby": "signin-title", on: { submit } },
    el("div", { class: "signin-mark" }, icon("mark")),
    el("h1", { id: "signin-title" }, t("signin.title")),
    ended ? el("p", { class: "note" }, t("signin.ended")) : null,
    user.label,
    password.label,
    failure,
    button,
  );
  place.replaceChildren(form);
  user.input.focus();

  async function submit(event) {
    event.preventDefault();
    failure.textContent = "";
    button.disabled = true;
    const body = { user: user.input.value, password: password.input.value };
    try {
      done(await call("POST", "/v1/session", { body, quiet: true }));
    } catch (fault) {
      if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
      failure.textContent = fault.message;
      button.disabled = false;
      password.input.select();
      password.input.focus();
    }
  }
}

function field(name, autocomplete, type) {
  const input = el("input", {
    id: `signin-${name}`, name, type, autocomplete, required: true, maxlength: "1024",
    autocapitalize: "none", spellcheck: "false", "aria-describedby": "signin-problem",
  });
  return { input, label: el("label", { for: input.id }, el("span", {}, t(`signin.${name}`)), input) };
}
