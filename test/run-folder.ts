// A small run in a folder, for tests: two sources with words of their own, a model that learns in milliseconds.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "@homebody/base";

export interface RunFolderOptions {
  readonly rounds?: number;
  readonly localSteps?: number;
  /** The run file's `round`, as YAML. */
  readonly round?: string;
}

const patient = "{ minimum: 2, quorum: all, deadlineSeconds: 3600, evaluationSeconds: 3600 }";

/** The documents of `a.jsonl` and `b.jsonl`, by source. */
export function writeTexts(folder: string): Readonly<Record<"a" | "b", readonly string[]>> {
  mkdirSync(folder, { recursive: true });
  const dice = random("texts");
  const write = (id: string, words: readonly string[]) => {
    const document = () => Array.from({ length: 40 }, () => words[dice.below(4)]).join(" ");
    const documents = Array.from({ length: 30 }, document);
    const lines = documents.map((text) => `${JSON.stringify({ text })}\n`);
    writeFileSync(join(folder, `${id}.jsonl`), lines.join(""));
    return documents;
  };
  return {
    a: write("a", ["the", "body", "travels", "far"]),
    b: write("b", ["слова", "остаются", "дома", "всегда"]),
  };
}

/** The path of the run file. */
export function writeRun(
  folder: string,
  { rounds = 2, localSteps = 6, round = patient }: RunFolderOptions = {},
): string {
  writeTexts(folder);
  const path = join(folder, "run.yaml");
  writeFileSync(
    path,
    `name: test
description: a test
model: { family: llama, depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32 } }
sources:
  - { id: a, title: A, language: en, text: served, train: a.jsonl, vocabulary: 300 }
  - { id: b, title: B, language: ru, text: served, train: b.jsonl, vocabulary: 300 }
training: { localSteps: ${localSteps}, batch: 4, learningRate: { peak: 0.01, warmupSteps: 0 } }
outer: { kind: averaging }
rounds: ${rounds}
round: ${round}
heldOut: { sampleRows: 8 }
`,
  );
  return path;
}
