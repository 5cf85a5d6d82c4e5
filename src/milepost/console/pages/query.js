// The filters of the list: as an address has them, as the API takes them, and whether a task fits.

export const STATUSES = ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"];
/** Filters that may be repeated; a task fits one of the values of each. */
export const MANY = ["status", "service", "operation", "target", "user", "parent"];
export const TIMES = ["created_after", "created_before", "updated_before", "finished_after"];
const WATCHED = ["service", "operation", "target", "user", "parent"];
/** What one watch may have of values; with more it is told of everything. */
const MOST_WATCHED = 200;

/** What an address asks for. What is not known in it is left out. */
export function filtersOf(search) {
  const query = new URLSearchParams(search);
  const filters = { text: query.get("text") ?? "", order: "", page: query.get("page") ?? "" };
  for (const name of MANY) {
    const values = query.getAll(name).filter(Boolean);
    filters[name] = [...new Set(name === "status" ? values.filter(isStatus) : values)];
  }
  filters.target = filters.target.filter((target) => target.includes(":"));
  for (const name of TIMES) {
    const instant = new Date(query.get(name) ?? "");
    filters[name] = Number.isNaN(instant.getTime()) ? "" : instant.toISOString();
  }
  if (query.get("order") === "created") filters.order = "created";
  return filters;
}

function isStatus(text) {
  return STATUSES.includes(text);
}

/** The address of filters; the same filters have the same address. */
export function searchOf(filters) {
  const query = new URLSearchParams();
  for (const name of MANY) for (const value of filters[name] ?? []) query.append(name, value);
  for (const name of ["text", ...TIMES, "order", "page"]) {
    if (filters[name]) query.set(name, filters[name]);
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** Filters with some changed; the page is that of the old ones, so it goes. */
export function changed(filters, changes) {
  return { ...filters, page: "", ...changes };
}

export function isEmpty(filters) {
  return searchOf({ ...filters, page: "", order: "" }) === "";
}

/** What `GET /v1/tasks` takes. */
export function listQuery(filters, size) {
  const query = new URLSearchParams(searchOf({ ...filters, page: "" }));
  query.set("page_size", size);
  query.set("exclude_result", "true");
  if (filters.page) query.set("page_token", filters.page);
  return query;
}

/** What `GET /v1/tasks` takes to count, whatever the status. */
export function countQuery(filters, changes = {}) {
  const wanted = { ...filters, page: "", order: "", status: [], ...changes };
  const query = new URLSearchParams(searchOf(wanted));
  query.set("page_size", "1");
  query.set("exclude_result", "true");
  query.set("counts", "true");
  return query;
}

/**
 * What `GET /v1/events` takes. The status is left out: a task that leaves it must be heard of.
 * On a later page only the tasks that are shown matter.
 */
export function watchQuery(filters, ids) {
  const query = new URLSearchParams();
  if (filters.page || filters.order) {
    if (ids.length > MOST_WATCHED) return query;
    for (const id of ids) query.append("task", id);
    return query;
  }
  const count = WATCHED.reduce((sum, name) => sum + filters[name].length, 0);
  if (count > MOST_WATCHED) return query;
  for (const name of WATCHED) for (const value of filters[name]) query.append(name, value);
  return query;
}

/** Whether a task fits the filters, as the server would say. */
export function fits(filters, task) {
  const target = task.target ?? {};
  const has = {
    status: task.status,
    service: task.service,
    operation: task.operation,
    target: `${target.type}:${target.id}`,
    user: task.user,
    parent: task.parent,
  };
  if (!MANY.every((name) => filters[name].length === 0 || filters[name].includes(has[name]))) {
    return false;
  }
  const inside = (at, after, before) =>
    (!after || (at && Date.parse(at) >= Date.parse(after))) &&
    (!before || (at && Date.parse(at) < Date.parse(before)));
  return (
    hasText(task, filters.text) &&
    inside(task.created_at, filters.created_after, filters.created_before) &&
    inside(task.updated_at, "", filters.updated_before) &&
    inside(task.finished_at, filters.finished_after, "")
  );
}

function hasText(task, text) {
  if (!text) return true;
  const found = [task.description?.default_message, task.operation, task.target?.id, task.user];
  return found.some((one) => small(one ?? "").includes(small(text)));
}

function small(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
