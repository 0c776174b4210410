// Journals of every version that ever was: they are read for ever, and what they say stays what it was.

import { readFileSync } from "node:fs";
import { InputError } from "@homebody/base";
import { schemaVersion } from "@homebody/protocol";
import { expect, test } from "vitest";
import { type Entry, evolve, figuresOf, type RunState, readEntry } from "../src/index.ts";
import { adding, fr, scene } from "./scene.ts";

const linesOf = (path: string) =>
  readFileSync(new URL(`../../../test/fixtures/${path}`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line): { fact: Record<string, unknown> } => JSON.parse(line));
const fixture = (name: string) => linesOf(`runs/${name}/journal.jsonl`);
const journal = (name: string): readonly Entry[] => fixture(name).map((entry) => readEntry(entry));

function stateOf(entries: readonly Entry[]): RunState {
  let state: RunState | undefined;
  for (const entry of entries) state = evolve(state, entry);
  return state!;
}

// Figures by hand, from the lines of the file.
test("0.1: an averaging run in its third round", () => {
  const entries = journal("v1-averaging");
  const figures = figuresOf(entries)!;
  expect(figures).toMatchObject({
    run: "13d8d8efd291cad8c5469ca9b48547f55525cb17495713f9531cc9ea9e0f8127",
    phase: "training",
    round: 3,
    published: 2,
    steps: 48,
    travelling: 2608,
    traffic: {
      deltaBytes: 4 * 5256,
      sectionBytes: { theta: 4 * 5256, phi: 0, psi: 0 },
      bodyBytes: 2 * 23792,
      wouldHaveSentBytes: 48 * 4 * (2608 + 4800),
    },
  });
  expect(figures.bodies.map(({ sections }) => sections)).toEqual(
    [
      "10167ca15a4760cb6519d70d5bbd71bbcfcaad2dad8b68f844a3e2f0afee602d",
      "b77958e9279072e3471e5aee83c4f66ba32a7e934a62446b5404c4dcd1fbcd96",
      "c66320f4125923176eaf8c58c821b3dac04d41f8c8b2bdec4d0242346ff280a8",
    ].map((sha256) => [{ name: "theta", sha256, sizeBytes: 11896 }]),
  );
  expect(figures.scores.a!.map(({ bitsPerByte }) => bitsPerByte)).toEqual([
    1.6057248412187046, 0.7064742290913364, 0.47214086245397996,
  ]);
  expect(entries[0]!.fact).toMatchObject({ kind: "created", schema: 1, homebody: "0.1.0" });
  const state = stateOf(entries);
  expect(state.outer).toEqual([]);
  expect(state.phase).toMatchObject({ kind: "training", round: 3, stepsBefore: 24, totalSteps: 48 });
  if (state.phase.kind === "training")
    expect([...state.phase.assigned.values()].map(({ rows }) => rows)).toEqual([null, null]);
});

test("0.1: a run with outer momentum", () => {
  const { outer, body } = stateOf(journal("v1-nesterov"));
  const last = fixture("v1-nesterov").findLast(({ fact }) => fact.kind === "published")!.fact;
  expect(outer).toMatchObject([{ name: "theta", sha256: last.outer }]);
  expect(body.sections).toEqual([{ name: "theta", sha256: last.body, sizeBytes: last.bodyBytes }]);
});

