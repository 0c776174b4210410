// Deltas on their way in: open, chunks, commit (rules P7 to P13 of packages/protocol/RULES.md).
//
// An upload's bytes are spooled as they come, and few large ones are looked into at once, so memory is O(body).

import { atOnce, type RunId, type UploadId } from "@homebody/base";
import { assignedTo, type Entry, mayAccept } from "@homebody/coordinator";
import { deltaSize, type Exchange } from "@homebody/dept";
import {
  type Chunk,
  type ChunkTaken,
  type Commit,
  chunkBytes,
  type OpenMessage,
  type Refusal,
  type Reply,
  type UploadOpened,
  uploadOf,
} from "@homebody/protocol";
import { isWhole } from "../existing.ts";
import { ownerOfAccepted } from "./accepted.ts";
import { take } from "./commit.ts";
import type { InboxInputs } from "./inputs.ts";
import { no } from "./no.ts";
import { type Claim, ofSender, type Sender, type Upload, uploadsIn } from "./uploads.ts";
import { takeWhole } from "./whole.ts";

/** Each answers with a refusal where the volunteer is at fault, and throws where the disk or the journal is. */
export interface Inbox {
  /** With the whole delta in it, what `commit` says holds of it too. */
  open(sender: Sender, message: OpenMessage): Promise<Reply<UploadOpened>>;
  chunk(sender: Sender, message: Chunk): Promise<Reply<ChunkTaken>>;
  /** Resolves with ok only when the delta is durable and its acceptance is in the journal. */
  commit(sender: Sender, message: Commit): Promise<Reply>;
  /** Keeps up with the journal: which uploads are over. */
  follow(entries: readonly Entry[]): void;
  /** Uploads under way, for the metrics; and their bytes that are here. */
  readonly size: number;
  readonly spooledBytes: number;
}

/**
 * Bytes of deltas that are looked into and written at once: the more of them, the more a disk writes together. Two of the largest,
 * so memory is O(body); of small ones as many as files may be open.
 */
const atOnceBytes = 16 * 2 ** 20;
const leastWeight = atOnceBytes / 256;
const weightOf = ({ sizeBytes }: Claim) => Math.min(Math.max(sizeBytes, leastWeight), atOnceBytes / 2);

