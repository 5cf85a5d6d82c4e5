// What the console decides without a browser: run by node, over a copy of its modules.
import assert from "node:assert/strict";
import { test } from "node:test";

const from = (name) => import(new URL(`${name}.js`, process.env.PAGES));
const [clean, format, query, model, history, inbox, pace, texts] = await Promise.all(
  ["clean", "format", "query", "model", "history", "inbox", "pace", "texts"].map(from),
);
const task = (more) => ({
  id: "a", revision: 1, status: "RUNNING", cancelable: true, operation: "com.acme.op", service: "com.acme",
  target: { type: "Folder", id: "d1" }, principal: "ann", created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z", start_time: "2026-01-01T00:00:00.000Z",
  description: { id: "", default_message: "Backup", args: [] }, progress: { total: 10, completed: 3, message: { id: "", default_message: "", args: [] } },
  ...more,
});
const NOON = Date.parse("2026-01-01T12:00:00.000Z");

test("a percentage is rounded down, and only what is done is all", () => {
  const cases = [[0, 3, 0], [1, 3, 33], [2, 3, 66], [999, 1000, 99], [3, 3, 100], [0, 0, null], [2 ** 53 - 2, 2 ** 53, 99], [5, 4, 100]];
  for (const [completed, total, percent] of cases) assert.equal(format.percentOf(completed, total), percent);
});

test("durations have two units", () => {
  const english = new format.Formats("en-GB", "UTC");
  const cases = [[0, "0 s"], [59.9, "59 s"], [60, "1 min"], [3661, "1 h 1 min"], [3605, "1 h"], [90_061, "1 d 1 h"], [1e9, "11,574 d 1 h"], [-5, "0 s"], [NaN, ""]];
  const plain = (text) => text.replaceAll("\u00a0", " ");
  for (const [seconds, text] of cases) assert.equal(plain(english.duration(seconds)), text);
  assert.equal(plain(new format.Formats("de", "UTC").duration(3.14, true)), "3,1 s");
});

test("instants are in the zone of the reader", () => {
  const at = "2026-06-30T22:30:00.000Z";
  assert.equal(new format.Formats("en-GB", "UTC").time(at), "22:30:00");
  assert.equal(new format.Formats("en-GB", "Europe/Berlin").time(at), "00:30:00");
  assert.equal(new format.Formats("en-GB", "UTC").day(at, Date.parse(at)), "");
  assert.equal(new format.Formats("en-GB", "Europe/Berlin").day(at, Date.parse("2026-06-30T12:00:00Z")), "1 Jul");
  assert.equal(new format.Formats("en-GB", "UTC").day("2024-06-30T00:00:00Z", NOON), "30 Jun 2024");
  assert.match(new format.Formats("de-DE", "UTC").whole(at), /30\. Juni 2026, 22:30:00,000 UTC/);
});

test("what cannot be seen is shown", () => {
  const cases = {
    "a\u0000b\u001b": "a␀b␛", "a\u202eb": "a⟨U+202E⟩b", "a\u200bb\ufeff": "a⟨U+200B⟩b⟨U+FEFF⟩", "\ud800x": "⟨U+D800⟩x",
    "👩‍👩‍👧": "👩‍👩‍👧", "لا\u200cه": "لا\u200cه", "𝒳": "𝒳", "a\u007f\u0085": "a␡⟨U+0085⟩", "\u{e0041}": "⟨U+E0041⟩", "葛\u{e0100}": "葛\u{e0100}",
  };
  for (const [text, shown] of Object.entries(cases)) assert.equal(clean.visible(text), shown);
  assert.equal(clean.visible("a\nb\tc"), "a\nb\tc");
  assert.equal(clean.visible(null), "");
  assert.equal(clean.visible("Z" + "\u0341".repeat(50)).length, 5);
  assert.equal(clean.visible("x".repeat(50), 10), `${"x".repeat(10)}…`);
  assert.equal(clean.visible(`${"x".repeat(9)}😀`, 10), `${"x".repeat(9)}…`);
});

