// Tokens of machines, for administrators.
import { el } from "./dom.js";
import { t } from "./page.js";
export class TokensPage {
  constructor(place) {
    place.replaceChildren(el("div", { class: "head" }, el("h1", {}, t("nav.tokens"))));
  }
  close() {}
}
