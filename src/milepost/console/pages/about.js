// What server this is, and how it does.

import { Away, Refused, get } from "./api.js";
import { bdi, el } from "./dom.js";
import { icon } from "./icons.js";
import { here, t } from "./page.js";

const READ_EVERY = 15_000;

export class About {
  constructor(place) {
    this._health = el("p", { class: "status" });
    this._facts = el("dl", { class: "facts" });
    this._session = el("dl", { class: "facts" });
    place.replaceChildren(
      el("div", { class: "head" }, el("h1", {}, t("nav.about"))),
      el("div", { class: "cards" },
        el("section", { class: "card" }, el("h2", {}, t("about.server")), this._health, this._facts),
        el("section", { class: "card" }, el("h2", {}, t("about.session")), this._session),
        el("section", { class: "card" }, el("h2", {}, t("about.more")), el("ul", {},
          el("li", {}, el("a", { href: "/docs" }, t("about.docs"))),
          el("li", {}, el("a", { href: "/openapi.json" }, t("about.openapi"))))),
      ),
    );
    this._showSession();
    this._ticking = setInterval(() => document.hidden || this._load(), READ_EVERY);
    this._load();
  }

  close() {
    clearInterval(this._ticking);
  }

  async _load() {
    try {
      const server = await get("/v1/server");
      this._tell(server.ready);
      const { formats } = here;
      this._facts.replaceChildren(...facts({
        version: server.version,
        store: server.store,
        started: formats.whole(server.started_at),
        uptime: formats.duration((Date.parse(server.now) - Date.parse(server.started_at)) / 1000),
        log: t("about.log_span", { from: formats.number(server.first_position + 1), to: formats.number(server.last_position) }),
        watchers: formats.number(server.watchers),
        grace: formats.duration(server.cancel_grace),
      }));
    } catch (fault) {
      if (!(fault instanceof Refused || fault instanceof Away)) throw fault;
      this._tell(false);
    }
  }

  _tell(isReady) {
    this._health.replaceChildren(icon(isReady ? "SUCCEEDED" : "FAILED"), t(isReady ? "about.ready" : "about.not_ready"));
  }

  _showSession() {
    const { user, role, extension, ends_at: ends } = here.session;
    this._session.replaceChildren(...facts({
      user: bdi(user),
      role: t(`role.${role}`),
      service: extension ? bdi(extension) : null,
      ends: here.formats.whole(ends),
    }));
  }
}

function facts(found) {
  return Object.entries(found).filter(([, value]) => value !== null)
    .map(([name, value]) => el("div", {}, el("dt", {}, t(`about.${name}`)), el("dd", {}, value)));
}
