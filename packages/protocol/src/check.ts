// From unknown to a message: one schema each, one function that applies it.

import { InputError } from "@homebody/base";
import type { z } from "zod";

export type Check<T> = (value: unknown, where?: string) => T;

/** A checked function from unknown to T; it throws an InputError that names the first field at fault. */
export function checked<T>(schema: z.ZodType<T>, kind: string): Check<T> {
  return (value, where = kind) => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const issue = result.error.issues[0]!;
    const path = [where, ...issue.path.map(String)].join(".");
    throw new InputError(path, expectedBy(issue), shown(valueAt(value, issue.path)));
  };
}

/** What a schema expected where an issue is, in words. */
export function expectedBy(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" && issue.expected === "object" ? "keys with values" : issue.message;
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}

export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value); // NaN and infinities are no JSON
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
