// The stream of events: it begins before the page is read, comes back after a break where it
// was, and rests while nobody looks, as a browser has few connections to one server.

import { Refused, get } from "./api.js";

const REST_AFTER = 20_000;
const RESUME_WITHIN = 60_000;
const UNAUTHENTICATED = 401;
const AGAIN = [1000, 2000, 5000, 10_000];

export class Stream {
  /**
   * `query()` says what is wanted, `put(data, position)` gets each event, `begin()` is called where a
   * stream has begun anew and the page must be read, `tell(state)` with "live", "away", "off".
   */
  constructor({ query, put, begin, tell }) {
    Object.assign(this, { _query: query, _put: put, _begin: begin, _tell: tell });
    this._source = null;
    this._last = "";
    this._hiddenAt = 0;
    this._failures = 0;
    this._timer = 0;
    this._resting = 0;
    this._closed = false;
    this._watchPage = () => (document.hidden ? this._leave() : this._return());
    document.addEventListener("visibilitychange", this._watchPage);
  }

  /** Begins, or begins anew with another question. */
  open() {
    if (this._closed) return;
    this._last = "";
    this._connect();
  }

  close() {
    this._closed = true;
    clearTimeout(this._resting);
    this._disconnect();
    document.removeEventListener("visibilitychange", this._watchPage);
  }

  _connect() {
    this._disconnect();
    const query = new URLSearchParams(this._query());
    const isNew = this._last === "";
    if (!isNew) query.set("after", this._last);
    const source = new EventSource(`/v1/events?${query}`);
    this._source = source;
    let begun = false;
    source.addEventListener("bookmark", (event) => {
      this._last = event.lastEventId;
      this._failures = 0;
      if (!begun) this._tell("live");
      if (!begun && isNew) this._begin();
      begun = true;
    });
    source.addEventListener("message", (event) => {
      this._last = event.lastEventId;
      this._put(event.data, event.lastEventId);
    });
    source.addEventListener("end", (event) => {
      if (JSON.parse(event.data).status === UNAUTHENTICATED) this._ended();
    });
    source.addEventListener("open", () => begun && this._tell("live"));
    source.addEventListener("error", () => {
      if (source === this._source) this._broken(source);
    });
  }

  _disconnect() {
    clearTimeout(this._timer);
    this._source?.close();
    this._source = null;
  }

  /** The browser comes back by itself after a break, but not after a refusal. */
  _broken(source) {
    this._tell("away");
    if (source.readyState !== EventSource.CLOSED) return;
    this._disconnect();
    const wait = AGAIN[Math.min(this._failures++, AGAIN.length - 1)];
    this._timer = setTimeout(() => this._askWhy(), wait);
  }

  /** The session has ended: whoever asks for it now is told so. */
  _ended() {
    this._disconnect();
    this._tell("away");
    this._askWhy();
  }

  async _askWhy() {
    try {
      await get("/v1/session");
      if (!this._closed) this.open();
    } catch (fault) {
      if (this._closed || (fault instanceof Refused && fault.status === UNAUTHENTICATED)) return;
      this._timer = setTimeout(() => this._askWhy(), AGAIN[Math.min(this._failures++, AGAIN.length - 1)]);
    }
  }

  _leave() {
    this._hiddenAt = Date.now();
    clearTimeout(this._resting);
    this._resting = setTimeout(() => {
      this._disconnect();
      this._tell("off");
    }, REST_AFTER);
  }

  _return() {
    clearTimeout(this._resting);
    if (this._source || !this._hiddenAt) return;
    if (Date.now() - this._hiddenAt > RESUME_WITHIN) this._last = "";
    this._connect();
  }
}
