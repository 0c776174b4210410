// Reads a run file: YAML in, a checked RunFile out; every error names the line, the key, what was expected and
// what came. The shape itself is in packages/protocol; here is only what knows lines, and this computer.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { InputError, nearest } from "@homebody/base";
import { expectedBy, keysAt, type RunFile, runFileSchema, shown, valueAt } from "@homebody/protocol";
import type { z } from "zod";
import { type Mistake, tooMuch } from "./limits.ts";
import { type WithModel, withModelOfStart } from "./start-model.ts";
import { readYaml, type Yaml } from "./yaml.ts";

export interface LoadedRunFile {
  readonly file: RunFile;
  /** What the host wrote, without any default. */
  readonly written: unknown;
  /** What paths in the file are relative to. */
  readonly folder: string;
}

/** All that is wrong with a run file, one line each. */
export class RunFileError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "RunFileError";
    this.problems = problems;
  }
}

/** `texts`: what its paths are relative to, if not its own folder; null where its texts are not needed. */
export async function loadRunFile(path: string, texts?: string | null): Promise<LoadedRunFile> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new InputError("run file", `a readable file at ${path}`, error.code ?? error.message);
  });
  const folder = texts ?? dirname(resolve(path));
  const name = basename(path);
  const yaml = readRunYaml(text, name);
  const whole = await withModelOfStart(yaml.value, folder);
  const file = checkRun(yaml, name, whole, texts === null ? undefined : folder);
  return { file, written: yaml.value, folder };
}

/** Its model stands in it: no folder is looked into. */
export function parseRunFile(text: string, name: string): RunFile {
  const yaml = readRunYaml(text, name);
  return checkRun(yaml, name, { value: yaml.value, mistakes: [] });
}

function readRunYaml(text: string, name: string): Yaml {
  const yaml = readYaml(text);
  if (yaml.mistakes.length === 0) return yaml;
  throw new RunFileError(yaml.mistakes.map(({ line, got }) => `${name}:${line}: expected YAML, got: ${got}`));
}

/** Paths are looked for where their folder is given. */
function checkRun(yaml: Yaml, name: string, whole: WithModel, folder?: string): RunFile {
  const result = runFileSchema.safeParse(whole.value);
  const found = result.success
    ? [...tooMuch(result.data), ...(folder === undefined ? [] : missing(result.data, folder))]
    : result.error.issues.flatMap((issue) => mistakesOf(issue, yaml.value));
  // Where it is not known which model the run starts from, nothing can be said of the file's own.
  const others = whole.mistakes.length > 0 ? found.filter(({ path }) => path[0] !== "model") : found;
  const mistakes = [...whole.mistakes, ...others];
  if (result.success && mistakes.length === 0) return result.data;
  throw new RunFileError(sentences(mistakes, name, yaml));
}

/** In the order of their lines. */
function sentences(mistakes: readonly Mistake[], name: string, { lineOf }: Yaml): string[] {
  return mistakes
    .map((mistake) => ({ ...mistake, line: lineOf(mistake.path) }))
    .sort((a, b) => a.line - b.line)
    .map(
      ({ line, path, expected, got }) =>
        `${name}:${line}: ${path.map(String).join(".") || "run"}: expected ${expected}, got ${got}`,
    );
}

function mistakesOf(issue: z.core.$ZodIssue, value: unknown): readonly Mistake[] {
  const { path } = issue;
  if (issue.code !== "unrecognized_keys")
    return [{ path, expected: expectedBy(issue), got: got(valueAt(value, path)) }];
  return issue.keys.map((key) => {
    const near = nearest(key, keysAt(path));
    const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
    return { path: [...path, key], expected: "a key of the run file", got: `"${key}"${meant}` };
  });
}

/** YAML has nothing where a value is left out. */
const got = (value: unknown) => (value === null ? "nothing" : shown(value));

/** Files that the run file names and nobody finds. */
function missing({ sources, vocabulary }: RunFile, folder: string): readonly Mistake[] {
  const named = [
    { path: ["vocabulary", "file"], file: vocabulary.file },
    ...sources.flatMap((source, i) =>
      (["train", "heldOut", "tokenizer"] as const).map((key) => ({
        path: ["sources", i, key],
        file: source[key],
      })),
    ),
  ];
  return named.flatMap(({ path, file }) => {
    if (file === undefined || existsSync(resolve(folder, file))) return [];
    return [{ path, expected: `a file or folder at ${resolve(folder, file)}`, got: "nothing there" }];
  });
}
