// Deltas on their way in: open, chunks, commit (rules P7 to P13 of packages/protocol/RULES.md).
//
// An upload's bytes are spooled as they come. A commit seals the spool into a durable blob, looks at what it
// holds, asks the run whether it counts, and only when the acceptance is in the journal does it say so. Each
// upload has its own queue, so chunks that arrive together are taken in order; few commits are looked into at
// once, so memory is O(body).

import { normOf } from "@homebody/aggregate";
import type { RunId, Sha256, SourceId, UploadId, VolunteerId } from "@homebody/base";
import { DeltaError, decodeDelta } from "@homebody/codec";
import { type AcceptedDelta, assignedTo, type Entry, mayAccept, type Retention } from "@homebody/coordinator";
import { deltaSize, type Exchange, formsOf } from "@homebody/dept";
import {
  type BodyRef,
  type Chunk,
  type Commit,
  chunkBytes,
  type OpenUpload,
  type Refusal,
  type Reply,
  type SectionSize,
  type UploadOpened,
  uploadOf,
} from "@homebody/protocol";
import type { Blobs, Spool } from "@homebody/store/ports";
import type { Faults } from "../faults.ts";
import type { Actor } from "../run/actor.ts";
import { largestNorm } from "./reach.ts";

export interface Sender {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
}

export interface InboxInputs {
  readonly actor: Actor;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly faults: Faults;
  /** Which blobs the run names: whoever claims one of them as a new delta cannot have it removed. */
  readonly retention: Pick<Retention, "kindOf">;
  /** The exchange of a device of this source that declared these rows. */
  readonly exchangeOfDevice: (device: Pick<AcceptedDelta, "source" | "rows">) => Promise<Exchange>;
  /** The norm of a body: what a delta's norm is measured against. */
  readonly bodyNorm: (body: BodyRef) => Promise<number>;
}

export interface Inbox {
  open(sender: Sender, message: OpenUpload): Promise<Reply<UploadOpened>>;
  chunk(sender: Sender, message: Chunk): Promise<Reply<{ offset: number }>>;
  /** Resolves with ok only when the delta is durable and its acceptance is in the journal. */
  commit(sender: Sender, message: Commit): Promise<Reply>;
  /** Keeps up with the journal: which deltas are in, and which uploads are over. */
  follow(entries: readonly Entry[]): void;
  /** Uploads under way, for the metrics. */
  readonly size: number;
}

interface Upload {
  readonly id: UploadId;
  readonly sender: Sender;
  readonly claim: OpenUpload;
  /** What the device exchanges, and so how large its delta is. */
  readonly exchange: Exchange;
  received: number;
  tail: Promise<unknown>;
}

const commitsAtOnce = 2;
const no = (refusal: Refusal) => ({ ok: false, refusal }) as const;

