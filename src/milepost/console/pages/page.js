// What all pages share: the language, the formats, the session, and how to go elsewhere.

import { Formats } from "./format.js";
import { Texts } from "./texts.js";

/** Filled once when the page begins; a change of language or time loads it anew. */
export const here = {
  texts: new Texts("en", "en"),
  formats: new Formats("en"),
  session: null,
  go: (_address) => {},
  tell: (_text, _kind) => {},
};

export function t(key, values) {
  return here.texts.say(key, values);
}

export function may(act) {
  return here.session?.rights.includes(act) ?? false;
}

export function isAdministrator() {
  return here.session?.role === "administrator";
}

export const taskAddress = (id) => `/ui/tasks/${encodeURIComponent(id)}`;
