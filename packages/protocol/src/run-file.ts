// The run file: everything that makes a run what it is, and the manifest that volunteers get of it.
//
// The host writes it as YAML (read in apps/server, which knows lines); here is its shape, its defaults and the
// run's identity: the SHA-256 of the canonical manifest without what may change while a run lives (description,
// host, deadlines, number of rounds). Two hosts with the same file and texts have the same run id. It is computed once,
// when the run is created: stored-run.ts says what a file means for a run that is there.

import { type RunId, runId, type Sha256, type SourceId, sha256Of } from "@homebody/base";
import { z } from "zod";
import { checked } from "./check.ts";

const positive = (most: number) => z.number("a number").gt(0, "more than 0").max(most, `at most ${most}`);
const share = z.number("a number").min(0, "0 or more").lt(1, "less than 1");
const count = (least: number, most: number) =>
  z
    .number("a whole number")
    .int("a whole number")
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`);
const line = (most: number) => z.string("text").min(1, "some text").max(most, `at most ${most} characters`);
const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, `one of ${words.join(", ")}`);

const model = z.strictObject({
  family: oneOf(["gpt2", "llama"]),
  depth: count(1, 96),
  context: count(8, 8192),
  overrides: z
    .strictObject({
      width: count(8, 16384).optional(),
      heads: count(1, 256).optional(),
      kvHeads: count(1, 256).optional(),
      hidden: count(8, 65536).optional(),
      tied: z.boolean("true or false").optional(),
      ropeTheta: positive(1e9).optional(),
      normEpsilon: positive(1).optional(),
    })
    .optional(),
});

const source = z.strictObject({
  id: z.string("text").regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "1 to 32 of a-z, 0-9 and -, not starting with -"),
  title: line(80),
  language: z.string("text").regex(/^[A-Za-z0-9-]{1,35}$/, "a language tag such as es or zh-Hant"),
  /** `served`: the host has the text; `brought`: each volunteer brings their own. */
  text: oneOf(["served", "brought"]),
  /** A folder or file of .txt, .md or .jsonl, relative to the run file; for served text. */
  train: line(1000).optional(),
  heldOut: line(1000).optional(),
  vocabulary: count(257, 65536),
});

const training = z.strictObject({
  localSteps: count(1, 100_000),
  batch: count(1, 4096),
  learningRate: z.strictObject({
    peak: positive(10),
    schedule: oneOf(["cosine", "constant"]).default("cosine"),
    warmupSteps: count(0, 1_000_000).default(100),
    finalFraction: z.number("a number").min(0, "0 or more").max(1, "at most 1").default(0.1),
  }),
  betas: z.tuple([share, share], "two numbers from 0 to less than 1").default([0.9, 0.95]),
  epsilon: positive(1).default(1e-8),
  weightDecay: z.number("a number").min(0, "0 or more").max(10, "at most 10").default(0),
  clip: positive(1e6).default(1),
  moments: oneOf(["afresh", "kept"]).default("afresh"),
  seed: count(0, 4294967295).default(1),
  /** The experiment's control: the body stays as it was initialised; only embeddings are learnt. */
  frozenBody: z.boolean("true or false").default(false),
});

const outer = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("averaging") }),
    z.strictObject({
      kind: z.literal("nesterov"),
      lr: positive(10).default(0.7),
      momentum: share.default(0.9),
    }),
  ],
  "kind: averaging or nesterov",
);

const seconds = positive(30 * 86400);
const roundPolicy = z.strictObject({
  /** Volunteers that must be ready before a round opens. */
  minimum: count(1, 100_000).default(1),
  /** Deltas after which the round closes when `graceSeconds` have passed; `all` waits for everybody. */
  quorum: z.union([count(1, 100_000), z.literal("all")], "a whole number or all").default("all"),
  graceSeconds: z.number("a number").min(0, "0 or more").max(86400, "at most 86400").default(10),
  deadlineSeconds: seconds.default(600),
  /** For the evaluation of the last body. */
  evaluationSeconds: seconds.default(120),
});

/** Of the shape and its defaults. A change of either is a new version, with a lift for manifests of the one before. */
export const schemaVersion = 1;

export const runFileShape = z.strictObject({
  name: line(80),
  description: line(2000),
  host: line(200).default("an unnamed host"),
  model,
  variant: oneOf(["spec", "glob", "trim"]).default("spec"),
  sources: z.array(source, "a list of sources").min(1, "at least one source").max(256, "at most 256 sources"),
  training,
  outer: outer.default({ kind: "averaging" }),
  weighting: oneOf(["equal", "tokens"]).default("equal"),
  codec: oneOf(["fp32", "fp16"]).default("fp16"),
  rounds: count(1, 1_000_000),
  round: roundPolicy.prefault({}),
  heldOut: z
    .strictObject({
      share: share.default(0.1),
      /** Rows of held-out text evaluated each round; `all` takes every one. */
      sampleRows: z.union([count(1, 1_000_000), z.literal("all")], "a whole number or all").default("all"),
    })
    .prefault({}),
});

export const runFileSchema = runFileShape.superRefine((file, context) => {
  const seen = new Set<string>();
  file.sources.forEach((source, i) => {
    const say = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path: ["sources", i, ...path], message });
    if (seen.has(source.id)) say(["id"], "an id that no other source has");
    seen.add(source.id);
    if (source.text === "served" && source.train === undefined)
      say(["train"], "a file or folder of text to serve");
    if (source.text === "brought" && (source.train ?? source.heldOut) !== undefined)
      say([source.train === undefined ? "heldOut" : "train"], "nothing, since volunteers bring the text");
  });
  if (file.variant !== "spec")
    context.addIssue({
      code: "custom",
      path: ["variant"],
      message: "spec (glob and trim are not supported yet)",
    });
});

export type RunFile = z.output<typeof runFileSchema>;

export const checkRunFile = checked(runFileSchema as z.ZodType<RunFile>, "run file");

/** What the host serves of one source. */
export interface ServedText {
  readonly train: Sha256;
  readonly trainBytes: number;
  readonly heldOut: Sha256 | null;
  readonly heldOutBytes: number;
  /** Where rows are a matter of the text: the row map of this text, a bitmap in the blobs. */
  readonly rows?: Sha256 | undefined;
}

export interface ManifestSource {
  readonly id: SourceId;
  readonly title: string;
  readonly language: string;
  readonly vocabulary: number;
  /** Null where volunteers bring the text. Served text is JSON lines, `{"text": ...}`, by hash under /texts/. */
  readonly served: ServedText | null;
}

/** The run file without paths: what a volunteer needs, and what the run's identity is made of. */
export interface RunManifest extends Omit<RunFile, "sources"> {
  readonly run: RunId;
  readonly sources: readonly ManifestSource[];
}

export function manifestOf(file: RunFile, served: ReadonlyMap<string, ServedText>): RunManifest {
  const sources = file.sources.map(({ id, title, language, vocabulary }) => ({
    id: id as SourceId,
    title,
    language,
    vocabulary,
    served: served.get(id) ?? null,
  }));
  const unnamed = { ...file, sources };
  return { run: identityOf(unnamed), ...unnamed };
}

/** The run's identity: description, host, deadlines and number of rounds may change; nothing else may. */
export function identityOf(manifest: Omit<RunManifest, "run">): RunId {
  return runId(sha256Of(new TextEncoder().encode(canonicalJson(fixedPart(manifest)))));
}

export function fixedPart(manifest: Omit<RunManifest, "run">): unknown {
  const { description: _d, host: _h, rounds: _r, round, ...rest } = manifest as RunManifest;
  const { graceSeconds: _g, deadlineSeconds: _s, evaluationSeconds: _e, ...policy } = round;
  const { run: _run, ...fixed } = rest;
  return { ...fixed, round: policy };
}

/** JSON with sorted keys and no spaces: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

export interface Difference {
  readonly key: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** Key by key, what differs between two values: `training.batch`, `sources.0.vocabulary`. */
export function differences(was: unknown, is: unknown, at = ""): Difference[] {
  const both = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (both(was) && both(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    return keys.flatMap((key) => differences(was[key], is[key], at === "" ? key : `${at}.${key}`));
  }
  return was === is ? [] : [{ key: at, was, is }];
}