test("a line is the first one", () => {
  assert.equal(clean.line("one"), "one");
  assert.equal(clean.line("one\ntwo"), "one …");
  assert.equal(clean.line("\n\n one\ttab \r\n two"), "one tab  …");
  assert.equal(clean.line("one\u2028two"), "one …");
  assert.equal(clean.line("y".repeat(400)), `${"y".repeat(300)}…`);
  assert.equal(clean.line(undefined), "");
});

test("filters and addresses are one another", () => {
  const searches = [
    "", "?status=RUNNING&status=FAILED", "?service=a&service=b&operation=c&target=T%3Ai&user=%C3%A9&parent=p&text=x+y&page=AbC",
    "?text=%3Cscript%3E", "?created_after=2026-01-01T00%3A00%3A00.000Z&order=created",
  ];
  for (const search of searches) assert.equal(query.searchOf(query.filtersOf(search)), search);
  const odd = query.filtersOf("?status=NONE&status=RUNNING&status=RUNNING&target=x&created_after=never&order=up&other=1&user=");
  assert.equal(query.searchOf(odd), "?status=RUNNING");
  assert.ok(query.isEmpty(query.filtersOf("?page=x&order=created")));
  assert.ok(!query.isEmpty(query.filtersOf("?user=x")));
  assert.equal(query.changed(query.filtersOf("?page=x"), { text: "a" }).page, "");
});

test("the questions to the server", () => {
  const filters = query.filtersOf("?status=RUNNING&service=s&text=t&page=p");
  const asked = query.listQuery(filters, 25);
  assert.deepEqual([asked.get("page_token"), asked.get("page_size"), asked.get("page"), asked.get("status")], ["p", "25", null, "RUNNING"]);
  const count = query.countQuery(filters, { user: ["me"] });
  assert.deepEqual([count.get("status"), count.get("user"), count.get("counts"), count.get("page_token")], [null, "me", "true", null]);
  assert.equal(String(query.watchQuery(filters, ["a", "b"])), "task=a&task=b");
  assert.equal(String(query.watchQuery(query.changed(filters, {}), ["a"])), "service=s");
  const many = query.filtersOf(`?${Array.from({ length: 300 }, (_, n) => `service=${n}`).join("&")}`);
  assert.equal(String(query.watchQuery(many, [])), "");
});

test("a task fits as the server would say", () => {
  const fits = (search, more) => query.fits(query.filtersOf(search), task(more));
  assert.ok(fits(""));
  assert.ok(fits("?status=RUNNING&status=FAILED"));
  assert.ok(!fits("?status=FAILED"));
  assert.ok(fits("?target=Folder:d1") && !fits("?target=Other:d1"));
  assert.ok(!fits("?user=ann") && fits("?user=ann", { user: "ann" }));
  assert.ok(fits("?text=BACK") && fits("?text=d1") && fits("?text=acme.op") && !fits("?text=nothing"));
  assert.ok(fits("?text=%C3%89", { user: "É" }) && !fits("?text=%C3%A9", { user: "É" }));
  assert.ok(fits("?created_after=2026-01-01T00:00:00.000Z") && !fits("?created_before=2026-01-01T00:00:00.000Z"));
  assert.ok(!fits("?finished_after=2025-01-01") && fits("?finished_after=2025-01-01", { finished_at: "2025-06-01T00:00:00.000Z" }));
});

