// Texts of others, made fit to be shown: what cannot be seen is shown as what it is.

/** Characters that steer a terminal or turn the writing direction, and those nobody can see. */
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu;
/** More marks on one letter than any writing system has. */
const STACKED = /(\p{M}{4})\p{M}+/gu;
const CUT = "…";

function spelled(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** A text of any kind for many lines; lines stay lines. Bounded, as a text may be 64 KB. */
export function visible(text, most = 20000) {
  const whole = String(text ?? "");
  const shown = whole.length > most ? cut(whole, most) : whole;
  return shown.replace(HIDDEN, spelled).replace(STACKED, "$1");
}

/** The first line of a text, for one line. */
export function line(text, most = 300) {
  const [first, ...more] = String(text ?? "").trim().split(/\r\n|[\r\n\u2028\u2029]/, 2);
  const shown = visible(first, most).replaceAll("\t", " ");
  return more.length > 0 && !shown.endsWith(CUT) ? `${shown} ${CUT}` : shown;
}

function cut(text, most) {
  const end = text.charCodeAt(most - 1) >> 10 === 0x36 ? most - 1 : most;
  return text.slice(0, end) + CUT;
}
