// Makes golden.json: what ICU writes, reached by another road than Milepost's, the Intl of Node.
//     node tests/l10n/golden.mjs > tests/l10n/golden.json
// Node carries an ICU of its own; the versions go into the file. V8 writes a plain space where
// CLDR has the narrow one, U+202F, so the test takes the two as one.
// MessageFormat rounds halves to even and groups digits everywhere, so Intl is told to do the same.
// Instants before 1582 are not in it: JavaScript has no Julian calendar, ICU has.

const LOCALES = [
  "en", "en-GB", "de", "de-AT", "de-CH", "fr", "fr-CA", "es", "es-MX", "pt-BR", "pt-PT", "it", "nl",
  "sv", "fi", "pl", "cs", "ru", "uk", "sr-Latn", "el", "tr", "he", "ar", "ar-EG", "fa", "hi", "bn",
  "ta", "th", "vi", "id", "zh-Hans-CN", "zh-Hant-TW", "ja", "ko",
];
const INSTANTS = [
  ["2015-01-01T22:13:05.651Z", "UTC"],
  ["2021-07-04T03:06:07Z", "America/New_York"],
  ["9999-12-31T23:59:59.999Z", "Asia/Kolkata"],
  ["1969-12-31T23:59:59Z", "Europe/Berlin"],
];
const LENGTHS = { SHORT: "short", MED: "medium", LONG: "long", FULL: "full" };
const INTEGERS = ["0", "1", "-1", "999", "1234", "12345", "-1234567", "9223372036854775807", "-9223372036854775808"];
const DOUBLES = [0, 1, -0.5, 2.5, 1234.5678, -98765.4321, 1e21, 1e-7, 0.125];
const PRECISIONS = [null, 0, 1, 2, 5, 20];
const COUNTS = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 14, 20, 21, 22, 25, 100, 101, 102, 111, 1000, 1000000, 0.5, 1.5, 2.5];

function dates(locale) {
  const found = [];
  for (const [at, timeZone] of INSTANTS) {
    for (const [length, style] of Object.entries(LENGTHS)) {
      const write = (options) =>
        new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(new Date(at));
      found.push([at, timeZone, `${length}_DATE`, write({ dateStyle: style })]);
      found.push([at, timeZone, `${length}_TIME`, write({ timeStyle: style })]);
      found.push([at, timeZone, `${length}_DATE_TIME`, write({ dateStyle: style, timeStyle: style })]);
    }
  }
  return found;
}

function number(locale, precision) {
  const digits = precision === null
    ? { maximumFractionDigits: 3 }
    : { minimumFractionDigits: precision, maximumFractionDigits: precision };
  return new Intl.NumberFormat(locale, { ...digits, roundingMode: "halfEven", useGrouping: "always" });
}

function plurals(locale, type) {
  const rules = new Intl.PluralRules(locale, { type, maximumFractionDigits: 3 });
  return COUNTS.map((count) => [count, rules.select(count)]);
}

const locales = {};
for (const locale of LOCALES) {
  const resolved = new Intl.NumberFormat(locale).resolvedOptions().locale;
  if (resolved !== locale) throw new Error(`${locale} is taken for ${resolved}`);
  locales[locale] = {
    dates: dates(locale),
    integers: INTEGERS.map((digits) => [digits, number(locale, null).format(BigInt(digits))]),
    doubles: DOUBLES.flatMap((value) =>
      PRECISIONS.map((precision) => [value, precision, number(locale, precision).format(value)])),
    plurals: plurals(locale, "cardinal"),
    ordinals: plurals(locale, "ordinal"),
  };
}
const { icu, cldr, tz, node } = process.versions;
console.log(JSON.stringify({ made: { node, icu, cldr, tz }, locales }, null, 1)
  .replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner) => `[${inner.replace(/,\s+/g, (gap) => gap.includes("\n") ? ", " : gap)}]`));
