import { expect, test } from "vitest";
import { canonicalJson, checkRunFile, differences, fixedPart, manifestOf, type ServedText } from "./index.ts";

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
const runOf = (change: Record<string, unknown> = {}) => manifestOf(checkRunFile(file(change)), served).run;

test("defaults are filled in, and paths are not in the manifest", () => {
  const manifest = manifestOf(checkRunFile(file()), served);
  expect(manifest).toMatchObject({
    variant: "spec",
    codec: "fp16",
    outer: { kind: "averaging" },
    round: { minimum: 1, quorum: "all" },
    training: { betas: [0.9, 0.95], moments: "afresh", learningRate: { schedule: "cosine" } },
  });
  expect(JSON.stringify(manifest)).not.toContain("texts/es");
});

test("the identity ignores description, host, deadlines and rounds, and nothing else", () => {
  const same = runOf();
  expect(runOf({ description: "another", host: "me", rounds: 9 })).toBe(same);
  expect(runOf({ round: { deadlineSeconds: 5, graceSeconds: 1, evaluationSeconds: 2 } })).toBe(same);
  const others = [
    { name: "B" },
    { codec: "fp32" },
    { weighting: "tokens" },
    { round: { minimum: 2 } },
    { round: { quorum: 2 } },
    { model: { family: "llama", depth: 3, context: 32 } },
    { outer: { kind: "nesterov" } },
    { heldOut: { share: 0.2 } },
    { training: { ...file().training, seed: 2 } },
  ].map(runOf);
  expect(new Set([same, ...others]).size).toBe(others.length + 1);
});

test("a served text is part of the identity", () => {
  const other = new Map([["es", { ...served.get("es")!, train: "cd".repeat(32) as never }]]);
  expect(manifestOf(checkRunFile(file()), other).run).not.toBe(runOf());
});

test("differences come key by key", () => {
  const [was, is] = [file(), file({ rounds: 9, training: { ...file().training, batch: 8 } })].map((one) =>
    fixedPart(manifestOf(checkRunFile(one), served)),
  );
  expect(differences(was, is)).toEqual([{ key: "training.batch", was: 4, is: 8 }]);
});

test("what is not supported yet, or does not fit, is refused by key", () => {
  expect(() => checkRunFile(file({ variant: "glob" }))).toThrow("run file.variant");
  expect(() => checkRunFile(file({ rounds: "x" }))).toThrow(
    'run file.rounds: expected a whole number, got "x"',
  );
  const [es, mine] = file().sources;
  expect(() => checkRunFile(file({ sources: [{ ...es, train: undefined }] }))).toThrow("sources.0.train");
  expect(() => checkRunFile(file({ sources: [{ ...mine, train: "x" }] }))).toThrow("sources.0.train");
  expect(() => checkRunFile(file({ sources: [mine, mine] }))).toThrow("sources.1.id");
  expect(() => checkRunFile(file({ extra: 1 }))).toThrow(/extra/);
});

test("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [1, { d: 2, c: undefined }], a: "x" })).toBe('{"a":"x","b":[1,{"d":2}]}');
});
