// Runs docs.js over a small stand-in for a browser's document and prints what it shows.
// Arguments: the script, and the file with the description.
import fs from "node:fs";
import vm from "node:vm";

const [script, description] = process.argv.slice(2);

class Element {
  constructor(name) {
    Object.assign(this, { name, children: [], dataset: {}, listeners: {}, hidden: false, own: "" });
  }
  set textContent(text) {
    this.own = text;
    this.children = [];
  }
  append(child) {
    this.children.push(child);
  }
  replaceChildren() {
    this.textContent = "";
  }
  addEventListener(event, listener) {
    this.listeners[event] = listener;
  }
  get text() {
    return [this.own, ...this.children.map((child) => child.text)].join(" ").trim();
  }
}

const places = Object.fromEntries(
  ["operations", "about", "wanted"].map((id) => [id, new Element(id)]),
);
vm.runInNewContext(fs.readFileSync(script, "utf8"), {
  document: {
    createElement: (name) => new Element(name),
    getElementById: (id) => places[id],
  },
  fetch: async (path) => ({
    json: async () => {
      if (path !== "/openapi.json") throw new Error(path);
      return JSON.parse(fs.readFileSync(description, "utf8"));
    },
  }),
});
await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const shown = places.operations.children;
shown.forEach((one) => one.listeners.toggle());
places.wanted.listeners.input({ target: { value: "/V1/USERS" } });
console.log(
  JSON.stringify(
    shown.map((one) => ({ words: one.dataset.words, text: one.text, hidden: one.hidden })),
  ),
);