// A run of bare messages that has every kind of fact. What is expected follows from the messages, and from what 0.1 wrote.
test("0.1: every kind of fact, and the state and figures that they lead to", () => {
  const lines = linesOf("journals/v1.jsonl");
  const entries = lines.map((line) => readEntry(line));
  const kinds =
    "accepted changed closed created ending evaluated evaluating finished lapsed left opened paused published removed restarted resumed";
  expect([...new Set(entries.map(({ fact }) => fact.kind))].sort()).toEqual(kinds.split(" "));
  const [one, two, three] = [
    "070c53788499192ac68250ca613e1e90",
    "a1e3334132f699e06ef8028454b3b2c0",
    "16a49528a5d68b8903709ff4d937f763",
  ];
  const t = (ms: number) => 1_700_000_000_000 + ms;
  const last = "56f1fab917286bd331ce9e465e1dde29d5f647eef3b7e66e4f8e3dc51817fc79";

  const state = stateOf(entries);
  expect(state.manifest).toMatchObject({
    run: "722b229e524b7c71a70ce611a8369298476904256087bd29735b2d96e4fccd34",
    description: "changed",
    rounds: 4,
    codec: "fp16",
  });
  expect(state).toMatchObject({
    phase: { kind: "finished", reason: "admin" },
    paused: false,
    ending: true,
    body: { number: 3, sections: [{ name: "theta", sha256: last, sizeBytes: 11896 }] },
    outer: [],
    stepsDone: 18,
    lastAt: t(1456),
  });
  expect([[...state.removed], [...state.contributors], [...state.evaluated]]).toEqual([[two], [one], [one]]);

  const middle = stateOf(entries.slice(0, 9));
  expect(middle).toMatchObject({ paused: true, pausedAt: t(476), lastAt: t(546) });
  expect(middle.phase).toMatchObject({ kind: "training", round: 1, localSteps: 6, totalSteps: 30 });
  if (middle.phase.kind === "training") {
    expect([...middle.phase.pending].sort()).toEqual([three, two]);
    expect(
      [...middle.phase.accepted.values()].map(({ delta, sections }) => [delta.slice(0, 8), sections]),
    ).toEqual([["80374ec7", [{ name: "theta", sizeBytes: 5256 }]]]);
  }

  const figures = figuresOf(entries)!;
  expect(figures).toMatchObject({
    name: "test",
    createdAt: t(7),
    seq: 32,
    phase: "finished",
    published: 3,
    rounds: 4,
    parameters: { theta: 2608, phi: { a: 4800, b: 4800 }, psi: 0 },
    tokens: 1920,
    steps: 30,
    traffic: { deltaBytes: 5 * 5256, bodyBytes: 0, wouldHaveSentBytes: 30 * 4 * (2608 + 4800) },
    removed: [two],
  });
  expect(figures.bodies.map(({ sections, at }) => [sections[0]!.sha256.slice(0, 8), at])).toEqual([
    ["39e532cc", t(7)],
    ["6214bba9", t(735)],
    ["bc25ece2", t(1169)],
    ["56f1fab9", t(1337)],
  ]);
  expect(figures.scores).toMatchObject({
    a: [{ body: 0 }, { body: 1 }, { body: 3, bitsPerByte: 2.416514193489014, at: t(1449) }],
    b: [{ body: 0, bytes: 60, volunteers: 1 }], // without the one that was removed
  });
  expect(figures.deltas.every(({ others }) => others === null)).toBe(true);
  expect(figures.deltas.map(({ round, volunteer, cosine }) => [round, volunteer, cosine])).toEqual([
    [1, one, 0.7104063871041261],
    [1, two, 0.7120673812390835],
    [2, one, 0.7071168096964524],
    [2, two, 0.710362090136841],
    [3, one, 0.9999999999999999],
  ]);
  expect(figures.roundList.map(({ round, reason, averaged }) => [round, reason, averaged.length])).toEqual([
    [1, "all", 2],
    [2, "all", 2],
    [3, "all", 1],
    [4, null, 0],
  ]);
});

