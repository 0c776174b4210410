import { readFileSync } from "node:fs";
import type { RunId } from "@homebody/base";
import { expect, test } from "vitest";
import {
  checkManifest,
  checkRunFile,
  checkSource,
  checkSourceOfFile,
  fixedDifferences,
  liftManifest,
  liftSource,
  type ManifestLift,
  manifestOf,
  type RunManifest,
  readManifest,
  type ServedText,
  schemaVersion,
  sourcesToJoin,
  version,
  withChanges,
} from "./index.ts";

const file = (change: Record<string, unknown> = {}) => ({
  name: "A run",
  description: "for tests",
  model: { family: "llama", depth: 2, context: 32 },
  sources: [
    { id: "es", title: "Spanish", language: "es", text: "served", train: "texts/es", vocabulary: 300 },
    { id: "mine", title: "Your own", language: "en", text: "brought", vocabulary: 300 },
  ],
  training: { localSteps: 10, batch: 4, learningRate: { peak: 0.01 } },
  rounds: 5,
  ...change,
});
const served = new Map<string, ServedText>([
  ["es", { train: "ab".repeat(32) as never, trainBytes: 10, heldOut: null, heldOutBytes: 0 }],
]);
const manifestFor = (change: Record<string, unknown> = {}) => manifestOf(checkRunFile(file(change)), served);

// They never change while the schema is of this version; a run keeps the id that it was created with.
test.each([
  [{}, "39b9ed88048a9bb687b505fbd7611ac9909e95225e085bf2eaeecf12b71f9e83"],
  [
    { model: { family: "gpt2", depth: 1, context: 64, overrides: { width: 48, tied: false } } },
    "51269e3a000cbd4a3c3ebb5dad5a45d91c4e2336cac870018f3be54d441e8bdf",
  ],
  [
    { outer: { kind: "nesterov" }, codec: "fp32" },
    "2ab1d3f48f44fca2469b762a779e3e72e41ae26f750832b50563ed4a987e5a6d",
  ],
  [
    { weighting: "tokens", heldOut: { share: 0.2, sampleRows: 8 }, round: { minimum: 3, quorum: 2 } },
    "c3e0b663057a52f8ea6e9fac967eec759a580c3d67ca751e462a552bda4ae94f",
  ],
])("schema 3: the id of %j stands", (change, id) => {
  expect(schemaVersion).toBe(3);
  expect(manifestFor(change).run).toBe(id);
});

/** As an older schema might have stored it: with other defaults than today's. */
const stored: RunManifest = {
  ...manifestFor(),
  run: "12".repeat(32) as RunId,
  codec: "fp32",
  host: "an older default",
  training: { ...manifestFor().training, betas: [0.8, 0.88], clip: 5 },
  round: { ...manifestFor().round, minimum: 7, graceSeconds: 99 },
};

test("what a file leaves out keeps the value that was stored, whatever the defaults are today", () => {
  expect(fixedDifferences(stored, manifestFor(), file())).toEqual([]);
  expect(withChanges(stored, checkRunFile(file()), file())).toEqual({
    ...stored,
    description: "for tests",
    rounds: 5,
  });
});

test("what is written in a file is compared, key by key; lists and texts whole", () => {
  const keys = (change: Record<string, unknown>) =>
    fixedDifferences(stored, manifestFor(change), file(change)).map(({ key }) => key);
  expect(keys({ codec: "fp16" })).toEqual(["codec"]);
  expect(keys({ codec: "fp32" })).toEqual([]);
  const { training, sources } = file();
  expect(keys({ training: { ...training, clip: 1 } })).toEqual(["training.clip"]);
  expect(keys({ training: { ...training, betas: [0.8, 0.9] } })).toEqual(["training.betas.1"]);
  expect(keys({ round: { minimum: 1 } })).toEqual(["round.minimum"]);
  expect(keys({ sources: sources.slice(0, 1) })).toEqual(["sources.mine"]);
  expect(keys({ sources: [sources[0]!, { ...sources[1]!, language: "de" }] })).toEqual([
    "sources.1.language",
  ]);
  const other = new Map([["es", { ...served.get("es")!, train: "cd".repeat(32) as never }]]);
  const ofFile = manifestOf(checkRunFile(file()), other);
  expect(fixedDifferences(stored, ofFile, file()).map(({ key }) => key)).toEqual(["sources.0.served.train"]);
});

