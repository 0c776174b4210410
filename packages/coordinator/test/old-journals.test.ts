// Journals of every version that ever was: they are read for ever, and what they say stays what it was.

import { readFileSync } from "node:fs";
import { InputError } from "@homebody/base";
import { expect, test } from "vitest";
import { type Entry, evolve, figuresOf, type RunState, readEntry } from "../src/index.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../../test/fixtures/runs/${name}/journal.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line): { fact: Record<string, unknown> } => JSON.parse(line));
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
    home: ["phi"],
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
    expect(state.phase.assigned.map(({ rows }) => rows)).toEqual([null, null]);
});

test("0.1: a run with outer momentum", () => {
  const { outer, body } = stateOf(journal("v1-nesterov"));
  const last = fixture("v1-nesterov").findLast(({ fact }) => fact.kind === "published")!.fact;
  expect(outer).toMatchObject([{ name: "theta", sha256: last.outer }]);
  expect(body.sections).toEqual([{ name: "theta", sha256: last.body, sizeBytes: last.bodyBytes }]);
});

test("what is of today's form passes as it is", () => {
  for (const name of ["v1-averaging", "v1-nesterov"])
    for (const entry of journal(name)) expect(readEntry(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
});

test("an entry that is none is an error that says which and what", () => {
  const [created, opened] = fixture("v1-averaging");
  const of = (entry: unknown, fact: object) => ({ ...(entry as object), fact });
  expect(() => readEntry({ seq: 3, at: 1, fact: { kind: "merged" } })).toThrow(
    'journal entry 3.kind: expected a fact that this version knows (a newer Homebody wrote it: update the clone), got "merged"',
  );
  expect(() => readEntry(of(opened, { ...opened!.fact, round: "one" }))).toThrow(/^journal entry 2\.round/);
  expect(() => readEntry(of(opened, { ...opened!.fact, assigned: 3 }))).toThrow(InputError);
  expect(() => readEntry(of(created, { ...created!.fact, schema: 2 }))).toThrow(/schema/);
  expect(() => readEntry(of(created, { ...created!.fact, manifest: {} }))).toThrow(
    /journal entry 1\.manifest/,
  );
  for (const junk of [null, 3, {}, { seq: 0, at: 1, fact: {} }])
    expect(() => readEntry(junk)).toThrow(InputError);
});

test("an older manifest is lifted by the schema that its fact names", () => {
  const [created] = fixture("v1-averaging");
  const { codec, ...manifest } = created!.fact.manifest as Record<string, unknown>;
  const older = { ...created, fact: { ...created!.fact, manifest } };
  expect(() => readEntry(older)).toThrow("journal entry 1.manifest.codec: expected a value, got nothing");
  const { fact } = readEntry(older, [(lacking) => ({ codec, ...lacking })]);
  expect(fact.kind === "created" && fact.manifest.codec).toBe("fp16");
});