test("what a row shows", () => {
  assert.equal(model.nameOf(task()), "Backup");
  assert.equal(model.nameOf(task({ description: { id: "x", default_message: "d", localized: "l" } })), "l");
  assert.equal(model.nameOf(task({ description: undefined })), "com.acme.op");
  assert.equal(model.nameOf(task({ description: undefined, operation: "\n" })), "a");
  const error = { error_type: "ERROR", messages: [{ default_message: "What\nmore" }, { id: "why" }] };
  assert.equal(model.detailOf(task({ status: "FAILED", error })), "What …");
  assert.deepEqual(model.causes(error), ["What\nmore", "why"]);
  assert.deepEqual(model.causes({ error_type: "TIMED_OUT", messages: [] }), ["TIMED_OUT"]);
  assert.deepEqual(model.causes(undefined), []);
  assert.equal(model.detailOf(task({ status: "SUCCEEDED" })), "");
  assert.equal(model.cancelOf(task({ cancel: "requested" })), "requested");
  assert.equal(model.cancelOf(task({ cancel: "requested", status: "FAILED" })), "");
  assert.deepEqual(model.progressOf(task()), { completed: 3, total: 10, percent: 30 });
  assert.equal(model.progressOf(task({ progress: undefined })), null);
  assert.equal(model.elapsed(task(), NOON), 12 * 3600);
  assert.equal(model.elapsed(task({ end_time: "2026-01-01T00:00:05.000Z" }), NOON), 5);
  assert.equal(model.elapsed(task({ start_time: undefined }), NOON), null);
});

test("a running task without a lease can be silent", () => {
  const at = (minutes) => Date.parse("2026-01-01T00:00:00.000Z") + minutes * 60_000;
  assert.equal(model.silence(task(), at(4.9)), 0);
  assert.equal(model.silence(task(), at(6)), 6 * 60_000);
  assert.equal(model.silence(task({ status: "PENDING" }), at(60)), 0);
  assert.equal(model.silence(task({ lease: { seconds: 60 } }), at(60)), 0);
});

test("texts in the reader's language stay while they hold", () => {
  const said = (localized, n = 1) => ({ id: "m", default_message: `${n}`, args: [], params: { n: { i: n } }, ...(localized && { localized }) });
  const old = task({ description: said("eins"), progress: { total: 2, completed: 1, message: said("eins") } });
  const same = task({ description: said(), progress: { total: 2, completed: 2, message: said() } });
  assert.equal(model.merged(old, same).description.localized, "eins");
  assert.equal(model.merged(old, same).progress.completed, 2);
  assert.ok(!model.needsText(old, model.merged(old, same)));
  const other = model.merged(old, task({ description: said(), progress: { total: 2, completed: 2, message: said("", 2) } }));
  assert.equal(other.progress.message.localized, undefined);
  assert.ok(model.needsText(old, other));
  const plain = task({ progress: { total: 2, completed: 1, message: said() } });
  assert.ok(model.needsText(task(), plain));
  assert.ok(!model.needsText(plain, task({ progress: { total: 2, completed: 2, message: said("", 3) } })));
  assert.ok(model.needsText(plain, task({ status: "FAILED", error: { messages: [said()] } })));
  assert.equal(model.merged(undefined, plain), plain);
});

test("reports of progress become one entry", () => {
  const event = (revision, fields, more) => ({ revision, kind: "updated", principal: "ann", changes: fields.map((field) => ({ field })), ...more });
  const events = [event(5, ["progress"]), event(4, ["progress"]), event(3, ["progress"], { principal: "bob" }), event(2, ["status", "progress"]), event(1, ["status"], { kind: "created" })];
  assert.deepEqual(history.entriesOf(events).map((entry) => entry.events.map((one) => one.revision)), [[5, 4], [3], [2], [1]]);
  assert.deepEqual(history.joined([event(2, []), event(3, [])], [event(2, [], { source: "here" }), event(1, [])]).map((one) => [one.revision, one.source]), [[3, undefined], [2, "here"], [1, undefined]]);
  assert.deepEqual(history.joined([event(2, [], { source: "here" })], [event(2, [])]).map((one) => one.source), ["here"]);
});