test("what is of today's form passes as it is", () => {
  const all = linesOf("journals/v1.jsonl").map((line) => readEntry(line));
  for (const entries of [journal("v1-averaging"), journal("v1-nesterov"), all])
    for (const entry of entries) expect(readEntry(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
});

test("sources that join an older run are read as they were written, and lifted by the schema that their fact names", () => {
  const run = scene();
  run.do(adding(fr, "source"));
  run.do(adding("nl" as typeof fr));
  const [withWords, without] = run.entries.slice(1);
  for (const entry of [withWords, without])
    expect(readEntry(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
  // They follow the entries of a journal of 0.1, in its middle.
  const old = journal("v1-averaging");
  const joined = [withWords, without].map((entry, i) => ({ ...entry!, seq: old.length + 1 + i }));
  const state = stateOf([...old, ...joined.map((entry) => readEntry(entry))]);
  expect(state.manifest.sources.map(({ id }) => id)).toEqual(["a", "b", "nl"]);
  expect(state.joining.map(({ source }) => source.id)).toEqual(["fr"]);
  expect(state).toMatchObject({ phase: { kind: "training", round: 3 }, body: stateOf(old).body });

  const { fact } = without!;
  if (fact.kind !== "source-added") throw new Error(`expected a source that was added, got ${fact.kind}`);
  const of = (change: object) => ({ ...without, fact: { ...fact, ...change } });
  const { words: _, ...lacking } = fact.source;
  expect(() => readEntry(of({ source: lacking }))).toThrow(/^journal entry 3\.source\.words/);
  expect(() => readEntry(of({ source: { ...fact.source, id: "Fr" } }))).toThrow(
    /^journal entry 3\.source\.id/,
  );
  expect(() => readEntry(of({ schema: schemaVersion + 1 }))).toThrow(/newer Homebody/);
  expect(readEntry(of({ source: { ...fact.source, later: 1 } }))).toEqual(without);
  const lifts = [
    (manifest: Readonly<Record<string, unknown>>) => ({
      ...manifest,
      sources: (manifest.sources as object[]).map((source) => ({ words: "device", ...source })),
    }),
  ];
  expect(readEntry(of({ schema: 1, source: lacking }), lifts).fact).toEqual({ ...fact, schema: 1 });
});

test("an entry that is none is an error that says which and what", () => {
  const [created, opened] = fixture("v1-averaging");
  const of = (entry: unknown, fact: object) => ({ ...(entry as object), fact });
  expect(() => readEntry({ seq: 3, at: 1, fact: { kind: "merged" } })).toThrow(
    'journal entry 3.kind: expected a fact that this version knows (a newer Homebody wrote it: update the clone), got "merged"',
  );
  expect(() => readEntry(of(opened, { ...opened!.fact, round: "one" }))).toThrow(/^journal entry 2\.round/);
  expect(() => readEntry(of(opened, { ...opened!.fact, assigned: 3 }))).toThrow(InputError);
  expect(() => readEntry(of(created, { ...created!.fact, schema: schemaVersion + 1 }))).toThrow(/schema/);
  expect(() => readEntry(of(created, { ...created!.fact, manifest: {} }))).toThrow(
    /journal entry 1\.manifest/,
  );
  for (const junk of [null, 3, {}, { seq: 0, at: 1, fact: {} }])
    expect(() => readEntry(junk)).toThrow(InputError);
});

test("what a newer version adds to a fact is passed over", () => {
  const [created] = fixture("v1-averaging");
  const newer = { ...created, note: 1, fact: { ...created!.fact, residual: "x" } };
  expect(readEntry(newer)).toEqual(readEntry(created));
});

test("an older manifest is lifted by the schema that its fact names", () => {
  const [created] = fixture("v1-averaging");
  const { codec, ...manifest } = created!.fact.manifest as Record<string, unknown>;
  const older = { ...created, fact: { ...created!.fact, manifest } };
  expect(() => readEntry(older)).toThrow("journal entry 1.manifest.codec: expected a value, got nothing");
  const now = readEntry(created).fact;
  if (now.kind !== "created") throw new Error(`expected a created fact, got ${now.kind}`);
  const { codec: _, ...lacking } = now.manifest;
  const olderStill = { ...created, fact: { ...created!.fact, schema: 1, manifest: lacking } };
  const { fact } = readEntry(olderStill, [(manifest) => ({ codec, ...manifest })]);
  expect(fact.kind === "created" && fact.manifest.codec).toBe("fp16");
});
