// How fast a task goes, from the reports that were seen of it; until then as the server says.

const WINDOW = 60_000;

/** The reports of the tasks on a page. */
export class Pace {
  constructor() {
    this._known = new Map();
  }

  /** A task was seen as it is at an instant, in milliseconds. */
  note(task, at) {
    if (task.status !== "RUNNING" || !task.progress) {
      this._known.delete(task.id);
      return;
    }
    const done = task.progress.completed;
    const known = this._known.get(task.id);
    if (!known || done < known.last.done) {
      const first = { at, done };
      const told = task.rate_per_second ?? known?.told ?? null;
      this._known.set(task.id, { before: first, first, last: first, told });
      return;
    }
    if (task.rate_per_second) known.told = task.rate_per_second;
    if (done === known.last.done) return;
    if (at - known.first.at >= WINDOW) {
      known.before = known.first;
      known.first = { at, done };
    }
    known.last = { at, done };
  }

  forget(id) {
    this._known.delete(id);
  }

  /** Units a second and seconds until the end, each null when it is not known. */
  of(task, now) {
    const known = this._known.get(task.id);
    if (!known || task.status !== "RUNNING") return { rate: null, left: null };
    const took = known.last.at - known.before.at;
    const moved = known.last.done - known.before.done;
    const rate = took > 1000 && moved > 0 ? (moved * 1000) / took : known.told;
    if (!rate) return { rate: null, left: null };
    const open = (task.progress.total - task.progress.completed) / rate;
    return { rate, left: Math.max(open - Math.max(now - known.last.at, 0) / 1000, 0) };
  }
}
