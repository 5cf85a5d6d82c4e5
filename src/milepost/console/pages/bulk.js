// Cancelling several tasks: asked before, a few at a time, and told what came of each.

import { post, taskPath } from "./api.js";
import { bdi, el } from "./dom.js";
import { confirmed } from "./dialog.js";
import { nameOf } from "./model.js";
import { here, t } from "./page.js";

const AT_ONCE = 6;
const SHOWN = 12;

/** Asks for the end of these tasks after a question; whether anything was done. */
export async function cancelAll(tasks) {
  const told = el("p", { class: "note", "aria-live": "polite" });
  const done = await confirmed({
    title: t("bulk.title", { n: tasks.length }),
    body: [el("p", {}, t("bulk.explain")), namesOf(tasks), told],
    label: t("bulk.do", { n: tasks.length }),
    danger: true,
    act: () => ask(tasks, (count) => (told.textContent = t("bulk.progress", { count, n: tasks.length }))),
  });
  if (done === null) return false;
  const refused = done.filter((one) => one.fault);
  if (refused.length === 0) here.tell(t("bulk.done", { n: done.length }));
  else here.tell(t("bulk.refused", { n: refused.length, total: done.length, why: refused[0].fault.message }), "problem");
  return true;
}

function namesOf(tasks) {
  const items = tasks.slice(0, SHOWN).map((task) => el("li", {}, bdi(nameOf(task), 80)));
  if (tasks.length > SHOWN) items.push(el("li", {}, t("bulk.more", { n: tasks.length - SHOWN })));
  return el("ul", { class: "names" }, ...items);
}

async function ask(tasks, tell) {
  const waiting = [...tasks];
  const done = [];
  const worker = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      const fault = await post(`${taskPath(task.id)}:cancel`).then(() => null, (reason) => reason);
      done.push({ task, fault });
      tell(done.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}
