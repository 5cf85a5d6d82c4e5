// What stands where no task is: how to make one, or that the filters leave none.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { here, t } from "./page.js";

export function emptyState(isFiltered) {
  if (isFiltered) {
    return el("div", { class: "empty" }, icon("filter"), el("h2", {}, t("empty.filtered")),
      el("p", {}, el("a", { href: "/ui/", data: { go: "" } }, t("empty.clear"))));
  }
  const user = here.session.user.replaceAll(/["$`\\]/g, "\\$&");
  const curl = `curl -u "${user}" -X POST ${location.origin}/api/session   # asks for the password, gives a token
curl -H "Authorization: Bearer TOKEN" -H "Content-Type: application/json" \\
  ${location.origin}/v1/tasks -d '{"operation_id": "backup", "cancelable": true,
  "status": "RUNNING", "description": "My first task"}'`;
  const python = `import json, urllib.request

spec = {"operation_id": "backup", "cancelable": True, "status": "RUNNING",
        "description": "My first task"}
urllib.request.urlopen(urllib.request.Request(
    "${location.origin}/v1/tasks", json.dumps(spec).encode(),
    {"Authorization": "Bearer TOKEN", "Content-Type": "application/json"}))`;
  const demo = `milepost demo --url ${location.origin}`;
  return el("div", { class: "empty" }, icon("mark"), el("h2", {}, t("empty.title")), el("p", {}, t("empty.explain")),
    sample(t("empty.demo"), demo), sample("curl", curl), sample("Python", python));
}

function sample(title, code) {
  return el("section", { class: "sample" }, el("h3", {}, title), el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, code)));
}
