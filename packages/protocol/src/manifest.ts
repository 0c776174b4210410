// The manifest: what volunteers get of the run file, and the run's identity: the SHA-256 of the canonical manifest without what may
// change while a run lives (description, host, origins, deadlines, number of rounds). Two hosts with the same file and texts have the
// same run id. It is computed once, when the run is created: stored-run.ts says what a file means for a run that is there.

import { type RunId, runId, type Sha256, type SourceId, sha256OfText } from "@homebody/base";
import type { GroupName } from "./body.ts";
import type { RunFile } from "./run-file.ts";
import {
  type admissions,
  type ErrorFeedback,
  errorFeedbackOf,
  type KeptMoments,
  momentsOf,
} from "./run-file-shape.ts";

/** What the host serves of one source. */
export interface ServedText {
  readonly train: Sha256;
  readonly trainBytes: number;
  readonly heldOut: Sha256 | null;
  readonly heldOutBytes: number;
  /** Where rows are a matter of the text: the row map of this text, a bitmap in the blobs, and how many it holds. */
  readonly rows?: { readonly sha256: Sha256; readonly held: number } | undefined;
}

/** A tokenizer.json in the blobs, that devices take instead of training one. */
export interface ServedTokenizer {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

export interface ManifestSource {
  readonly id: SourceId;
  readonly title: string;
  readonly language: string;
  /** Of its text; not there where the host states none. */
  readonly licence?: string | undefined;
  /** Rows of the embedding, before any are left out. */
  readonly vocabulary: number;
  /** Null where each device trains its own. */
  readonly tokenizer: ServedTokenizer | null;
  readonly words: RunFile["words"];
  readonly admission: (typeof admissions)[number];
  /** Null where volunteers bring the text. Served text is JSON lines, `{"text": ...}`, by hash under /texts/. */
  readonly served: ServedText | null;
}

/** What a run starts from, as it was when the run was created. */
export interface Start {
  /** Of the model's folder, for people: no part of the run's identity. */
  readonly name: string;
  /** Of its weights: of model.safetensors, or of the lines that `sha256sum` prints of several files. */
  readonly sha256: Sha256;
  /** Groups whose first numbers are the folder's; those of others follow from the seed. */
  readonly groups: readonly GroupName[];
}

/** The run file without paths: what a volunteer needs, and what the run's identity is made of. */
export interface RunManifest
  extends Omit<
    RunFile,
    "sources" | "vocabulary" | "keep" | "start" | "errorFeedback" | "weighting" | "training"
  > {
  readonly run: RunId;
  /** Not there where the first body follows from the seed. */
  readonly start?: Start | undefined;
  readonly errorFeedback: ErrorFeedback;
  readonly weighting: NonNullable<RunFile["weighting"]>;
  readonly training: RunFile["training"] & { readonly moments: KeptMoments };
  readonly keep: Omit<RunFile["keep"], "deltaRounds"> & { readonly deltaRounds: number | "all" };
  readonly vocabulary: Omit<RunFile["vocabulary"], "file">;
  readonly sources: readonly ManifestSource[];
}

/** A tokenizer by source, with the size of its vocabulary where that is the file's to say. */
export type Tokenizers = ReadonlyMap<string, ServedTokenizer & { readonly vocabulary?: number | undefined }>;

/** `texts` and `tokenizers`: what the host serves, by source. `start`: what the folder is that the file names. */
export function manifestOf(
  file: RunFile,
  texts: ReadonlyMap<string, ServedText>,
  tokenizers: Tokenizers = new Map(),
  start?: Start,
): RunManifest {
  const { start: _start, ...rest } = file;
  const { file: _, ...vocabulary } = file.vocabulary;
  const sources = file.sources.map((source): ManifestSource => {
    const { id, title, language, licence, words = file.words, admission } = source;
    const tokenizer = tokenizers.get(id);
    return {
      id: id as SourceId,
      title,
      language,
      ...(licence === undefined ? {} : { licence }),
      vocabulary: tokenizer?.vocabulary ?? source.vocabulary ?? vocabulary.size,
      tokenizer:
        tokenizer === undefined ? null : { sha256: tokenizer.sha256, sizeBytes: tokenizer.sizeBytes },
      words,
      admission,
      served: texts.get(id) ?? null,
    };
  });
  const isServed = file.sources.every(({ text }) => text === "served");
  const keep: RunManifest["keep"] = {
    ...file.keep,
    deltaRounds: file.keep.deltaRounds ?? (isServed ? 3 : 0),
  };
  const { weighting = file.training.timeBox === "off" ? "equal" : "tokens" } = file;
  const training = { ...file.training, moments: momentsOf(file) };
  const unnamed = {
    ...{ ...rest, vocabulary, sources, training, keep, weighting, errorFeedback: errorFeedbackOf(file) },
    ...(start === undefined ? {} : { start }),
  };
  return { run: identityOf(unnamed), ...unnamed };
}

/** The run's identity: description, host, origins, deadlines and number of rounds may change; nothing else may. */
export function identityOf(manifest: Omit<RunManifest, "run">): RunId {
  return runId(sha256OfText(canonicalJson(fixedPart(manifest))));
}

export function fixedPart(manifest: Omit<RunManifest, "run">): unknown {
  const { description: _d, host: _h, origins: _o, rounds: _r, round, ...rest } = manifest as RunManifest;
  const {
    graceSeconds: _g,
    deadlineSeconds: _s,
    evaluationSeconds: _e,
    minimumSeconds: _m,
    ...policy
  } = round;
  const { run: _run, start, ...fixed } = rest;
  const { name: _name, ...startFixed } = start ?? {};
  return { ...fixed, ...(start === undefined ? {} : { start: startFixed }), round: policy };
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
