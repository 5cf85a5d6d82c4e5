// Small charts, drawn as SVG. A table with the same figures stands beside each.

import { drawn, el } from "./dom.js";
import { here, t } from "./page.js";

const WIDTH = 480;
const HEIGHT = 120;
const GAP = 3;

/** A round number that is not below a value, so that the scale can be read. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((part) => part * power >= value);
  return step * power;
}

function frame(label, top, marks, ...shapes) {
  return el(
    "div", { class: "chart" },
    el("span", { class: "scale figures second" }, top),
    drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
      drawn("path", { class: "grid", d: `M0 0.5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}` }), ...shapes),
    el("div", { class: "axis figures second" }, ...marks.map((mark) => el("span", {}, mark))),
  );
}

function marksOf(hours) {
  return [0, 6, 12, 18, hours.length - 1].map((place) => here.formats.hour(hours[place].begins));
}

/** What has ended in each hour: successes, and failures on top. */
export function throughput(hours) {
  const most = ceiling(Math.max(...hours.map((hour) => hour.SUCCEEDED + hour.FAILED)));
  const width = WIDTH / hours.length;
  const bars = hours.flatMap((hour, place) => {
    const good = (hour.SUCCEEDED / most) * HEIGHT;
    const bad = (hour.FAILED / most) * HEIGHT;
    const x = place * width + GAP / 2;
    const bar = (name, y, height) => height > 0 && drawn("rect", { class: name, x, y, width: width - GAP, height: Math.max(height, 1.5) });
    return [bar("good", HEIGHT - good, good), bar("bad", HEIGHT - good - bad, bad)].filter(Boolean);
  });
  return frame(t("overview.throughput"), here.formats.number(most), marksOf(hours), ...bars);
}

/** How long tasks took in each hour: the median, and what nine of ten and 99 of 100 stay below. */
export function durations(hours) {
  const names = ["p50", "p90", "p99"];
  const most = ceiling(Math.max(...hours.map((hour) => hour.p99_seconds ?? 0)));
  const x = (place) => ((place + 0.5) * WIDTH) / hours.length;
  const y = (value) => HEIGHT - (value / most) * (HEIGHT - 2) - 1;
  const shapes = names.flatMap((name) => {
    const points = hours.map((hour, place) => ({ place, value: hour[`${name}_seconds`] })).filter(({ value }) => value !== undefined);
    const isJoined = (place) => points.some((point) => point.place === place - 1);
    const at = ({ place, value }) => `${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    const line = points.map((point) => (isJoined(point.place) ? "L" : "M") + at(point)).join("");
    const dots = points.map((point) => `M${at(point)}h0.01`).join("");
    return [drawn("path", { class: `line ${name}`, d: line }), drawn("path", { class: `line dot ${name}`, d: dots })];
  });
  return frame(t("overview.durations"), here.formats.duration(most, true), marksOf(hours), ...shapes);
}

/** The same figures as a table, for whoever cannot see the charts or wants the numbers. */
export function figuresTable(hours) {
  const heads = ["hour", "SUCCEEDED", "FAILED", "p50", "p90", "p99"];
  const cell = (text) => el("td", { class: "figures" }, text);
  const seconds = (value) => (value === undefined ? "–" : here.formats.duration(value, true));
  const rows = hours.toReversed().map((hour) => el(
    "tr", {},
    el("th", { scope: "row", class: "figures" }, here.formats.hour(hour.begins)),
    cell(here.formats.number(hour.SUCCEEDED)), cell(here.formats.number(hour.FAILED)),
    cell(seconds(hour.p50_seconds)), cell(seconds(hour.p90_seconds)), cell(seconds(hour.p99_seconds)),
  ));
  return el("details", {}, el("summary", {}, t("overview.figures")),
    el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": t("overview.figures") },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, t(`figure.${name}`))))),
        el("tbody", {}, ...rows))));
}
