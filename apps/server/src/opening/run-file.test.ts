import { expect, test } from "vitest";
import { parseRunFile } from "./run-file.ts";

const good = `name: test
description: a test
model: { family: llama, depth: 1, context: 16 }
sources:
  - { id: a, title: A, language: en, text: brought, vocabulary: 300 }
training:
  localSteps: 5
  batch: 4
  learningRate: { peak: 0.01 }
rounds: 2
`;

const problems = (text: string): readonly string[] => {
  try {
    parseRunFile(text, "run.yaml");
    return [];
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
};

test("a sound file gets its defaults", () => {
  expect(parseRunFile(good, "run.yaml")).toMatchObject({
    variant: "spec",
    codec: "fp16",
    outer: { kind: "averaging" },
    round: { minimum: 1, quorum: "all" },
  });
});

test.each([
  [
    /localSteps: 5/,
    "localSteps: many",
    'run.yaml:7: training.localSteps: expected a whole number, got "many"',
  ],
  [/batch: 4/, "batch: 0", "run.yaml:8: training.batch: expected at least 1, got 0"],
  [/rounds: 2/, "rounds: 2\nround: 3", "run.yaml:11: round: expected"],
  [/rounds: 2/, "roundz: 2", 'run.yaml:10: roundz: expected a key of the run file, got "roundz"'],
  [
    /rounds: 2/,
    "rounds: 2\nvariant: glob",
    "run.yaml:1: vocabulary.kind: expected global, since sources share their embeddings under glob, got nothing",
  ],
  [/family: llama/, "family: bert", 'run.yaml:3: model.family: expected one of gpt2, llama, got "bert"'],
  [
    /text: brought/,
    "text: served",
    "run.yaml:5: sources.0.train: expected a file or folder of text to serve",
  ],
])("%s as %s: says where, what was expected and what came", (part, instead, sentence) => {
  const found = problems(good.replace(part, instead));
  expect(
    found.some((line) => line.startsWith(sentence)),
    found.join("\n"),
  ).toBe(true);
});

test.each([
  [
    /rounds: 2/,
    "roundz: 2",
    'run.yaml:10: roundz: expected a key of the run file, got "roundz" (did you mean rounds?)',
  ],
  [
    /localSteps: 5/,
    "localstep: 5",
    'run.yaml:7: training.localstep: expected a key of the run file, got "localstep" (did you mean localSteps?)',
  ],
  [
    /language: en/,
    "langauge: en",
    'run.yaml:5: sources.0.langauge: expected a key of the run file, got "langauge" (did you mean language?)',
  ],
  [
    /rounds: 2/,
    "rounds: 2\nouter: { kind: adam, beta: 1 }",
    'run.yaml:11: outer.beta: expected a key of the run file, got "beta" (did you mean betas?)',
  ],
  [/rounds: 2/, "rounds: 2\nzzz: 1", 'run.yaml:11: zzz: expected a key of the run file, got "zzz"'],
  [/rounds: 2/, "rounds: .inf", "run.yaml:10: rounds: expected a whole number, got Infinity"],
  [/model: .*/, "model:", "run.yaml:3: model: expected keys with values, got nothing"],
  [
    /rounds: 2/,
    "rounds: 2\nround: { quorumSources: 2 }",
    "run.yaml:11: round.quorumSources: expected at most 1, the sources that take part in a round, got 2",
  ],
  [
    /rounds: 2/,
    "rounds: 2\nround: { minimum: 5001 }",
    "run.yaml:11: round.minimum: expected at most 5000, the volunteers that a coordinator lets in at once, got 5001",
  ],
  [
    /context: 16 /,
    "context: 16, overrides: { heads: 3 } ",
    "run.yaml:3: model.heads: expected a divisor of the width 64, got 3",
  ],
])("[P44] %s as %s: %s", (part, instead, sentence) => {
  expect(problems(good.replace(part, instead))).toContain(sentence);
});

test("[P44] what keys say of each other is said beside what is wrong with other keys", () => {
  const twice = "  - { id: a, title: B, language: en, text: served }\ntraining:";
  const found = problems(
    good.replace("training:", twice).replace("rounds: 2", "rounds: none\nvariant: glob"),
  );
  expect(found.map((line) => line.split(": expected")[0]).sort()).toEqual(
    [
      "run.yaml:11: rounds",
      "run.yaml:1: vocabulary.kind",
      "run.yaml:6: sources.1.id",
      "run.yaml:6: sources.1.train",
    ].sort(),
  );
});

test("what is no YAML says its line; all problems are said at once", () => {
  expect(problems("name: [\n")[0]).toMatch(/^run\.yaml:\d+: expected YAML, got: /);
  expect(problems(good.replace("batch: 4", "batch: -1").replace("rounds: 2", "rounds: x"))).toHaveLength(2);
});
