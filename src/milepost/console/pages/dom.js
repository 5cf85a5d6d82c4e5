// Elements, made of values: a text becomes a text and nothing else.

import { line, visible } from "./clean.js";

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = ["value", "checked", "disabled", "hidden", "max", "indeterminate", "open"];

/**
 * An element. `props` are attributes; `on` has listeners, `data` the dataset, and what has to be a
 * property is set as one. Children are elements, texts, or nothing.
 */
export function el(name, props = {}, ...children) {
  return dressed(document.createElement(name), props, children);
}

/** An element of a drawing. */
export function drawn(name, props = {}, ...children) {
  return dressed(document.createElementNS(SVG, name), props, children);
}

function dressed(element, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (key === "data") {
      Object.assign(element.dataset, value);
    } else if (PROPERTIES.includes(key)) {
      element[key] = value;
    } else {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A text of others in one line, which keeps its writing direction to itself. */
export function bdi(text, most) {
  return el("bdi", {}, line(text, most));
}

/** A text of others in all its lines. */
export function prose(text, props = {}) {
  return el("span", { class: "prose", dir: "auto", ...props }, visible(text));
}

/** Sets a text where it is another one; the page is not touched for nothing. */
export function setText(node, text) {
  if (node.data !== text) node.data = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Calls a function with the next frame, once however often it was asked for. */
export function onceAFrame(callback, delay = 0) {
  let waiting = 0;
  const run = () => {
    waiting = 0;
    callback();
  };
  const ask = () => {
    if (waiting) return;
    waiting = delay ? setTimeout(() => requestAnimationFrame(run), delay) : requestAnimationFrame(run);
  };
  return ask;
}
