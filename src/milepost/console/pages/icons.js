// The signs, drawn on a grid of 16. Each stands beside a text, so none has a name.

import { drawn } from "./dom.js";

const PATHS = {
  PENDING: ["M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z", "M8 4.5V8l2.2 1.6"],
  RUNNING: ["M8 1.5a6.5 6.5 0 1 0 6.5 6.5", "M6.6 5.4v5.2L10.8 8z"],
  BLOCKED: ["M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z", "M6.3 5.5v5M9.7 5.5v5"],
  SUCCEEDED: ["M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z", "M5 8.2l2.1 2.1L11 6"],
  FAILED: ["M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z", "M8 4.6v4M8 11.2v.2"],
  cancel: ["M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"],
  stale: ["M2 8c1.5-4 10.500-4 12 0", "M2.500 2.500l11 11", "M8 9.500v.1"],
  pause: ["M5.500 3.500v9M10.500 3.500v9"],
  play: ["M5 3.200v9.600L12.500 8z"],
  filter: ["M2 4h12M4.500 8h7M6.500 12h3"],
  search: ["M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 0 0 0-9z", "M10.400 10.400l3.100 3.100"],
  settings: ["M2 5h6M12 5h2M2 11h2M8 11h6", "M10 3.300a1.700 1.700 0 1 0 0 3.400a1.700 1.700 0 0 0 0-3.400z",
    "M6 9.300a1.700 1.700 0 1 0 0 3.400a1.700 1.700 0 0 0 0-3.400z"],
  close: ["M4 4l8 8M12 4l-8 8"],
  more: ["M6 3.500L10.500 8L6 12.500"],
  copy: ["M5.500 5.500h8v8h-8z", "M10.500 5.500v-3h-8v8h3"],
  link: ["M6.500 9.500l3-3", "M7.500 4.500l1-1a2.800 2.800 0 0 1 4 4l-1 1", "M8.500 11.500l-1 1a2.800 2.800 0 0 1-4-4l1-1"],
  warning: ["M8 2l6.500 11.500h-13z", "M8 6.500v3.200M8 11.600v.1"],
  mark: ["M5 14.500V4.500a3 3 0 0 1 6 0v10z", "M3 14.500h10M8 6v1M8 9v1M8 12v1"],
};

export function icon(name) {
  const paths = (PATHS[name] ?? PATHS.PENDING).map((d) => drawn("path", { d }));
  return drawn("svg", { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, ...paths);
}