test("sources are compared by id: others of the file join, and those that joined later may be left out of it", () => {
  const { sources } = file();
  const more = { ...sources[1]!, id: "more" };
  const wider = file({ sources: [more, ...sources] });
  const ofFile = manifestOf(checkRunFile(wider), served);
  expect(fixedDifferences(stored, ofFile, wider)).toEqual([]);
  expect(sourcesToJoin(stored, ofFile).map(({ id }) => id)).toEqual(["more"]);
  const joined = { ...stored, sources: [...stored.sources, ofFile.sources[0]!] };
  expect(sourcesToJoin(joined, manifestFor())).toEqual([]);
  const left = (ids: readonly string[]) =>
    fixedDifferences(joined, manifestFor(), file(), new Set(ids)).map(({ key }) => key);
  expect([left(["more"]), left([])]).toEqual([[], ["sources.more"]]);
});

test("a tokenizer that the file gives is compared by its hash; one that was trained at the beginning is not", () => {
  const own = (hash: string) => ({ sha256: hash.repeat(32) as never, sizeBytes: 9 });
  const [es] = file().sources;
  const keys = (change: Record<string, unknown>, was: string, is: string | null) => {
    const of = (hash: string | null) =>
      manifestOf(
        checkRunFile(file(change)),
        served,
        new Map(hash === null ? [] : [["es", { ...own(hash), vocabulary: 300 }]]),
      );
    return fixedDifferences(of(was), of(is), file(change)).map(({ key }) => key);
  };
  const { vocabulary: _, ...bare } = es!;
  const trained = { vocabulary: { kind: "source" }, sources: [es] };
  expect(keys(trained, "ab", null)).toEqual([]);
  const given = { vocabulary: { kind: "source" }, sources: [{ ...bare, tokenizer: "es.json" }] };
  expect([keys(given, "ab", "ab"), keys(given, "ab", "cd")]).toEqual([[], ["sources.0.tokenizer.sha256"]]);
  const global = { vocabulary: { kind: "global", file: "all.json" }, sources: [bare] };
  expect([keys(global, "ab", "ab"), keys(global, "ab", "cd")]).toEqual([[], ["sources.0.tokenizer.sha256"]]);
});

test("what may change changes where it is written, and nowhere else", () => {
  const change = { host: "me", origins: ["https://a.org"], rounds: 9, round: { deadlineSeconds: 5 } };
  const changed = withChanges(stored, checkRunFile(file(change)), file(change));
  expect(changed).toMatchObject({
    host: "me",
    origins: ["https://a.org"],
    rounds: 9,
    run: stored.run,
    codec: "fp32",
  });
  expect(changed.round).toEqual({ ...stored.round, deadlineSeconds: 5 });
  expect(changed.round.graceSeconds).toBe(99);
});

test("a stored manifest is complete: one that lacks a key is an error and gets no default; what is not known is left out", () => {
  const manifest = JSON.parse(JSON.stringify(stored)) as RunManifest;
  expect(checkManifest(manifest)).toEqual(manifest);
  const later = { ...manifest, later: 1, training: { ...manifest.training, later: 2 } };
  expect(checkManifest(later)).toEqual(manifest);
  const { codec: _, ...lacking } = manifest;
  expect(() => checkManifest(lacking)).toThrow("manifest.codec: expected a value, got nothing");
  expect(() => checkManifest({ ...manifest, rounds: "many" })).toThrow("manifest.rounds");
  expect(() => checkManifest({ ...manifest, variant: "dept" })).toThrow("manifest.variant");
  expect(checkManifest({ ...manifest, variant: "trim" }).variant).toBe("trim");
});

/** A manifest as 0.3 has it, and as it is read. */
function ofSchema2() {
  const whole = JSON.parse(JSON.stringify(manifestFor())) as RunManifest;
  const { newcomerRounds: _n, ...manifest } = whole;
  const { minimumSeconds: _m, quorumSources: _q, excuseAfter: _e, ...round } = whole.round;
  const { leastBytes: _l, ...heldOut } = whole.heldOut;
  const policy = { ...whole.round, minimumSeconds: 0, quorumSources: 1, excuseAfter: "never" };
  const read = { ...whole, newcomerRounds: 1, round: policy, heldOut: { ...heldOut, leastBytes: 1 } };
  return { sent: { ...manifest, round, heldOut }, read };
}

