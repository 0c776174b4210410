// Every message of a volunteer, a watcher or the host to the coordinator, checked on arrival.
//
// Messages carry numbers, hashes, ids and words of closed sets; there is no free-text field on the way from a
// volunteer to the coordinator, so no text can leave a device by accident. Fields that are not known are left unread, so a
// message may gain some [P22]. What comes down is in answers.ts. Rules: ../RULES.md.

import type { RunId, Sha256, SourceId, UploadId, VolunteerId } from "@homebody/base";
import { z } from "zod";
import { type Check, checked } from "./check.ts";
import { finite, hex, run, sha, source, upload, volunteer, whole } from "./fields.ts";
import { code } from "./invitation.ts";

/** Another one is refused: see protocolOf. */
export const protocolVersion = 2;

/** Bytes of one chunk: well below Socket.IO's frame limit of 1 MB. */
export const chunkBytes = 64 * 1024;
/** Chunks that may be on their way without an acknowledgement. */
export const chunkWindow = 8;
/** A frame larger than this closes the connection. */
export const maxFrameBytes = 256 * 1024;

export const backends = ["webgpu", "wasm"] as const;
export const hosts = ["browser", "node"] as const;
export const stages = ["prepare", "wait", "download", "evaluate", "train", "encode", "send"] as const;
export type Stage = (typeof stages)[number];

export interface DeviceKind {
  readonly backend: (typeof backends)[number];
  readonly host: (typeof hosts)[number];
}

/** First message of a volunteer's connection. The secret is its identity: the id is the secret's hash. */
export interface Hello {
  readonly protocol: number;
  readonly run: RunId;
  readonly secret: string; // 64 hex digits
  readonly source: SourceId;
  readonly device: DeviceKind;
  /** What this volunteer can do: a run may need more [P23]. */
  readonly can: Abilities;
  /** Where rows are a matter of the text (DEPT's TRIM): a bitmap over the vocabulary, the lowest bit of a byte first. */
  readonly rows?: Uint8Array | undefined;
  /** Of an invitation, for a source that asks for one: 32 hex digits [P38]. */
  readonly code?: string | undefined;
}

/** Words of codecs and sections, those of other versions included. */
export interface Abilities {
  readonly codecs: readonly string[];
  /** Groups of parameters that it may exchange: `theta`; with `-of-source` those of one source alone. */
  readonly sections: readonly string[];
  /** Kinds of vocabularies. */
  readonly vocabularies: readonly string[];
  /** Optimisers of the body. */
  readonly optimisers: readonly string[];
  /** How a round says how many steps a volunteer makes: `steps`, `time-box`. */
  readonly rounds: readonly string[];
  /** What a body's numbers may be. */
  readonly bodies: readonly string[];
}

/** The bitmap of the largest vocabulary that a run file may have. */
export const mostRowBytes = 65536 / 8;

/** Text, vocabulary and engine are ready: from now on rounds may count on this volunteer. */
export interface Ready {
  readonly ready: boolean;
  /** UTF-8 bytes of its held-out text, where it brings its text: no evaluation is of more [P29]. */
  readonly heldOutBytes?: number | undefined;
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
  /** The number of the body that it starts from; that of the round where it is not said [P63]. */
  readonly body?: number | undefined;
}

/** Bytes at a volunteer's socket: bodies, steps, deltas and messages; texts do not count. */
export interface PassedBytes {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A small delta may ride in its opening, and is then committed with it [P7]. */
export interface OpenMessage extends OpenUpload {
  /** Since the last delta of this device that was accepted, this one included [P62]. */
  readonly passed?: PassedBytes | undefined;
  /** The whole delta, at most `chunkBytes`. */
  readonly bytes?: Uint8Array | undefined;
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
  /** The body's id. */
  readonly id: Sha256;
  readonly nats: number; // sum of -ln p
  readonly tokens: number;
  readonly bytes: number; // UTF-8 bytes of the text predicted
}

/** Of a peer's delta: what its text costs without it and with it, on the same rows [P70]. */
export interface Verdict {
  readonly delta: Sha256;
  /** Sums of -ln p: of the body that the delta started from, and of that body with a share of it. */
  readonly natsWithout: number;
  readonly natsWith: number;
  readonly bytes: number; // UTF-8 bytes of the text predicted
}

export interface OfferedCode {
  /** See hashOfCode. */
  readonly sha256: Sha256;
  readonly uses: number;
}

/** Codes of one act, and uses of a code. */
export const mostCodes = 100;
export const mostUses = 10_000;

export type AdminAct =
  /** Each code lets so many volunteers into the source; the coordinator never learns more of one than its hash. */
  | { readonly kind: "invite"; readonly source: SourceId; readonly codes: readonly OfferedCode[] }
  | { readonly kind: "approve"; readonly volunteer: VolunteerId; readonly source: SourceId }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "end-round" }
  | { readonly kind: "end-run" }
  | { readonly kind: "remove"; readonly volunteer: VolunteerId }
  /** Takes a removal back. */
  | { readonly kind: "restore"; readonly volunteer: VolunteerId }
  /** Body `to` becomes the next one; where volunteers are named, averaged anew without their deltas. */
  | { readonly kind: "undo"; readonly to: number; readonly without: readonly VolunteerId[] };

