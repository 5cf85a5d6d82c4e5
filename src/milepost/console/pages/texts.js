// The texts of the console in a language. What comes from tasks is put in by the server's catalogues.

import { de } from "./de.js";
import { en } from "./en.js";

export const CATALOGUES = { en, de };
const FIELD = /\{(\w+)\}/g;

/** The language for a reader: what he chose, or the first of his that there is. */
export function languageFor(choice, wanted) {
  const bases = [choice, ...wanted].map((tag) => String(tag).toLowerCase().split("-")[0]);
  return bases.find((base) => Object.hasOwn(CATALOGUES, base)) ?? "en";
}

/** The locale of numbers and dates: a reader's own variety of the language, if he has one. */
export function localeFor(language, wanted) {
  return wanted.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
}

/** The direction a language is written in. */
export function directionOf(language) {
  return ["ar", "dv", "fa", "he", "ps", "ur", "yi"].includes(language) ? "rtl" : "ltr";
}

export class Texts {
  constructor(language, locale) {
    this.language = language;
    this._catalogue = CATALOGUES[language];
    this._rules = new Intl.PluralRules(language);
    this._number = new Intl.NumberFormat(locale);
  }

  /** A text with its values put in; one with a count is chosen by `n`. */
  say(key, values = {}) {
    const entry = this._catalogue[key] ?? en[key] ?? key;
    const text = typeof entry === "string" ? entry : this._plural(entry, values.n);
    return text.replace(FIELD, (_, name) => {
      const value = values[name];
      return typeof value === "number" ? this._number.format(value) : String(value ?? "");
    });
  }

  has(key) {
    return Object.hasOwn(en, key);
  }

  _plural(entry, count) {
    return entry[this._rules.select(count)] ?? entry.other;
  }
}
