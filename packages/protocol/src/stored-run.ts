// A run that was created stays what it was: its manifest is stored, whole, with every value that its schema version gave
// to keys which the file left out. What a file of today says of such a run is what is written in it, and no default.

import { InputError } from "@homebody/base";
import { z } from "zod";
import { groupNames } from "./body.ts";
import { checked, valueAt } from "./check.ts";
import {
  type Difference,
  differences,
  fixedPart,
  type ManifestSource,
  type RunManifest,
} from "./manifest.ts";
import type { RunFile } from "./run-file.ts";
import { admissions, mostSources, runFileShape, schemaVersion } from "./run-file-shape.ts";

/** Makes of a manifest of one schema version that of the next: new keys get the value that the old version behaved by. */
export type ManifestLift = (manifest: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** The lift at place n - 1 is that from version n to n + 1. */
const lifts: readonly ManifestLift[] = [
  (manifest) => ({
    ...manifest,
    vocabulary: { kind: "own", size: 2048, sampleBytes: 16_000_000 },
    words: "device",
    training: {
      optimiser: { kind: "adamw" },
      fitSteps: 0,
      refitSteps: 0,
      ...(manifest.training as object),
    },
    round: { sources: "all", ...(manifest.round as object) },
    sources: Array.isArray(manifest.sources)
      ? manifest.sources.map((source: object) => ({ tokenizer: null, words: "device", ...source }))
      : manifest.sources,
  }),
  (manifest) => ({
    ...{
      origins: [],
      clipping: "off",
      average: { rule: "mean" },
      hold: "off",
      review: "off",
      errorFeedback: "off",
      keep: { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 },
      newcomerRounds: 1,
      down: "off",
      body: "fp32",
      overlap: "off",
    },
    ...manifest,
    training: { timeBox: "off", ...(manifest.training as object) },
    round: { minimumSeconds: 0, quorumSources: 1, excuseAfter: "never", ...(manifest.round as object) },
    heldOut: { leastBytes: 1, ...(manifest.heldOut as object) },
    sources: Array.isArray(manifest.sources)
      ? manifest.sources.map((source: object) => ({ admission: "open", ...source }))
      : manifest.sources,
  }),
];

/** A manifest of an older schema version in today's form. */
export function liftManifest(
  manifest: Readonly<Record<string, unknown>>,
  version: number,
  all: readonly ManifestLift[] = lifts,
): Readonly<Record<string, unknown>> {
  const newest = all.length + 1;
  if (!Number.isInteger(version) || version < 1 || version > newest)
    throw new InputError(
      "run file's schema",
      `a version from 1 to ${newest} (a newer Homebody wrote this run: update the clone)`,
      `${version}`,
    );
  return all.slice(version - 1).reduce((lifted, lift) => lift(lifted), manifest);
}

/** A source that joined a run of an older schema version, in today's form. */
export function liftSource(
  source: Readonly<Record<string, unknown>>,
  version: number,
  all?: readonly ManifestLift[],
): unknown {
  const { sources } = liftManifest({ sources: [source] }, version, all);
  return (sources as readonly unknown[])[0];
}

const hash = z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits");
const size = z.number().int().min(0);
const served = z.object({
  train: hash,
  trainBytes: size,
  heldOut: hash.nullable(),
  heldOutBytes: size,
  rows: z.object({ sha256: hash, held: z.number().int().min(1) }).optional(),
});
/** A source of a manifest, as it is stored. */
export const sourceShape = runFileShape.shape.sources.element
  .omit({ text: true, train: true, heldOut: true })
  .required({ vocabulary: true, words: true })
  .extend({
    admission: z.enum(admissions),
    tokenizer: z.object({ sha256: hash, sizeBytes: size }).nullable(),
    served: served.nullable(),
  });

/** A manifest as it is stored; keys with a default have to be there all the same. */
export const manifestShape = runFileShape.extend({
  run: hash,
  start: z
    .object({ name: z.string().max(255), sha256: hash, groups: z.array(z.enum(groupNames)) })
    .optional(),
  vocabulary: runFileShape.shape.vocabulary.unwrap().omit({ file: true }),
  keep: runFileShape.shape.keep.unwrap().required(),
  errorFeedback: runFileShape.shape.errorFeedback.unwrap(),
  weighting: runFileShape.shape.weighting.unwrap(),
  training: runFileShape.shape.training.required({ moments: true }),
  sources: z.array(sourceShape).min(1).max(mostSources),
});
const check = checked(manifestShape as unknown as z.ZodType<RunManifest>, "manifest");
const checkOne = checked(sourceShape as unknown as z.ZodType<ManifestSource>, "source");

/**
 * A manifest as it is stored and sent. Keys that are not known are left out; one that is missing is an error, never a
 * default: a default is for a file that is written today.
 */
export function checkManifest(value: unknown, where = "manifest"): RunManifest {
  const known = withoutUnknown(value, manifestShape);
  const manifest = check(known, where);
  const filled = differences(known, manifest).find(({ was }) => was === undefined);
  if (filled) throw new InputError(`${where}.${filled.key}`, "a value", "nothing");
  return manifest;
}

/** A manifest as a coordinator sends it, one of an older schema too: 0.2 sends those of schema 1, 0.3 those of 2. */
export function readManifest(value: unknown, where = "manifest"): RunManifest {
  if (typeof value !== "object" || value === null) return checkManifest(value, where);
  const sent = value as Readonly<Record<string, unknown>>;
  return checkManifest(liftManifest(sent, schemaOf(sent)), where);
}

/** By the keys that a schema brought. */
function schemaOf(sent: Readonly<Record<string, unknown>>): number {
  if (sent.vocabulary === undefined) return 1;
  return sent.newcomerRounds === undefined || sent.origins === undefined ? 2 : schemaVersion;
}

/** One source of a manifest, as it is stored when it joins a run; keys as above, none of them has a default. */
export function checkSource(value: unknown, where?: string): ManifestSource {
  return checkOne(withoutUnknown(value, sourceShape), where);
}

function withoutUnknown(value: unknown, shape: z.ZodType): unknown {
  const result = shape.safeParse(value);
  if (result.success) return value;
  const unknown = result.error.issues.filter((issue) => issue.code === "unrecognized_keys");
  if (unknown.length === 0) return value;
  const copy: unknown = structuredCopy(value);
  for (const { path, keys } of unknown) {
    const holder = valueAt(copy, path) as Record<string, unknown>;
    for (const key of keys) delete holder[key];
  }
  return copy;
}

const structuredCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/**
 * What differs between a stored run and a file in what is fixed, of what is written in the file; texts by their hash.
 * Sources are compared by id: the file may have more, which then join, and may leave out those that `joined` later.
 */
export function fixedDifferences(
  stored: RunManifest,
  ofFile: Omit<RunManifest, "run">,
  written: unknown,
  joined: ReadonlySet<string> = new Set(),
): Difference[] {
  const others = (manifest: Omit<RunManifest, "run">) => fixedPart({ ...manifest, sources: [] });
  const found = differences(others(stored), others(ofFile)).filter(({ key }) =>
    isWritten(written, key.split(".")),
  );
  for (const source of stored.sources) {
    const i = ofFile.sources.findIndex(({ id }) => id === source.id);
    if (i >= 0)
      found.push(
        ...differences(source, ofFile.sources[i], `sources.${i}`).filter(({ key }) =>
          isWrittenOfSource(written, key.split(".")),
        ),
      );
    else if (!joined.has(source.id)) found.push({ key: `sources.${source.id}`, was: source, is: undefined });
  }
  return found;
}

/** The sources of a file that a stored run does not have. */
export function sourcesToJoin<T extends { readonly id: string }>(
  stored: Pick<RunManifest, "sources">,
  file: { readonly sources: readonly T[] },
): readonly T[] {
  return file.sources.filter(({ id }) => stored.sources.every((source) => source.id !== id));
}

/** The stored manifest with what is written in the file of what may change. */
export function withChanges(stored: RunManifest, file: RunFile, written: unknown): RunManifest {
  const has = (...path: string[]) => isWritten(written, path);
  const { round } = stored;
  const changed = <K extends "graceSeconds" | "deadlineSeconds" | "evaluationSeconds" | "minimumSeconds">(
    key: K,
  ) => (has("round", key) ? file.round[key] : round[key]);
  return {
    ...stored,
    description: has("description") ? file.description : stored.description,
    host: has("host") ? file.host : stored.host,
    origins: has("origins") ? file.origins : stored.origins,
    rounds: has("rounds") ? file.rounds : stored.rounds,
    round: {
      ...round,
      graceSeconds: changed("graceSeconds"),
      deadlineSeconds: changed("deadlineSeconds"),
      evaluationSeconds: changed("evaluationSeconds"),
      minimumSeconds: changed("minimumSeconds"),
    },
  };
}

/** The same of a source's key: its text is always written, a tokenizer where the file gives one. */
function isWrittenOfSource(written: unknown, path: readonly string[]): boolean {
  const [, , key, part] = path;
  if (key === "served") return part !== "rows";
  return isWritten(written, path) || (key === "tokenizer" && isWritten(written, ["vocabulary", "file"]));
}

/**
 * Whether a file says something of a key. A list is written whole: a place beyond its end is one that it leaves out on purpose. What
 * the folder is that a run starts from is said by naming it.
 */
function isWritten(written: unknown, path: readonly string[]): boolean {
  if (path[0] === "start" && path.length > 1) return isWritten(written, ["start"]);
  let here = written;
  for (const key of path) {
    if (Array.isArray(here)) {
      if (Number(key) >= here.length) return true;
    } else if (typeof here !== "object" || here === null) return true;
    else if (!Object.hasOwn(here, key)) return false;
    here = (here as Record<string, unknown>)[key];
  }
  return here !== undefined;
}
