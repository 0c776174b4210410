// The uploads under way: one a volunteer [P13], each with a queue of its own, so that chunks which arrive together are taken
// in order.

import {
  oneByOne,
  type Sha256,
  type SourceId,
  type Turns,
  together,
  type UploadId,
  type VolunteerId,
} from "@homebody/base";
import type { Exchange } from "@homebody/dept";
import type { Chunk, ChunkTaken, OpenMessage, Refusal, Reply } from "@homebody/protocol";
import type { Spool } from "@homebody/store/ports";

export interface Sender {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
}

/** What is said of a delta before it comes. */
export type Claim = Omit<OpenMessage, "bytes">;

/** What a run is asked of it before it is looked into. */
export const ofSender = ({ round, body }: Claim, sender: Sender) => ({ round, body, ...sender });

export interface Upload {
  readonly id: UploadId;
  readonly sender: Sender;
  readonly claim: Claim;
  /** What the device exchanges, and so how large its delta is. */
  readonly exchange: Exchange;
  /** Bytes that are spooled. */
  received: number;
  readonly inTurn: Turns;
  /** In its turn, with others that came meanwhile. */
  readonly chunk: (message: Chunk) => Promise<Reply<ChunkTaken>>;
}

/** Each gets its answer, in order. */
export type TakeChunks = (upload: Upload, chunks: readonly Chunk[]) => Promise<readonly Reply<ChunkTaken>[]>;

export interface Uploads {
  readonly size: number;
  readonly spooledBytes: number;
  get(id: UploadId): Upload | undefined;
  /** That of a volunteer. */
  of(volunteer: VolunteerId): Upload | undefined;
  begin(upload: Omit<Upload, "received" | "inTurn" | "chunk">): Upload;
  /** Whether one under way is said to have this delta. */
  claims(delta: Sha256): boolean;
  /** It and its spool are gone. */
  drop(upload: Upload): Promise<void>;
  /** Its spool stays: whoever opens it again is told what is held. */
  forget(upload: Upload): void;
  /** Why a chunk or a commit of an upload that is not under way is refused. */
  whyNot(id: UploadId): Refusal;
  /** [P12] [P17] Those of a round that is over go, each in its turn, so that no chunk is half-way; and what nobody claims. */
  end(): void;
}

/** `take`: chunks of one that came together. */
export function uploadsIn(spool: Spool, take: TakeChunks): Uploads {
  const byId = new Map<UploadId, Upload>();
  const byVolunteer = new Map<VolunteerId, Upload>();
  /** Those that were under way when a round ended, the last one that had any. */
  let over: ReadonlySet<UploadId> = new Set();

  function forget(upload: Upload): void {
    byId.delete(upload.id);
    if (byVolunteer.get(upload.sender.volunteer) === upload) byVolunteer.delete(upload.sender.volunteer);
  }

  async function drop(upload: Upload): Promise<void> {
    forget(upload);
    await spool.remove(upload.id);
  }

  /** Spools that nobody claimed again, of before a restart or a failure. */
  async function sweep(): Promise<void> {
    for (const { upload } of await spool.list()) if (!byId.has(upload)) await spool.remove(upload);
  }

  return {
    get size() {
      return byId.size;
    },
    get spooledBytes() {
      return [...byId.values()].reduce((sum, { received }) => sum + received, 0);
    },
    get: (id) => byId.get(id),
    of: (volunteer) => byVolunteer.get(volunteer),
    begin(given) {
      const inTurn = oneByOne();
      const chunk = together(inTurn, (chunks: readonly Chunk[]) => take(upload, chunks));
      const upload: Upload = { ...given, received: 0, inTurn, chunk };
      byId.set(upload.id, upload);
      byVolunteer.set(upload.sender.volunteer, upload);
      return upload;
    },
    claims: (delta) => [...byId.values()].some(({ claim }) => claim.delta === delta),
    drop,
    forget,
    whyNot: (id) => (over.has(id) ? "wrong-round" : "unknown-upload"),
    end() {
      if (byId.size > 0) over = new Set(byId.keys());
      // A spool that cannot be removed now is swept when the next round ends.
      for (const upload of [...byId.values()]) void upload.inTurn(() => drop(upload)).catch(() => {});
      void sweep().catch(() => {});
    },
  };
}