test("what kind an event of the stream is", () => {
  const kind = (revision, changes) => history.kindOf({ revision, changes });
  const error = (id) => [{ field: "status" }, { field: "error", after: { messages: [{ id }] } }];
  assert.equal(kind(1, []), "created");
  assert.equal(kind(2, [{ field: "cancel_requested" }]), "cancel_requested");
  assert.equal(kind(2, error("milepost.lease.expired")), "lease_expired");
  assert.equal(kind(2, error("milepost.task.force_closed")), "force_closed");
  assert.equal(kind(2, error("com.acme.x")), "updated");
  assert.equal(history.kindOf({ kind: "updated" }), "updated");
  const told = history.eventOf({ task: task({ revision: 4 }), changes: [], principal: "p", at: "t" }, "17");
  assert.deepEqual([told.position, told.revision, told.kind], [17, 4, "updated"]);
});

test("of many events the newest of each task is read, and only what is wanted", () => {
  const raw = (id, revision) => JSON.stringify({ task: { id, revision } });
  assert.equal(inbox.idOf(raw("abc", 1)), "abc");
  assert.equal(inbox.idOf('{"changes":[],"task":{"id":"x"}}'), "x");
  const box = new inbox.Inbox((id) => id !== "c");
  assert.equal(box.size, 0);
  for (const one of [raw("a", 1), raw("b", 1), raw("c", 1), raw("a", 2)]) box.put(one);
  assert.deepEqual(box.take().map(({ task: { id, revision } }) => id + revision), ["b1", "a2"]);
  assert.deepEqual(box.take(), []);
});

test("the pace of a task is that of the last one to two minutes", () => {
  const known = new pace.Pace();
  const at = (completed, more) => task({ progress: { total: 100, completed }, ...more });
  known.note(at(0, { rate_per_second: 4 }), 0);
  assert.deepEqual(known.of(at(0), 0), { rate: 4, left: 25 });
  for (let second = 1; second <= 30; second += 1) known.note(at(second * 2), second * 1000);
  assert.deepEqual(known.of(at(60), 30_000), { rate: 2, left: 20 });
  assert.deepEqual(known.of(at(60), 45_000), { rate: 2, left: 5 });
  assert.deepEqual(known.of(at(60), 300_000), { rate: 2, left: 0 });
  assert.deepEqual(known.of(at(60, { status: "BLOCKED" }), 30_000), { rate: null, left: null });
  known.note(at(10), 31_000);
  assert.deepEqual(known.of(at(10), 31_000), { rate: 4, left: 22.5 });
  known.forget("a");
  assert.deepEqual(known.of(at(10), 31_000), { rate: null, left: null });
  known.note(at(10, { status: "SUCCEEDED" }), 1);
  assert.deepEqual(known.of(at(10), 1), { rate: null, left: null });
});

test("every language has every text, with the same fields", () => {
  const { en, ...others } = texts.CATALOGUES;
  const fields = (entry) => new Set((typeof entry === "string" ? entry : entry.other).match(/\{\w+\}/g) ?? []);
  for (const [language, catalogue] of Object.entries(others)) {
    assert.deepEqual(Object.keys(catalogue), Object.keys(en), language);
    for (const key of Object.keys(en)) assert.deepEqual(fields(catalogue[key]), fields(en[key]), `${language} ${key}`);
  }
});

test("a language is found for a reader", () => {
  assert.equal(texts.languageFor("auto", ["fr", "de-AT", "en"]), "de");
  assert.equal(texts.languageFor("en", []), "en");
  assert.equal(texts.languageFor("auto", ["ja"]), "en");
  assert.equal(texts.localeFor("de", ["fr", "de-CH"]), "de-CH");
  assert.equal(texts.localeFor("en", ["ja"]), "en");
  assert.equal(texts.directionOf("ar"), "rtl");
  const german = new texts.Texts("de", "de-DE");
  assert.equal(german.say("page.shown", { n: 1 }), "1 Aufgabe");
  assert.equal(german.say("page.shown", { n: 12_345 }), "12.345 Aufgaben");
  assert.equal(german.say("no.such.key"), "no.such.key");
  assert.equal(german.say("stale", { time: "{n}" }), "Still seit {n}");
});
