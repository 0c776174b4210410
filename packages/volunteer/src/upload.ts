// A delta on its way up: open, chunks with a window of acknowledgements, commit; a small one in its opening (rules P7 to P13
// of the protocol).

import {
  type Check,
  type Chunk,
  type Commit,
  checkChunkTaken,
  checkDone,
  checkReply,
  checkUploadOpened,
  chunkBytes,
  chunkWindow,
  events,
  type OpenMessage,
  type Refusal,
  type Reply,
  type UploadOpened,
} from "@homebody/protocol";
import type { Line } from "./ports.ts";

export type Outcome = { readonly kind: "accepted" } | { readonly kind: "refused"; readonly reason: Refusal };

export interface UploadInputs {
  readonly line: Line;
  readonly progress: (done: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** How often the coordinator may be elsewhere in the upload than we think, before it is left to a later try. */
const reopenings = 5;

/** Throws NetError when the connection is lost: opening again goes on where the coordinator is. */
export async function upload(
  claim: Omit<OpenMessage, "bytes">,
  delta: Uint8Array,
  inputs: UploadInputs,
): Promise<Outcome> {
  const message: OpenMessage = delta.length <= chunkBytes ? { ...claim, bytes: delta } : claim;
  for (let opening = 0; ; opening++) {
    const opened = await ask(inputs.line, events.open, message, checkUploadOpened);
    if (!opened.ok) return { kind: "refused", reason: opened.refusal };
    if (opened.accepted) return { kind: "accepted" };
    const sent = await sendChunks(opened, delta, inputs);
    const done = sent ?? (await ask(inputs.line, events.commit, { upload: opened.upload } satisfies Commit));
    if (done.ok) return { kind: "accepted" };
    if (done.refusal !== "wrong-offset" || opening + 1 === reopenings)
      return { kind: "refused", reason: done.refusal };
  }
}

/** The refusal that ended it; undefined when all chunks are there. */
async function sendChunks(
  { upload, offset }: UploadOpened,
  delta: Uint8Array,
  { line, progress, signal }: UploadInputs,
): Promise<{ ok: false; refusal: Refusal } | undefined> {
  const onTheirWay: Promise<Reply>[] = [];
  let refusal: { ok: false; refusal: Refusal } | undefined;
  const oldest = async () => {
    const reply = await onTheirWay.shift()!;
    if (!reply.ok) refusal ??= reply;
  };
  progress(offset, delta.length);
  for (let at = offset; at < delta.length && refusal === undefined; at += chunkBytes) {
    signal.throwIfAborted();
    const bytes = delta.subarray(at, at + chunkBytes); // a view: what is sent of it can be told by where it lies
    const chunk: Chunk = { upload, offset: at, bytes };
    const sent = ask(line, events.chunk, chunk, checkChunkTaken).then((reply) => {
      if (reply.ok) progress(at + bytes.length, delta.length);
      return reply;
    });
    sent.catch(() => {}); // heard when its turn comes
    onTheirWay.push(sent);
    if (onTheirWay.length >= chunkWindow) await oldest();
  }
  while (onTheirWay.length > 0) await oldest();
  return refusal;
}

/** The answer, in the form that the protocol gives it: anything else is an InputError. */
export async function ask(line: Line, event: string, message: unknown): Promise<Reply>;
export async function ask<T extends object>(
  line: Line,
  event: string,
  message: unknown,
  check: Check<T>,
): Promise<Reply<T>>;
export async function ask(
  line: Line,
  event: string,
  message: unknown,
  check: Check<object> = checkDone,
): Promise<Reply> {
  return checkReply(await line.ask(event, message), check, event);
}
