// Branded ids and units, each made in one place.
//
// A brand is only a compile-time mark: at run time an id is a string and a time is a number. The functions
// here are the only ones that mint brands; each checks its form and throws an InputError that says where.

import { InputError } from "./errors.ts";

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A run's identity: the SHA-256 (hex) of its canonical file. */
export type RunId = Brand<string, "RunId">;
/** A data source of a run: a short lower-case word such as `es` or `club-minutes`. */
export type SourceId = Brand<string, "SourceId">;
/** A volunteer's public name: the first 32 hex digits of the SHA-256 of its secret. */
export type VolunteerId = Brand<string, "VolunteerId">;
/** One upload of one delta: see P7 in packages/protocol/RULES.md. */
export type UploadId = Brand<string, "UploadId">;
/** 64 lower-case hex digits. */
export type Sha256 = Brand<string, "Sha256">;
/** A point in time, milliseconds since the epoch. */
export type Millis = Brand<number, "Millis">;

function matching<T>(kind: string, form: RegExp, expected: string) {
  return (text: string, where: string = kind): T => {
    if (!form.test(text)) throw new InputError(where, expected, JSON.stringify(text));
    return text as T;
  };
}

const hex64 = /^[0-9a-f]{64}$/;
export const runId = matching<RunId>("run", hex64, "64 hex digits");
export const sha256Id = matching<Sha256>("sha256", hex64, "64 hex digits");
export const volunteerId = matching<VolunteerId>("volunteer", /^[0-9a-f]{32}$/, "32 hex digits");
export const uploadId = matching<UploadId>("upload", /^[0-9a-f]{32}$/, "32 hex digits");
export const sourceId = matching<SourceId>(
  "source",
  /^[a-z0-9][a-z0-9-]{0,31}$/,
  "1 to 32 of a-z, 0-9 and -, not starting with -",
);

export function millis(value: number): Millis {
  if (!Number.isFinite(value)) throw new InputError("time", "a finite number of milliseconds", String(value));
  return value as Millis;
}
