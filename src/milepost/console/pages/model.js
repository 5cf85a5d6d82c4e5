// What a page shows of a task, as values: no element, no clock, no language of its own.

import { line } from "./clean.js";
import { percentOf } from "./format.js";

export const STALE_AFTER = 5 * 60 * 1000;
const FINISHED = ["SUCCEEDED", "FAILED"];

export function isFinished(task) {
  return FINISHED.includes(task.status);
}

/** A message as a reader sees it. */
export function said(message) {
  return message?.localized || message?.default_message || message?.id || "";
}

/** What a task is called: its description, or else its operation. */
export function nameOf(task) {
  return line(said(task.description)) || line(task.operation) || task.id;
}

/** The messages of an error from what went wrong to its cause. */
export function causes(error) {
  const texts = (error?.messages ?? []).map(said).filter(Boolean);
  return texts.length > 0 || !error ? texts : [error.error_type ?? "ERROR"];
}

/** What happens now, or why it failed: one line below the name. */
export function detailOf(task) {
  if (task.status === "FAILED") return line(causes(task.error)[0] ?? "");
  return isFinished(task) ? "" : line(said(task.progress?.message));
}

/** How far the wish to cancel a task has come: "", "requested" or "acknowledged". */
export function cancelOf(task) {
  return isFinished(task) ? "" : (task.cancel ?? "");
}

/** Milliseconds for which nothing was heard of a running task without a lease, or 0. */
export function silence(task, now) {
  if (task.status !== "RUNNING" || task.lease) return 0;
  const silent = now - Date.parse(task.updated_at);
  return silent >= STALE_AFTER ? silent : 0;
}

/** Progress: `completed` of `total` and the percentage, or null when none was reported. */
export function progressOf(task) {
  const { completed = 0, total = 0 } = task.progress ?? {};
  const percent = percentOf(completed, total);
  return percent === null ? null : { completed, total, percent };
}

/** Seconds from the start until now or the end, or null before the start. */
export function elapsed(task, now) {
  if (!task.start_time) return null;
  const end = task.end_time ? Date.parse(task.end_time) : now;
  return Math.max(end - Date.parse(task.start_time), 0) / 1000;
}

/** A newer state of a task, with the texts of the older one where they still hold. */
export function merged(old, task) {
  if (!old) return task;
  const kept = { ...task };
  kept.description = keptText(old.description, task.description);
  if (task.progress) {
    const message = keptText(old.progress?.message, task.progress.message);
    kept.progress = { ...task.progress, message };
  }
  return kept;
}

function keptText(old, message) {
  if (!old?.localized || message?.localized || !isSame(old, message)) return message;
  return { ...message, localized: old.localized };
}

function isSame(a, b) {
  return (
    a.id === b.id && a.default_message === b.default_message &&
    JSON.stringify(a.args) === JSON.stringify(b.args) &&
    JSON.stringify(a.params) === JSON.stringify(b.params)
  );
}

/**
 * Whether a text of a task has to be asked for, as the stream has it only as it was sent: it was in
 * the reader's language before, or it is another one, of which that is not known.
 */
export function needsText(old, task) {
  const isNews = (before, now) =>
    Boolean(now?.id) && !now.localized && (Boolean(before?.localized) || before?.id !== now.id);
  return (
    isNews(old?.description, task.description) ||
    isNews(old?.progress?.message, task.progress?.message) ||
    (task.error?.messages ?? []).some((message, place) => isNews(old?.error?.messages?.[place], message))
  );
}
