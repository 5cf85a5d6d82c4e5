// The history of a task as entries: reports of progress that follow each other are one entry.

/** What kind an event is that came with the stream, which does not say it. */
export function kindOf(event) {
  if (event.kind) return event.kind;
  if (event.revision === 1) return "created";
  const fields = event.changes.map((change) => change.field);
  if (fields.includes("cancel_requested")) return "cancel_requested";
  const error = event.changes.find((change) => change.field === "error")?.after;
  const reason = error?.messages?.[0]?.id ?? "";
  if (reason === "milepost.lease.expired") return "lease_expired";
  if (reason === "milepost.task.force_closed") return "force_closed";
  return "updated";
}

/** An event of the stream in the form of those of the history. */
export function eventOf(told, position) {
  const { task, changes, principal, at } = told;
  const event = { position: Number(position), revision: task.revision, at, principal, changes };
  return { ...event, kind: kindOf(event) };
}

function isReport(event) {
  return (
    event.kind === "updated" && event.changes.length > 0 &&
    event.changes.every((change) => change.field === "progress")
  );
}

/** Entries, newest first: `{events}`, where several events are reports by one principal. */
export function entriesOf(events) {
  const entries = [];
  for (const event of events) {
    const last = entries.at(-1);
    const newest = last?.events[0];
    if (newest && isReport(event) && isReport(newest) && newest.principal === event.principal) {
      last.events.push(event);
    } else {
      entries.push({ events: [event], isReport: isReport(event) });
    }
  }
  return entries;
}

/** The newest first, each revision once, from two lists that may overlap. */
export function joined(some, others) {
  const byRevision = new Map(others.map((event) => [event.revision, event]));
  for (const event of some) {
    const known = byRevision.get(event.revision);
    if (!known || event.source !== undefined) byRevision.set(event.revision, event);
  }
  return [...byRevision.values()].sort((a, b) => b.revision - a.revision);
}
