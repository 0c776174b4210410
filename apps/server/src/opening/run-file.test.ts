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
    weighting: "equal",
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

test("what is no YAML says its line; all problems are said at once", () => {
  expect(problems("name: [\n")[0]).toMatch(/^run\.yaml:\d+: expected YAML, got: /);
  expect(problems(good.replace("batch: 4", "batch: -1").replace("rounds: 2", "rounds: x"))).toHaveLength(2);
});
