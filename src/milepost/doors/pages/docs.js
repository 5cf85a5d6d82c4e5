// Shows /openapi.json. All that is shown is set as text, never as markup.
"use strict";

const DEEPEST = 6;

function element(name, text, parent, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
}

function named(schema) {
  return schema.$ref ? schema.$ref.split("/").pop() : "";
}

function resolved(description, schema) {
  const name = named(schema);
  return name ? description.components.schemas[name] || {} : schema;
}

// A schema as the outline of a value.
function outline(description, schema, depth) {
  const found = resolved(description, schema);
  if (depth > DEEPEST) return named(schema) || "…";
  if (found.enum) return found.enum.join(" | ");
  if (found.anyOf) return found.anyOf.map((one) => named(one) || one.type || "any value").join(" or ");
  if (found.properties) {
    const required = new Set(found.required || []);
    return Object.fromEntries(
      Object.entries(found.properties).map(([name, part]) => [
        required.has(name) ? name + " (required)" : name,
        outline(description, part, depth + 1),
      ]),
    );
  }
  const types = [].concat(found.type || "any value");
  if (types.includes("array")) return [outline(description, found.items || {}, depth + 1)];
  if (types.includes("object") && typeof found.additionalProperties === "object") {
    return { "…": outline(description, found.additionalProperties, depth + 1) };
  }
  return types.join(" or ") + (found.format ? " (" + found.format + ")" : "");
}

function showBody(description, parent, title, content) {
  for (const [mediaType, body] of Object.entries(content || {})) {
    element("h3", title + ": " + mediaType, parent);
    const shown = JSON.stringify(outline(description, body.schema, 0), null, 2);
    element("pre", shown, parent);
  }
}

function showParameters(parent, parameters) {
  if (!parameters || parameters.length === 0) return;
  element("h3", "Parameters", parent);
  const table = element("table", undefined, parent);
  const head = element("tr", undefined, element("thead", undefined, table));
  for (const title of ["name", "in", "value"]) element("th", title, head);
  const rows = element("tbody", undefined, table);
  for (const one of parameters) {
    const row = element("tr", undefined, rows);
    element("code", one.name, element("td", undefined, row));
    element("td", one.in + (one.required ? ", required" : ""), row);
    element("td", named(one.schema) || JSON.stringify(one.schema), row);
  }
}

function showOperation(description, parent, path, method, operation) {
  const details = element("details", undefined, parent);
  const summary = element("summary", undefined, details);
  element("span", method.toUpperCase(), summary, "method");
  element("span", path, summary);
  element("p", operation.summary, details);
  // What is inside is made when it is looked at.
  details.addEventListener("toggle", () => {
    showParameters(details, operation.parameters);
    showBody(description, details, "Body", operation.requestBody && operation.requestBody.content);
    for (const [status, answer] of Object.entries(operation.responses)) {
      if (status < "300") showBody(description, details, "Answer " + status, answer.content);
    }
    const refusals = Object.keys(operation.responses).filter((status) => status >= "300");
    element("p", "Other statuses: " + refusals.join(", "), details);
  }, { once: true });
  details.dataset.words = (method + " " + path + " " + operation.summary).toLowerCase();
}

function show(description) {
  const place = document.getElementById("operations");
  place.replaceChildren();
  document.getElementById("about").textContent = "Version " + description.info.version + ".";
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      showOperation(description, place, path, method, operation);
    }
  }
  document.getElementById("wanted").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    for (const one of place.children) one.hidden = !one.dataset.words.includes(words);
  });
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((fault) => {
    document.getElementById("operations").textContent = "The description cannot be read: " + fault;
  });
