// A small run in a folder, for tests: two sources with words of their own, a model that learns in milliseconds.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "@homebody/base";

export interface RunFolderOptions {
  readonly rounds?: number;
  readonly localSteps?: number;
  /** The run file's `round`, as YAML. */
  readonly round?: string;
  readonly family?: "gpt2" | "llama";
  readonly width?: number;
  /** More lines at the top: `variant: glob`. Sources then have no vocabulary of their own. */
  readonly more?: readonly string[];
  /** Whose the text is; it is in the folder, too, where volunteers bring it. */
  readonly text?: "served" | "brought";
  /** The run file's `keep`, as YAML. */
  readonly keep?: string;
  readonly down?: "off" | "int8" | "int4";
  readonly body?: "fp32" | "fp16";
  /** The model folder that the run starts from, relative to the run file, which then says nothing of its model. */
  readonly start?: string;
  /** Of source `a`; `b` is open. */
  readonly admission?: "open" | "code" | "approval";
}

const patient =
  "{ minimum: 2, quorum: all, deadlineSeconds: 3600, evaluationSeconds: 3600, minimumSeconds: 0 }";

/** The documents of `a.jsonl` and `b.jsonl`, by source. */
export function writeTexts(folder: string): Readonly<Record<"a" | "b", readonly string[]>> {
  mkdirSync(folder, { recursive: true });
  const dice = random("texts");
  const write = (id: string, words: readonly string[]) => {
    // Each ends with a character of its own: what is held out has bytes that what is trained on does not have.
    const document = (_: unknown, i: number) =>
      `${Array.from({ length: 40 }, () => words[dice.below(4)]).join(" ")} ${String.fromCharCode(0x4e00 + i)}`;
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
  {
    rounds = 2,
    localSteps = 6,
    round = patient,
    family = "llama",
    width = 16,
    more,
    keep,
    down,
    body,
    text = "served",
    admission = "open",
    start,
  }: RunFolderOptions = {},
): string {
  writeTexts(folder);
  const path = join(folder, "run.yaml");
  const overrides = `{ width: ${width}, heads: 2, hidden: 32 }`;
  const model =
    start === undefined
      ? `model: { family: ${family}, depth: 1, context: 16, overrides: ${overrides} }`
      : `start: { from: ${start} }`;
  const source = (id: string, language: string) =>
    [
      `id: ${id}, title: ${id.toUpperCase()}, language: ${language}, text: ${text}`,
      ...(text === "served" ? [`train: ${id}.jsonl`] : []),
      ...(more === undefined ? ["vocabulary: 300"] : []),
      ...(id === "a" && admission !== "open" ? [`admission: ${admission}`] : []),
    ].join(", ");
  writeFileSync(
    path,
    `name: test
description: a test
${model}
sources:
  - { ${source("a", "en")} }
  - { ${source("b", "ru")} }
training: { localSteps: ${localSteps}, batch: 4, learningRate: { peak: 0.01, warmupSteps: 0 } }
outer: { kind: averaging }
rounds: ${rounds}
round: ${round}
heldOut: { sampleRows: 8 }
${keep === undefined ? "" : `keep: ${keep}`}
${down === undefined ? "" : `down: ${down}`}
${body === undefined ? "" : `body: ${body}`}
${(more ?? []).join("\n")}
`,
  );
  return path;
}
