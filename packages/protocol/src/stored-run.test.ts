import { readFileSync } from "node:fs";
import type { RunId } from "@homebody/base";
import { expect, test } from "vitest";
import {
  checkManifest,
  checkRunFile,
  fixedDifferences,
  liftManifest,
  type ManifestLift,
  manifestOf,
  type RunManifest,
  type ServedText,
  schemaVersion,
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

// Written by 0.1: they never change.
test.each([
  [{}, "2ef94d2d52e7e0652b630218ae87a24cd9d96d321583758fda95e5768296e42f"],
  [
    { model: { family: "gpt2", depth: 1, context: 64, overrides: { width: 48, tied: false } } },
    "e94df404eada93f5b71cc5ad00f9598c99de6cff3f5c9fdf6194198ae8f9df7c",
  ],
  [
    { outer: { kind: "nesterov" }, codec: "fp32" },
    "bdb944793668401520111e7f77aaffaa83cb53176565c03582d9637b14045cf3",
  ],
  [
    { weighting: "tokens", heldOut: { share: 0.2, sampleRows: 8 }, round: { minimum: 3, quorum: 2 } },
    "8eded31a1deec1350ebfc13a3a7d19110221bda663ba07b10a18d222d8a3c654",
  ],
])("schema 1: the id of %j stands", (change, id) => {
  expect(schemaVersion).toBe(1);
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
  expect(keys({ sources: sources.slice(0, 1) }).every((key) => key.startsWith("sources.1"))).toBe(true);
  expect(keys({ sources: sources.slice(0, 1) })).not.toEqual([]);
  expect(keys({ sources: [...sources, { ...sources[1]!, id: "more" }] })).not.toEqual([]);
  const other = new Map([["es", { ...served.get("es")!, train: "cd".repeat(32) as never }]]);
  const ofFile = manifestOf(checkRunFile(file()), other);
  expect(fixedDifferences(stored, ofFile, file()).map(({ key }) => key)).toEqual(["sources.0.served.train"]);
});

test("what may change changes where it is written, and nowhere else", () => {
  const change = { host: "me", rounds: 9, round: { deadlineSeconds: 5 } };
  const changed = withChanges(stored, checkRunFile(file(change)), file(change));
  expect(changed).toMatchObject({ host: "me", rounds: 9, run: stored.run, codec: "fp32" });
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
