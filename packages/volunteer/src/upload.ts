// A delta on its way up: open, chunks with a window of acknowledgements, commit (rules P7 to P13 of the protocol).

import {
  type Chunk,
  type Commit,
  chunkBytes,
  chunkWindow,
  events,
  isRefusal,
  type Refusal,
  type Reply,
  type UploadOpened,
} from "@homebody/protocol";
import { type Line, NetError } from "./ports.ts";
import type { Pending } from "./session.ts";

export type Outcome = { readonly kind: "accepted" } | { readonly kind: "refused"; readonly word: Refusal };

export interface UploadParts {
  readonly line: Line;
  readonly told: (done: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** How often the coordinator may be elsewhere in the upload than we think, before it is left to a later try. */
const reopenings = 5;

/** Throws NetError when the connection is lost: opening again goes on where the coordinator is. */
export async function upload(pending: Pending, delta: Uint8Array, parts: UploadParts): Promise<Outcome> {
  for (let opening = 0; ; opening++) {
    const opened = await ask<UploadOpened>(parts.line, events.open, pending);
    if (!opened.ok) return { kind: "refused", word: opened.refusal };
    if (opened.accepted) return { kind: "accepted" };
    const sent = await sendChunks(opened, delta, parts);
    const done = sent ?? (await ask(parts.line, events.commit, { upload: opened.upload } satisfies Commit));
    if (done.ok) return { kind: "accepted" };
    if (done.refusal !== "wrong-offset" || opening + 1 === reopenings)
      return { kind: "refused", word: done.refusal };
  }
}

/** The refusal that ended it; undefined when all chunks are there. */
async function sendChunks(
  { upload, offset }: UploadOpened,
  delta: Uint8Array,
  { line, told, signal }: UploadParts,
): Promise<{ ok: false; refusal: Refusal } | undefined> {
  const onTheirWay: Promise<Reply>[] = [];
  let refusal: { ok: false; refusal: Refusal } | undefined;
  const oldest = async () => {
    const reply = await onTheirWay.shift()!;
    if (!reply.ok) refusal ??= reply;
  };
  told(offset, delta.length);
  for (let at = offset; at < delta.length && refusal === undefined; at += chunkBytes) {
    signal.throwIfAborted();
    const bytes = delta.slice(at, at + chunkBytes);
    const sent = ask(line, events.chunk, { upload, offset: at, bytes } satisfies Chunk).then((reply) => {
      if (reply.ok) told(at + bytes.length, delta.length);
      return reply;
    });
    sent.catch(() => {}); // heard when its turn comes
    onTheirWay.push(sent);
    if (onTheirWay.length >= chunkWindow) await oldest();
  }
  while (onTheirWay.length > 0) await oldest();
  return refusal;
}

/** A reply in the form that the protocol gives it. */
export async function ask<T = object>(line: Line, event: string, message: unknown): Promise<Reply<T>> {
  const reply = await line.ask(event, message);
  if (typeof reply !== "object" || reply === null || !("ok" in reply))
    throw new NetError(`${event}: expected a reply, got ${JSON.stringify(reply)}`);
  const { ok, refusal } = reply as { ok: unknown; refusal?: unknown };
  if (ok === true) return reply as Reply<T>;
  if (isRefusal(refusal)) return { ok: false, refusal };
  throw new NetError(`${event}: expected a refusal of the protocol, got ${JSON.stringify(refusal)}`);
}