export function openInbox(run: RunId, inputs: InboxInputs): Inbox {
  const { actor, journal, blobs, spool, retention } = inputs;
  const uploads = uploadsIn(spool, spooled);
  const ownerOf = (id: UploadId) => ownerOfAccepted(journal, actor.state(), id);
  const few = atOnce(atOnceBytes);

  async function open(sender: Sender, { bytes, ...claim }: OpenMessage): Promise<Reply<UploadOpened>> {
    if (bytes !== undefined && bytes.length > chunkBytes) return no("too-large");
    if (bytes !== undefined && bytes.length !== claim.sizeBytes) return no("wrong-size");
    return bytes === undefined ? begin(sender, claim) : whole(sender, claim, bytes);
  }

  async function begin(sender: Sender, claim: Claim): Promise<Reply<UploadOpened>> {
    const found = await place(sender, claim);
    if (!("upload" in found)) return found.reply;
    const { upload, isNew } = found;
    return upload.inTurn(async () => {
      if (isNew) await resume(upload);
      return { ok: true, upload: upload.id, offset: upload.received, accepted: false };
    });
  }

  async function whole(sender: Sender, claim: Claim, bytes: Uint8Array): Promise<Reply<UploadOpened>> {
    const found = await place(sender, claim);
    if (!("upload" in found)) return found.reply;
    const { upload } = found;
    const taken = await upload.inTurn(async () => {
      if (uploads.get(upload.id) !== upload) return undefined; // another opening of the same delta was quicker
      return few(weightOf(claim), () => takeWhole(upload, bytes, uploads, inputs));
    });
    if (taken === undefined) return whole(sender, claim, bytes);
    return taken.ok ? inAlready(upload.id, claim) : taken;
  }

  const inAlready = (upload: UploadId, { sizeBytes }: Claim) =>
    ({ ok: true, upload, offset: sizeBytes, accepted: true }) as const;

  /** The upload of a delta that may count, or what there is to say where there is none. */
  async function place(
    sender: Sender,
    claim: Claim,
  ): Promise<{ readonly upload: Upload; readonly isNew: boolean } | { readonly reply: Reply<UploadOpened> }> {
    const id = uploadOf(run, claim.round, sender.volunteer, claim.delta);
    const refusal = mayAccept(actor.state(), ofSender(claim, sender));
    if (refusal) return { reply: (await ownerOf(id)) === undefined ? no(refusal) : inAlready(id, claim) };
    const { rows } = assignedTo(actor.state(), sender)!;
    const exchange = await inputs.exchangeOfDevice({ source: sender.source, rows });
    if (!fits(claim.sizeBytes, exchange)) return { reply: no("wrong-size") }; // [P9]
    await dropOther(sender, id);
    const known = uploads.get(id);
    const upload = known ?? uploads.begin({ id, sender, claim, exchange });
    return { upload, isNew: known === undefined };
  }

  /** [P13] Looked at again after each wait: several openings may be under way. */
  async function dropOther({ volunteer }: Sender, id: UploadId): Promise<void> {
    for (;;) {
      const other = uploads.of(volunteer);
      if (other === undefined || other.id === id) return;
      await other.inTurn(() => uploads.drop(other));
    }
  }

  async function resume(upload: Upload): Promise<void> {
    try {
      upload.received = await held(upload);
    } catch (error) {
      uploads.forget(upload);
      throw error;
    }
  }

  /** Bytes that are here from before: in the spool, or whole in a blob that a crash left unclaimed. */
  async function held({ id, claim: { delta, sizeBytes } }: Upload): Promise<number> {
    if ((await retention.kindOf(delta)) === undefined && (await blobs.size(delta)) === sizeBytes) {
      if (await isWhole(delta, blobs)) return sizeBytes;
      await blobs.remove(delta);
    }
    const spooled = await spool.size(id);
    if (spooled <= sizeBytes) return spooled;
    await spool.remove(id);
    return 0;
  }

  /** [P11] */
  async function owned(sender: Sender, id: UploadId): Promise<Upload | Refusal> {
    const upload = uploads.get(id);
    const owner = upload?.sender.volunteer ?? (await ownerOf(id));
    if (owner !== undefined && owner !== sender.volunteer) return "not-yours";
    return upload ?? uploads.whyNot(id);
  }

  async function chunk(sender: Sender, message: Chunk): Promise<Reply<ChunkTaken>> {
    const upload = await owned(sender, message.upload);
    if (typeof upload === "string") return no(upload);
    if (message.bytes.length > chunkBytes) return no("too-large");
    return upload.chunk(message);
  }

  /** Those that came while it was busy: one write for all that follow on each other. */
  async function spooled(upload: Upload, chunks: readonly Chunk[]): Promise<readonly Reply<ChunkTaken>[]> {
    const { id, sender, claim } = upload;
    const all = (reply: Reply<ChunkTaken>) => chunks.map(() => reply);
    if (uploads.get(id) !== upload) return all(no(uploads.whyNot(id)));
    const refusal = mayAccept(actor.state(), ofSender(claim, sender));
    if (refusal) {
      await uploads.drop(upload); // [P12]
      return all(no(refusal));
    }
    let end = upload.received;
    const taken: Uint8Array[] = [];
    const replies = chunks.map(({ offset, bytes }): Reply<ChunkTaken> => {
      if (offset !== end) return no("wrong-offset"); // [P8]
      if (offset + bytes.length > claim.sizeBytes) return no("wrong-size"); // [P9]
      taken.push(bytes);
      end += bytes.length;
      return { ok: true, offset: end };
    });
    if (taken.length === 0) return replies;
    try {
      upload.received = await spool.append(id, upload.received, ...taken);
    } catch (error) {
      uploads.forget(upload); // how much of it is here is seen when it is opened again
      throw error;
    }
    return replies;
  }

  async function commit(sender: Sender, { upload: id }: Commit): Promise<Reply> {
    const isIn = async () => (await ownerOf(id)) === sender.volunteer;
    if (uploads.get(id) === undefined && (await isIn())) return { ok: true }; // [P10] again
    const upload = await owned(sender, id);
    if (typeof upload === "string") return no(upload);
    return upload.inTurn(() =>
      few(weightOf(upload.claim), async () => {
        const isOver = uploads.get(id) !== upload;
        return isOver && (await isIn()) ? { ok: true } : take(upload, uploads, inputs);
      }),
    );
  }

  function follow(entries: readonly Entry[]): void {
    const ends = ["closed", "undone", "lapsed", "evaluating", "finished"]; // [C18] an open round may be evaluated without an end
    if (entries.some(({ fact }) => ends.includes(fact.kind))) uploads.end();
  }

  return {
    open,
    chunk,
    commit,
    follow,
    get size() {
      return uploads.size;
    },
    get spooledBytes() {
      return uploads.spooledBytes;
    },
  };
}

function fits(sizeBytes: number, exchange: Exchange): boolean {
  const { most, exact } = deltaSize(exchange);
  return exact ? sizeBytes === most : sizeBytes <= most;
}
