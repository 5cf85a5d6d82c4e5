// Events as they come, until they are shown: of each task the newest only, and none in vain.

const BEGINNING = '{"task":{"id":"';

/** The id of the task of an event, read without understanding the rest. */
export function idOf(raw) {
  if (!raw.startsWith(BEGINNING)) return JSON.parse(raw).task.id;
  return raw.slice(BEGINNING.length, raw.indexOf('"', BEGINNING.length));
}

export class Inbox {
  /** `wants(id, raw)` says whether an event may matter; it is asked before the event is read. */
  constructor(wants) {
    this._wants = wants;
    this._raw = new Map();
  }

  get size() {
    return this._raw.size;
  }

  put(raw) {
    const id = idOf(raw);
    if (this._wants(id, raw)) {
      // A task that is told of again goes to the end: the order is that of what is taken.
      this._raw.delete(id);
      this._raw.set(id, raw);
    }
  }

  clear() {
    this._raw.clear();
  }

  /** What has come since the last time, read. */
  take() {
    const found = Array.from(this._raw.values(), (raw) => JSON.parse(raw));
    this._raw.clear();
    return found;
  }
}