test("what a coordinator of 0.2 sends is read as what it means", () => {
  const { sent: later, read: means } = ofSchema2();
  const { vocabulary: _v, words: _w, ...manifest } = later;
  const { optimiser: _o, fitSteps: _f, refitSteps: _r, ...training } = manifest.training;
  const { sources: _s, ...round } = manifest.round;
  const sources = manifest.sources.map(({ tokenizer: _t, words: _d, admission: _a, ...source }) => source);
  const { clipping: _c, average: _a, hold: _h, keep: _k, origins: _n, ...rest } = manifest;
  const sent = { ...rest, training, round, sources };
  const before = {
    clipping: "off",
    average: { rule: "mean" },
    hold: "off",
    keep: { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 },
  };
  const read = readManifest(sent);
  expect(read).toEqual({ ...means, ...before, training: { ...means.training, fitSteps: 0 } });
  expect(readManifest(manifestFor())).toEqual(manifestFor());
  expect(() => readManifest(3)).toThrow("manifest");
  expect(() => readManifest({})).toThrow("manifest");
});

test("a run of schema 2 clips nothing, averages by the mean, holds itself never, keeps no deltas, waits and weighs as it did, and lets in whoever comes [C50]", () => {
  const { sent, read } = ofSchema2();
  const { clipping: _c, average: _a, hold: _h, keep: _k, ...rest } = sent;
  const before = {
    ...read,
    clipping: "off",
    average: { rule: "mean" },
    hold: "off",
    keep: { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 },
  };
  const schema2 = { ...rest, sources: rest.sources.map(({ admission: _, ...source }) => source) };
  expect(checkManifest(liftManifest(schema2 as never, 2))).toEqual(before);
  expect(readManifest(schema2)).toEqual(before);
  expect(liftSource(schema2.sources[0]!, 2)).toEqual(before.sources[0]);
  expect(() => checkManifest({ ...before, sources: schema2.sources })).toThrow(
    "manifest.sources.0.admission",
  );
});

test("a source that joined is stored and read as one of a manifest, and lifted as one", () => {
  const source = JSON.parse(JSON.stringify(stored.sources[0]));
  expect(checkSource(source)).toEqual(source);
  expect(checkSource({ ...source, later: 1, served: { ...source.served, later: 2 } })).toEqual(source);
  const { words: _, ...lacking } = source;
  expect(() => checkSource(lacking, "entry 3")).toThrow(/^entry 3\.words/);
  expect(checkSource(liftSource(lacking, 1))).toEqual(source);
  expect(liftSource(lacking, 3)).toEqual(lacking);
});

test("a source that joins is checked by the stored run, as a run file is by itself; errors call its keys as they are told", () => {
  const others = new Set(["es"]);
  const given = { id: "fr", title: "Français", language: "fr", text: "served", train: "fr" };
  const place = (key: string) => `--${key}`;
  const say = (change: object, run: Partial<RunManifest> = {}) => {
    try {
      return checkSourceOfFile({ ...stored, ...run }, { ...given, ...change }, others, place);
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(say({})).toEqual({ ...given, admission: "open" });
  expect(say({ id: "es" })).toBe('--id: expected an id that no other source has, got "es"');
  expect(say({ language: "fr FR" })).toBe(
    '--language: expected a language tag such as es or zh-Hant, got "fr FR"',
  );
  expect(say({ words: "source" })).toBe(
    '--words: expected device, unless vocabulary.kind is source or global, got "source"',
  );
  const vocabulary = { ...stored.vocabulary, kind: "source" as const };
  expect(say({ words: "source" }, { vocabulary })).toEqual({
    ...given,
    admission: "open",
    words: "source",
  });
  // Also where it is the run that says so.
  expect(say({}, { words: "source" })).toMatch(/^--words: expected device, unless/);
  expect(say({ text: "brought", train: undefined }, { vocabulary })).toMatch(
    /^--tokenizer: expected a tokenizer/,
  );
});

test("a manifest of an older schema is lifted step by step; one of a newer Homebody is refused with what to do", () => {
  const lifts: readonly ManifestLift[] = [
    (manifest) => ({ ...manifest, variant: "spec" }),
    (manifest) => ({ ...manifest, codec: manifest.variant === "spec" ? "fp16" : "fp32" }),
  ];
  expect(liftManifest({ name: "old" }, 1, lifts)).toEqual({ name: "old", variant: "spec", codec: "fp16" });
  expect(liftManifest({ name: "old", variant: "glob" }, 2, lifts)).toMatchObject({ codec: "fp32" });
  expect(liftManifest({ name: "new" }, 3, lifts)).toEqual({ name: "new" });
  expect(() => liftManifest({}, 4, lifts)).toThrow(
    "run file's schema: expected a version from 1 to 3 (a newer Homebody wrote this run: update the clone), got 4",
  );
});

test("the version is that of package.json", () => {
  const path = new URL("../../../package.json", import.meta.url);
  expect(JSON.parse(readFileSync(path, "utf8")).version).toBe(version);
});
