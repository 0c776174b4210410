// The run file: everything that makes a run what it is.
//
// The host writes it as YAML (read in apps/server, which knows lines); here is how what it says is checked.

import { InputError } from "@homebody/base";
import type { z } from "zod";
import { checked, shown, valueAt } from "./check.ts";
import { type RunOfSource, sayContradictions, wrongInSource } from "./run-file-contradictions.ts";
import { runFileShape, type SourceOfFile, sourceOfFile } from "./run-file-shape.ts";

export const runFileSchema = runFileShape.superRefine(sayContradictions, { when: () => true });

export type RunFile = z.output<typeof runFileSchema>;

export const checkRunFile = checked(runFileSchema as z.ZodType<RunFile>, "run file");

/**
 * One source of a run file, as a run can have it beside the others. Throws an InputError that names the key by `place`:
 * `sources.2.train`, `--train`.
 */
export function checkSourceOfFile(
  run: RunOfSource,
  value: unknown,
  others: ReadonlySet<string>,
  place: (key: string) => string,
): SourceOfFile {
  const result = sourceOfFile.safeParse(value);
  const [key, message] = result.success
    ? (wrongInSource(run, result.data, others)[0] ?? [])
    : [String(result.error.issues[0]!.path[0]), result.error.issues[0]!.message];
  if (key === undefined || message === undefined) return result.data!;
  throw new InputError(place(key), message, shown(valueAt(value, [key])));
}