export function openInbox(run: RunId, inputs: InboxInputs): Inbox {
  const { actor, blobs, spool, faults, retention } = inputs;
  const uploads = new Map<UploadId, Upload>();
  const latest = new Map<VolunteerId, UploadId>();
  /** Every delta that was ever accepted, by its upload: a commit or an opening that repeats it is told so. */
  const accepted = new Map<UploadId, VolunteerId>();
  /** Uploads that were under way when the last round ended. */
  let over: ReadonlySet<UploadId> = new Set();
  const gate = semaphore(commitsAtOnce);

  async function drop(upload: Upload): Promise<void> {
    uploads.delete(upload.id);
    if (latest.get(upload.sender.volunteer) === upload.id) latest.delete(upload.sender.volunteer);
    await spool.remove(upload.id);
  }

  /** Work on one upload, in the order in which it was asked for. */
  function inTurn<T>(upload: Upload, work: () => Promise<T>): Promise<T> {
    const result = upload.tail.then(work);
    upload.tail = result.catch(() => {});
    return result;
  }

  function owned(sender: Sender, id: UploadId): Upload | Refusal {
    const upload = uploads.get(id);
    if (upload === undefined) {
      if (over.has(id)) return "wrong-round"; // [P12]
      const owner = accepted.get(id);
      return owner !== undefined && owner !== sender.volunteer ? "not-yours" : "unknown-upload";
    }
    return upload.sender.volunteer === sender.volunteer ? upload : "not-yours"; // [P11]
  }

  async function open(sender: Sender, claim: OpenUpload): Promise<Reply<UploadOpened>> {
    const id = uploadOf(run, claim.round, sender.volunteer, claim.delta);
    if (accepted.has(id)) return { ok: true, upload: id, offset: claim.sizeBytes, accepted: true };
    const refusal = mayAccept(actor.state(), { round: claim.round, ...sender });
    if (refusal) return no(refusal);
    const { rows } = assignedTo(actor.state(), sender)!;
    const exchange = await inputs.exchangeOfDevice({ source: sender.source, rows });
    const { most, exact } = deltaSize(exchange);
    if (exact ? claim.sizeBytes !== most : claim.sizeBytes > most) return no("wrong-size"); // [P9]
    for (;;) {
      // [P13] Looked at again after each wait: several openings may be under way.
      const other = uploads.get(latest.get(sender.volunteer) ?? id);
      if (other === undefined || other.id === id) break;
      await inTurn(other, () => drop(other));
    }
    const known = uploads.get(id);
    if (known) {
      const offset = await inTurn(known, async () => known.received);
      return { ok: true, upload: id, offset, accepted: false };
    }
    const upload: Upload = { id, sender, claim, exchange, received: 0, tail: Promise.resolve() };
    uploads.set(id, upload);
    latest.set(sender.volunteer, id);
    return inTurn(upload, async () => {
      upload.received = await held(id, claim);
      return { ok: true, upload: id, offset: upload.received, accepted: false };
    });
  }

  /** Bytes of an upload that are here from before: in the spool, or whole in a blob that a crash left unclaimed. */
  async function held(id: UploadId, { delta, sizeBytes }: OpenUpload): Promise<number> {
    if (!isNamed(delta) && (await blobs.size(delta)) === sizeBytes) return sizeBytes;
    const spooled = await spool.size(id);
    if (spooled <= sizeBytes) return spooled;
    await spool.remove(id);
    return 0;
  }

  const isNamed = (hash: Sha256) => retention.kindOf(hash) !== undefined;

  async function chunk(sender: Sender, { upload: id, offset, bytes }: Chunk) {
    const upload = owned(sender, id);
    if (typeof upload === "string") return no(upload);
    if (bytes.length > chunkBytes) return no("too-large");
    return inTurn(upload, async () => {
      if (uploads.get(id) !== upload) return no(over.has(id) ? "wrong-round" : "unknown-upload");
      const refusal = mayAccept(actor.state(), { round: upload.claim.round, ...sender });
      if (refusal) {
        await drop(upload); // [P12]
        return no(refusal);
      }
      if (offset !== upload.received) return no("wrong-offset"); // [P8]
      if (offset + bytes.length > upload.claim.sizeBytes) return no("wrong-size"); // [P9]
      upload.received = await spool.append(id, offset, bytes);
      return { ok: true, offset: upload.received } as const;
    });
  }

  async function commit(sender: Sender, { upload: id }: Commit): Promise<Reply> {
    if (accepted.get(id) === sender.volunteer) return { ok: true }; // [P10] again
    const upload = owned(sender, id);
    if (typeof upload === "string") return no(upload);
    return inTurn(upload, () => gate(() => take(upload)));
  }

  async function take(upload: Upload): Promise<Reply> {
    const { id, sender, claim } = upload;
    if (accepted.get(id) === sender.volunteer) return { ok: true };
    if (uploads.get(id) !== upload) return no(over.has(id) ? "wrong-round" : "unknown-upload");
    if (upload.received !== claim.sizeBytes) return no("wrong-offset");
    const early = mayAccept(actor.state(), { round: claim.round, ...sender });
    if (early) {
      await drop(upload);
      return no(early);
    }
    await faults("commit:before-blob");
    try {
      await spool.seal(id, claim.delta);
    } catch (error) {
      if ((error as Error).name !== "SpoolMismatch") throw error;
      await drop(upload);
      return no("wrong-hash");
    }
    await faults("commit:after-blob");
    const seen = await look(claim.delta, upload.exchange);
    const { sizeBytes: _, ...claimed } = claim;
    const decision =
      typeof seen === "string"
        ? no(seen)
        : await actor.do({ kind: "accept", ...claimed, ...sender, ...seen });
    if (!decision.ok) {
      await drop(upload);
      if (!isNamed(claim.delta)) await blobs.remove(claim.delta);
      return no(decision.refusal);
    }
    await faults("commit:after-journal");
    await drop(upload);
    return { ok: true };
  }

  /** What a sealed delta holds, or why it cannot count. */
  async function look(
    delta: Sha256,
    exchange: Exchange,
  ): Promise<{ norm: number; sections: readonly SectionSize[] } | Refusal> {
    const bytes = await blobs.get(delta);
    if (bytes === undefined) throw new Error(`blob ${delta}: expected it after sealing, got nothing`);
    let decoded: ReturnType<typeof decodeDelta>;
    try {
      decoded = decodeDelta(bytes, formsOf(exchange));
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      return error.reason === "not-finite" ? "not-finite" : "wrong-shape";
    }
    const norm = normOf(decoded.map(({ numbers }) => numbers.data));
    if (!Number.isFinite(norm)) return "not-finite";
    const { manifest: now, body } = actor.state();
    const parameters = decoded.reduce((sum, { numbers }) => sum + numbers.data.length, 0);
    if (norm > largestNorm(now, parameters, await inputs.bodyNorm(body))) return "too-far";
    const sections = exchange.sections.map(({ name }, i) => ({ name, sizeBytes: decoded[i]!.sizeBytes }));
    return { norm, sections };
  }

  /** Spools of before a restart that nobody claimed again. */
  async function sweep(): Promise<void> {
    for (const { upload } of await spool.list()) if (!uploads.has(upload)) await spool.remove(upload);
  }

  function follow(entries: readonly Entry[]): void {
    for (const { fact } of entries) {
      if (fact.kind === "accepted")
        accepted.set(uploadOf(run, fact.round, fact.volunteer, fact.delta), fact.volunteer);
      // [P12] [P17] Uploads of a round that is over go; each in its turn, so that no chunk is half-way.
      if (fact.kind === "closed" || fact.kind === "lapsed" || fact.kind === "finished") {
        over = new Set(uploads.keys());
        for (const upload of [...uploads.values()]) void inTurn(upload, () => drop(upload)).catch(() => {});
        void sweep().catch(() => {});
      }
    }
  }

  return {
    open,
    chunk,
    commit,
    follow,
    get size() {
      return uploads.size;
    },
  };
}

/** At most `most` at once; the others wait their turn. */
function semaphore(most: number) {
  let free = most;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
