// Where the console begins: language and session, then the page that the address names.

import { Away, Refused, call, get, onSessionEnded, readAs } from "./api.js";
import { choices, onChosenElsewhere } from "./choices.js";
import { el } from "./dom.js";
import { Formats } from "./format.js";
import { Frame } from "./frame.js";
import { here, t } from "./page.js";
import { showSignIn } from "./signin.js";
import { Texts, directionOf, languageFor, localeFor } from "./texts.js";

const place = document.getElementById("content");
const PAGES = {
  overview: () => import("./overview.js").then((page) => page.Overview),
  extensions: () => import("./extensions.js").then((page) => page.ExtensionsPage),
  users: () => import("./users.js").then((page) => page.UsersPage),
  tokens: () => import("./tokens.js").then((page) => page.TokensPage),
  about: () => import("./about.js").then((page) => page.About),
};
let page = null;
let shown = "";
let turn = 0;

const address = () => location.pathname + location.search;

/** The page of an address, and its argument. */
function pageOf(path) {
  const [, , name = "", id = ""] = path.split("/");
  if (name === "tasks" && id) {
    return { name: "task", load: () => import("./task.js").then((found) => found.TaskPage), id: decodeURIComponent(id) };
  }
  if (Object.hasOwn(PAGES, name)) return { name, load: PAGES[name] };
  return { name: "tasks", load: () => import("./listing.js").then((found) => found.Listing) };
}

async function show({ focus = false } = {}) {
  const found = pageOf(location.pathname);
  const mine = ++turn;
  shown = address();
  page?.close();
  page = null;
  frame.at(found.name);
  document.title = `${t(`nav.${found.name}`)} · Milepost`;
  const Page = await found.load();
  if (mine !== turn) return;
  here.tellState("off");
  page = new Page(place, found.id);
  // A quick filter keeps the focus on its successor; other pages begin at their content.
  if (focus) (document.querySelector('.quick [aria-current="true"]') ?? place).focus({ preventScroll: true });
}

function go(target, replace = false) {
  if (replace) history.replaceState(null, "", target);
  else history.pushState({ inside: true }, "", target);
  scrollTo(0, 0);
  show({ focus: true });
}

/** Links inside the console change the page without loading it anew. */
function follow(event) {
  const link = event.target.closest?.("a[data-go]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}

/** Back and forward. The link that skips to the content comes here too, and leaves the page as it is. */
function returned() {
  if (here.session && address() !== shown) show();
}

function signedOut(ended) {
  turn += 1;
  page?.close();
  page = null;
  here.session = null;
  frame.show();
  document.title = `${t("signin.title")} · Milepost`;
  showSignIn(place, { ended, done: signedIn });
}

function signedIn(session, focus = true) {
  here.session = session;
  frame.show();
  show({ focus });
}

/** Only an answer tells that the session has ended; until then the reader is signed in. */
async function signOut() {
  try {
    await call("DELETE", "/v1/session", { quiet: true });
  } catch (fault) {
    if (!(fault instanceof Refused && fault.status === 401)) {
      here.tell(t("signout.failed", { why: fault.message }), "problem");
      return;
    }
  }
  signedOut(false);
}

function speak() {
  const wanted = navigator.languages ?? [];
  const chosen = choices();
  const language = languageFor(chosen.language, chosen.language === "auto" ? wanted : []);
  const locale = localeFor(language, wanted);
  const zone = chosen.time === "utc" ? "UTC" : undefined;
  here.texts = new Texts(language, locale);
  here.formats = new Formats(locale, zone);
  const root = document.documentElement;
  root.lang = language;
  root.dir = chosen.direction === "auto" ? directionOf(language) : chosen.direction;
  if (chosen.theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = chosen.theme;
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const languages = chosen.language === "auto" ? wanted : [language, ...wanted];
  readAs(languages.slice(0, 8).join(", ") || language, locale, zone ?? local, t("away"));
  document.getElementById("skip").textContent = t("skip");
}

async function begin() {
  speak();
  onSessionEnded(() => here.session && signedOut(true));
  onChosenElsewhere(() => frame.chosen());
  document.addEventListener("click", follow);
  addEventListener("popstate", returned);
  try {
    signedIn(await get("/v1/session", undefined, { quiet: true }), false);
  } catch (fault) {
    if (fault instanceof Refused && fault.status === 401) signedOut(false);
    else if (fault instanceof Away || fault instanceof Refused) retry(fault);
    else throw fault;
  }
}

function retry(fault) {
  const again = el("button", { type: "button", class: "primary", on: { click: () => location.reload() } }, t("again"));
  place.replaceChildren(el("div", { class: "empty" }, el("h1", {}, t("away")), el("p", {}, fault instanceof Away ? String(fault.cause) : fault.message), again));
}

const frame = new Frame({ signOut, again: () => { speak(); frame.show(); if (here.session) show(); } });
here.go = go;
begin();
