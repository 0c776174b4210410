// Every message between a volunteer or watcher and the coordinator, checked on arrival.
//
// Messages carry numbers, hashes, ids and words of closed sets; there is no free-text field on the way from a
// volunteer to the coordinator, so no text can leave a device by accident. Rules: ../RULES.md.

import type { Millis, RunId, Sha256, SourceId, UploadId, VolunteerId } from "@homebody/base";
import { z } from "zod";
import { type Check, checked } from "./check.ts";
import type { Refusal } from "./refusals.ts";

export const protocolVersion = 1;

/** Bytes of one chunk: well below Socket.IO's frame limit of 1 MB. */
export const chunkBytes = 64 * 1024;
/** Chunks that may be on their way without an acknowledgement. */
export const chunkWindow = 8;
/** A frame larger than this closes the connection. */
export const maxFrameBytes = 256 * 1024;

const whole = (most = Number.MAX_SAFE_INTEGER) => z.number().int().min(0).max(most);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} hex digits`);
const finite = z.number().refine(Number.isFinite, "a finite number");
const sha = hex(64) as unknown as z.ZodType<Sha256>;
const run = hex(64) as unknown as z.ZodType<RunId>;
const volunteer = hex(32) as unknown as z.ZodType<VolunteerId>;
const upload = hex(32) as unknown as z.ZodType<UploadId>;
const source = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/) as unknown as z.ZodType<SourceId>;

export const backends = ["webgpu", "wasm"] as const;
export const hosts = ["browser", "node"] as const;
export const stages = ["prepare", "wait", "download", "evaluate", "train", "encode", "send", "rest"] as const;
export type Stage = (typeof stages)[number];

export interface Device {
  readonly backend: (typeof backends)[number];
  readonly host: (typeof hosts)[number];
}

/** First message of a volunteer's connection. The secret is its identity: the id is the secret's hash. */
export interface Hello {
  readonly protocol: number;
  readonly run: RunId;
  readonly secret: string; // 64 hex digits
  readonly source: SourceId;
  readonly device: Device;
}

/** Text, vocabulary and engine are ready: from now on rounds may count on this volunteer. */
export interface Ready {
  readonly ready: boolean;
}

/** Volatile: may be lost, says only how far it is. */
export interface Progress {
  readonly round: number;
  readonly stage: Stage;
  readonly step: number;
  readonly of: number;
  readonly loss: number | null; // nats a token
  readonly tokensPerSecond: number | null;
}

export interface OpenUpload {
  readonly round: number;
  readonly delta: Sha256;
  readonly sizeBytes: number;
  readonly steps: number;
  readonly tokens: number;
  /** Mean training loss over the round's steps, nats a token. */
  readonly loss: number;
}

export interface Chunk {
  readonly upload: UploadId;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface Commit {
  readonly upload: UploadId;
}

/** Of a body, on this volunteer's held-out share with its own embeddings. */
export interface Evaluation {
  readonly body: number;
  readonly sha256: Sha256;
  readonly nats: number; // sum of -ln p
  readonly tokens: number;
  readonly bytes: number; // UTF-8 bytes of the text predicted
}

export type AdminAct =
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "end-round" }
  | { readonly kind: "end-run" }
  | { readonly kind: "remove"; readonly volunteer: VolunteerId };

export interface Admin {
  readonly token: string;
  readonly act: AdminAct;
}

/** The answer is `{ok, last}`; then `entries` events bring arrays of journal entries, in order. */
export interface Watch {
  /** The last entry that the watcher has; 0 for none. */
  readonly after: number;
}

const device = z.strictObject({ backend: z.enum(backends), host: z.enum(hosts) });

export const checkHello: Check<Hello> = checked(
  z.strictObject({ protocol: whole(1e6), run, secret: hex(64), source, device }),
  "hello",
);
export const checkReady: Check<Ready> = checked(z.strictObject({ ready: z.boolean() }), "ready");
export const checkProgress: Check<Progress> = checked(
  z.strictObject({
    round: whole(),
    stage: z.enum(stages),
    step: whole(),
    of: whole(),
    loss: finite.nullable(),
    tokensPerSecond: finite.min(0).nullable(),
  }),
  "progress",
);
export const checkOpenUpload: Check<OpenUpload> = checked(
  z.strictObject({
    round: whole(),
    delta: sha,
    sizeBytes: whole(2 ** 40),
    steps: whole(1e9).min(1),
    tokens: whole(1e15).min(1),
    loss: finite,
  }),
  "open",
);
const someBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length > 0, "bytes");
export const checkChunk: Check<Chunk> = checked(
  z.strictObject({ upload, offset: whole(), bytes: someBytes }),
  "chunk",
);
export const checkCommit: Check<Commit> = checked(z.strictObject({ upload }), "commit");
export const checkEvaluation: Check<Evaluation> = checked(
  z.strictObject({
    body: whole(),
    sha256: sha,
    nats: finite.min(0),
    tokens: whole(1e15),
    bytes: whole(1e15).min(1),
  }),
  "evaluation",
);
export const checkWatch: Check<Watch> = checked(z.strictObject({ after: whole() }), "watch");
export const checkAdmin: Check<Admin> = checked(
  z.strictObject({
    token: z.string().max(200),
    act: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("pause") }),
      z.strictObject({ kind: z.literal("resume") }),
      z.strictObject({ kind: z.literal("end-round") }),
      z.strictObject({ kind: z.literal("end-run") }),
      z.strictObject({ kind: z.literal("remove"), volunteer }),
    ]),
  }),
  "admin",
);

/** What the coordinator answers to every message but progress. */
export type Reply<T = object> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly refusal: Refusal };

export interface Welcome {
  readonly volunteer: VolunteerId;
  readonly announcement: Announcement;
}

export interface UploadOpened {
  readonly upload: UploadId;
  /** Bytes that the coordinator already has: the upload goes on from here. */
  readonly offset: number;
  /** The delta is in: there is nothing left to send. */
  readonly accepted: boolean;
}

/** What the coordinator says of the run, to each volunteer, at every change and after each hello. */
export type Announcement = {
  readonly paused: boolean;
  readonly bodyNumber: number;
  readonly body: Sha256;
} & (
  | { readonly kind: "gathering"; readonly round: number; readonly ready: number; readonly minimum: number }
  | {
      readonly kind: "training";
      readonly round: number;
      readonly localSteps: number;
      /** Steps of the run before this round: with the local step it sets the learning rate. */
      readonly stepsBefore: number;
      readonly totalSteps: number;
      readonly remainingMs: number;
      /** Null: this volunteer waits for the next round. */
      readonly assignment: Assignment | null;
      readonly accepted: boolean;
    }
  | { readonly kind: "closing"; readonly round: number }
  | { readonly kind: "evaluating"; readonly remainingMs: number; readonly evaluated: boolean }
  | { readonly kind: "finished"; readonly rounds: number }
);

export interface Assignment {
  readonly slot: number;
  readonly slots: number;
}

export interface Watching {
  /** The last entry of the journal now. A watcher that is far behind reads up to it by HTTP. */
  readonly last: number;
}

/** Why a connection will not be used again by itself [P5] [C17]. */
export interface Removed {
  readonly reason: "replaced" | "removed";
}

/** A volunteer as the dashboard sees it now; presence is never in the journal. */
export interface Presence {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: Device;
  readonly connected: boolean;
  readonly ready: boolean;
  readonly progress: Progress | null;
  readonly lastSeenAt: Millis;
}

/** Live to watchers, about once a second; may be lost. */
export interface PresenceReport {
  readonly at: Millis;
  readonly volunteers: readonly Presence[];
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>;
}

/** The names of Socket.IO events; requests have an acknowledgement with a Reply. */
export const events = {
  hello: "hello",
  ready: "ready",
  progress: "progress",
  open: "open",
  chunk: "chunk",
  commit: "commit",
  evaluation: "evaluation",
  leave: "leave",
  watch: "watch",
  admin: "admin",
  announcement: "announcement",
  entries: "entries",
  presence: "presence",
  removed: "removed",
} as const;