export interface Admin {
  readonly token: string;
  readonly act: AdminAct;
}

/** Who waits for the host's approval [P39]. */
export interface AskApplicants {
  readonly token: string;
}

/** The answer is `{ok, last}`; `entries` events bring arrays of journal entries, in order, those that are missed before the answer. */
export interface Watch {
  /** The last entry that the watcher has; 0 for none. */
  readonly after: number;
}

/** The version that a hello is of, whatever else it has; undefined where it names none. */
export function protocolOf(hello: unknown): number | undefined {
  const { protocol } = (typeof hello === "object" && hello !== null ? hello : {}) as { protocol?: unknown };
  return typeof protocol === "number" ? protocol : undefined;
}

export const device = z.object({ backend: z.enum(backends), host: z.enum(hosts) });

const someWords = z.array(z.string().regex(/^[a-z0-9-]{1,32}$/, "a word of a-z, 0-9 and -")).max(64);
export const checkHello: Check<Hello> = checked(
  z.object({
    protocol: whole(1e6),
    run,
    secret: hex(64),
    source,
    device,
    // What 0.2 could do is what a hello that is silent of it can.
    can: z.object({
      codecs: someWords,
      sections: someWords,
      vocabularies: someWords.default(["own"]),
      optimisers: someWords.default(["adamw"]),
      rounds: someWords.default(["steps"]),
      bodies: someWords.default(["fp32"]),
    }),
    rows: z
      .custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= mostRowBytes, "a bitmap")
      .optional(),
    code: code.optional(),
  }),
  "hello",
);
export const checkReady: Check<Ready> = checked(
  z.object({ ready: z.boolean(), heldOutBytes: whole(1e12).optional() }),
  "ready",
);
export const progress = z.object({
  round: whole(),
  stage: z.enum(stages),
  step: whole(),
  of: whole(),
  loss: finite.nullable(),
  tokensPerSecond: finite.min(0).nullable(),
});
export const checkProgress: Check<Progress> = checked(progress, "progress");
const someBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length > 0, "bytes");
export const checkOpenMessage: Check<OpenMessage> = checked(
  z.object({
    round: whole(),
    delta: sha,
    sizeBytes: whole(2 ** 40),
    steps: whole(1e9).min(1),
    tokens: whole(1e15).min(1),
    loss: finite,
    body: whole().optional(),
    passed: z.object({ sentBytes: whole(1e15), receivedBytes: whole(1e15) }).optional(),
    bytes: someBytes.optional(),
  }),
  "open",
);
/** Volunteers in one act: what fits a frame. */
const mostNamed = 5000;
export const checkChunk: Check<Chunk> = checked(
  z.object({ upload, offset: whole(), bytes: someBytes }),
  "chunk",
);
export const checkCommit: Check<Commit> = checked(z.object({ upload }), "commit");
export const checkEvaluation: Check<Evaluation> = checked(
  z.object({
    body: whole(),
    id: sha,
    nats: finite.min(0),
    tokens: whole(1e15),
    bytes: whole(1e15).min(1),
  }),
  "evaluation",
);
export const checkVerdict: Check<Verdict> = checked(
  z.object({
    delta: sha,
    natsWithout: finite.min(0),
    natsWith: finite.min(0),
    bytes: whole(1e15).min(1),
  }),
  "verdict",
);
export const checkWatch: Check<Watch> = checked(z.object({ after: whole() }), "watch");
const offeredCode = z.object({ sha256: sha, uses: whole(mostUses).min(1) });
const adminAct = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("invite"),
    source,
    codes: z.array(offeredCode).min(1).max(mostCodes),
  }),
  z.object({ kind: z.literal("approve"), volunteer, source }),
  z.object({ kind: z.literal("pause") }),
  z.object({ kind: z.literal("resume") }),
  z.object({ kind: z.literal("end-round") }),
  z.object({ kind: z.literal("end-run") }),
  z.object({ kind: z.literal("remove"), volunteer }),
  z.object({ kind: z.literal("restore"), volunteer }),
  z.object({ kind: z.literal("undo"), to: whole(), without: z.array(volunteer).max(mostNamed) }),
]);
const token = z.string().max(200);
export const checkAdmin: Check<Admin> = checked(z.object({ token, act: adminAct }), "admin");
export const checkAskApplicants: Check<AskApplicants> = checked(z.object({ token }), "applicants");

/** The names of Socket.IO events; requests have an acknowledgement with a Reply. */
export const events = {
  hello: "hello",
  ready: "ready",
  progress: "progress",
  open: "open",
  chunk: "chunk",
  commit: "commit",
  evaluation: "evaluation",
  verdict: "verdict",
  leave: "leave",
  watch: "watch",
  admin: "admin",
  applicants: "applicants",
  announcement: "announcement",
  entries: "entries",
  presence: "presence",
  removed: "removed",
} as const;
