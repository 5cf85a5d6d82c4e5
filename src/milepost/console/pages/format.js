// Numbers, instants and durations in the reader's way of writing.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The symbols of the international system, which every language has. */
const UNITS = [
  ["d", DAY],
  ["h", HOUR],
  ["min", MINUTE],
  ["s", 1],
];
const SPACE = "\u00a0";

/** A percentage that is never more than what is done: 99.9 % is 99 %. */
export function percentOf(completed, total) {
  if (!(total > 0)) return null;
  if (completed >= total) return 100;
  return Math.min(Math.floor((completed * 100) / total), 99);
}

export class Formats {
  /** `locale` is a language tag, `zone` a time zone or nothing for that of the machine. */
  constructor(locale, zone) {
    const at = zone ? { timeZone: zone } : {};
    this.locale = locale;
    this.zone = zone;
    this._number = new Intl.NumberFormat(locale);
    this._rate = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
    this._percent = new Intl.NumberFormat(locale, { style: "percent" });
    this._day = new Intl.DateTimeFormat(locale, { ...at, day: "numeric", month: "short" });
    this._year = new Intl.DateTimeFormat(locale, { ...at, dateStyle: "medium" });
    this._time = new Intl.DateTimeFormat(locale, { ...at, timeStyle: "medium" });
    this._hour = new Intl.DateTimeFormat(locale, { ...at, hour: "2-digit", minute: "2-digit" });
    this._whole = new Intl.DateTimeFormat(locale, {
      ...at, year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
      second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short",
    });
    this._key = new Intl.DateTimeFormat("en-CA", { ...at, dateStyle: "short" });
    this._fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  }

  number(value) {
    return this._number.format(value);
  }

  rate(value) {
    return this._rate.format(value);
  }

  percent(whole) {
    return this._percent.format(whole / 100);
  }

  /** The day of an instant as a person names it: nothing when it is today. */
  day(instant, now) {
    const date = new Date(instant);
    if (this._key.format(date) === this._key.format(now)) return "";
    const isNear = Math.abs(now - date) < 180 * DAY * 1000;
    return (isNear ? this._day : this._year).format(date);
  }

  time(instant) {
    return this._time.format(new Date(instant));
  }

  hour(instant) {
    return this._hour.format(new Date(instant));
  }

  /** An instant to the millisecond, with its zone. */
  whole(instant) {
    return this._whole.format(new Date(instant));
  }

  /** A duration by its two largest units; below ten seconds with a tenth if `fine`. */
  duration(seconds, fine = false) {
    if (!Number.isFinite(seconds)) return "";
    if (fine && seconds < 10) return `${this._fine.format(Math.max(seconds, 0))}${SPACE}s`;
    let left = Math.max(Math.floor(seconds), 0);
    const first = UNITS.findIndex(([, size]) => left >= size);
    if (first === -1) return `${this._number.format(0)}${SPACE}s`;
    const parts = [];
    for (const [symbol, size] of UNITS.slice(first, first + 2)) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count > 0) parts.push(`${this._number.format(count)}${SPACE}${symbol}`);
    }
    return parts.join(" ");
  }
}
