// Reads a run file: YAML in, a checked RunFile out; every error names the line, the key, what was expected and
// what came. The shape itself is in packages/protocol; here is only what knows lines.

import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { InputError } from "@homebody/base";
import { type RunFile, runFileSchema, shown, valueAt } from "@homebody/protocol";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";

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

export async function loadRunFile(path: string): Promise<LoadedRunFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new InputError("run file", `a readable file at ${path}`, (cause as Error).message);
  }
  return { ...readRunFile(text, basename(path)), folder: dirname(resolve(path)) };
}

export function parseRunFile(text: string, name: string): RunFile {
  return readRunFile(text, name).file;
}

function readRunFile(text: string, name: string): Pick<LoadedRunFile, "file" | "written"> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0)
    throw new RunFileError(
      document.errors.map((error) => {
        const what = error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
        return `${name}:${lines.linePos(error.pos[0]).line}: expected YAML, got: ${what}`;
      }),
    );
  const value: unknown = document.toJS();
  const result = runFileSchema.safeParse(value);
  if (result.success) return { file: result.data, written: value };
  const problems = result.error.issues.flatMap((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    return unknown.map((key) => {
      const path = key === undefined ? issue.path : [...issue.path, key];
      const { line } = lines.linePos(offsetOf(document, path));
      const expected = key === undefined ? issue.message : "a key of the run file";
      const got = key === undefined ? shown(valueAt(value, path)) : `"${key}"`;
      return {
        line,
        text: `${name}:${line}: ${path.map(String).join(".") || "run"}: expected ${expected}, got ${got}`,
      };
    });
  });
  problems.sort((a, b) => a.line - b.line);
  throw new RunFileError(problems.map(({ text }) => text));
}

/** Where the value at a path begins; for one that is missing, where what should hold it begins. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
