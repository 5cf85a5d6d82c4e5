// Requests to the server, with the cookie of the session.

/** The server refuses: `status`, and the text it gives in the reader's language. */
export class Refused extends Error {
  constructor(status, problem) {
    const [message] = problem.messages ?? [];
    super(message?.localized || problem.detail || `HTTP ${status}`);
    this.status = status;
    this.reason = message?.id ?? "";
  }
}

/** The server cannot be reached; the text says so in the reader's language, `cause` says why. */
export class Away extends Error {}

const listeners = { ended: () => {} };
const reader = { languages: "en", locale: "en", zone: "UTC", away: "" };
let skew = 0;

/** How texts are asked for: an Accept-Language, a locale of numbers, a time zone; and the text of `Away`. */
export function readAs(languages, locale, zone, away) {
  Object.assign(reader, { languages, locale, zone, away });
}

/** Calls back when a request finds that there is no session any more. */
export function onSessionEnded(callback) {
  listeners.ended = callback;
}

/** The time by the server's clock, in milliseconds. */
export function serverNow() {
  return Date.now() + skew;
}

export async function call(method, path, { body, query, signal, quiet } = {}) {
  const text = query ? String(query) : "";
  let answer;
  try {
    answer = await fetch(text ? `${path}?${text}` : path, {
      method,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
      headers: {
        "Accept-Language": reader.languages,
        "format-locale": reader.locale,
        timezone: reader.zone,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Away(reader.away, { cause: fault });
  }
  noteTime(answer.headers.get("date"));
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && !quiet) listeners.ended();
  throw new Refused(answer.status, problem);
}

/** The header tells whole seconds, so a small difference is none. */
function noteTime(date) {
  const told = Date.parse(date ?? "");
  if (Number.isNaN(told)) return;
  const difference = told + 500 - Date.now();
  skew = Math.abs(difference) < 2000 ? 0 : difference;
}

export const get = (path, query, options = {}) => call("GET", path, { query, ...options });
export const post = (path, body) => call("POST", path, { body });
export const patch = (path, body) => call("PATCH", path, { body });
export const remove = (path) => call("DELETE", path);

export const taskPath = (id) => `/v1/tasks/${encodeURIComponent(id)}`;
