// What stands between the coordinator and its world, and looks on: at what becomes durable, at what goes, at what volunteers
// are told. Ports and lines are otherwise as they were.

import assert from "node:assert/strict";
import type { Sha256, UploadId } from "@homebody/base";
import { type Fact, readEntry } from "@homebody/coordinator";
import type { Entrance } from "@homebody/line";
import { type Admin, type AdminAct, type Announcement, events, type RunManifest } from "@homebody/protocol";
import type { HostDisk } from "@homebody/service/memory";
import type { Blobs, Journal, Spool } from "@homebody/store/ports";
import { type Known, learn, needed, nothingKnown } from "./facts.ts";
import { type Findings, findings } from "./findings.ts";

export interface Spooled {
  sizeBytes: number;
  /** Rounds that had ended when its last bytes came. */
  ended: number;
}

export interface Watch extends Findings {
  readonly known: Known;
  /** The disk, watched: nothing stands between it and where bytes stay. */
  readonly disk: HostDisk;
  /** A line's end of the coordinator's, watched. */
  entrance(of: Entrance): Entrance;
  /** Also one that is gone by now. */
  blob(hash: Sha256): Promise<Uint8Array | undefined>;
  readonly spooled: ReadonlyMap<UploadId, Spooled>;
  /** Outer steps that volunteers took: nobody else reads them. */
  stepsTaken(): number;
}

export function watch(manifest: RunManifest, inner: HostDisk): Watch {
  const known = nothingKnown(manifest);
  const found = findings();
  const gone = new Map<Sha256, Uint8Array>();
  const spooled = new Map<UploadId, Spooled>();
  let stepsTaken = 0;
  const read = (hash: Sha256) => {
    if (known.steps.has(hash)) stepsTaken += 1;
  };
  const disk: HostDisk = {
    ...inner,
    journal: journal(inner, known, found),
    blobs: blobs(inner.blobs, known, { found, gone, read }),
    spool: spool(inner.spool, known, spooled),
  };
  return {
    ...found,
    known,
    disk,
    entrance: (of) => entrance(of, known, { found, gone }),
    blob: async (hash) => (await inner.blobs.get(hash)) ?? gone.get(hash),
    spooled,
    stepsTaken: () => stepsTaken,
  };
}

/** Before a fact is durable, what it names is; then it is learnt, before anybody hears of it. */
function journal({ journal: of, blobs }: HostDisk, known: Known, found: Findings): Journal {
  return {
    ...of,
    append: async (run, seq, at, facts, names) => {
      await found.lookAt(async () => {
        for (const fact of facts as readonly Fact[])
          for (const hash of namedBy(fact))
            assert.ok(
              (await blobs.size(hash)) !== undefined,
              `[P10] [C20] [C21] ${fact.kind}: ${hash} durable`,
            );
      });
      const last = await of.append(run, seq, at, facts, names);
      const entries = await of.read(run, seq, facts.length);
      found.look(() => {
        for (const entry of entries) learn(known, readEntry(entry));
      });
      return last;
    },
  };
}

function namedBy(fact: Fact): readonly Sha256[] {
  switch (fact.kind) {
    case "created":
    case "source-added":
      return fact.sections.map(({ sha256 }) => sha256);
    case "opened":
      return fact.assigned.flatMap(({ rows }) => rows ?? []);
    case "accepted":
      return [fact.delta];
    case "published":
      return [...fact.sections, ...fact.outer, ...(fact.steps ?? [])].map(({ sha256 }) => sha256);
    default:
      return [];
  }
}

interface Gone {
  readonly found: Findings;
  readonly gone: Map<Sha256, Uint8Array>;
}

function blobs(
  of: Blobs,
  known: Known,
  { found, gone, read }: Gone & { readonly read: (hash: Sha256) => void },
): Blobs {
  return {
    ...of,
    get: (hash) => {
      read(hash);
      return of.get(hash);
    },
    put: async (bytes) => {
      const hash = await of.put(bytes);
      gone.delete(hash);
      return hash;
    },
    remove: async (hash) => {
      found.look(() => assert.ok(!needed(known).has(hash), `[C10] ${hash}: needed, and removed`));
      const bytes = await of.get(hash);
      if (bytes !== undefined) gone.set(hash, bytes);
      await of.remove(hash);
    },
  };
}

function spool(of: Spool, known: Known, spooled: Map<UploadId, Spooled>): Spool {
  return {
    ...of,
    append: async (upload, offset, bytes) => {
      const sizeBytes = await of.append(upload, offset, bytes);
      spooled.set(upload, { sizeBytes, ended: known.ended });
      return sizeBytes;
    },
    seal: async (upload, hash, look) => {
      const found = await of.seal(upload, hash, look);
      spooled.delete(upload);
      return found;
    },
    remove: async (upload) => {
      await of.remove(upload);
      spooled.delete(upload);
    },
  };
}

/** Whatever a volunteer is told is durable when it is put on its line. */
function entrance(of: Entrance, known: Known, { found, gone }: Gone): Entrance {
  const announced = (announcement: Announcement | undefined) => {
    if (announcement === undefined) return;
    const { number, id, steps = [] } = announcement.body;
    assert.ok(known.ids.get(id)?.has(number), `[P6] body ${number}, which was published`);
    for (const { sha256 } of steps) {
      assert.ok(known.steps.has(sha256), `[C79] step ${sha256}, which was published`);
      assert.ok(!gone.has(sha256), `[C79] step ${sha256}: there`);
    }
  };
  const answered = (event: string, message: unknown, reply: unknown) => {
    const { ok, accepted, upload, announcement } = reply as Reply;
    if (!ok) return;
    const own = event === events.commit ? (message as { readonly upload: UploadId }).upload : upload;
    if (event === events.commit || accepted)
      assert.ok(own && known.uploads.has(own), `[P10] ${event}: acknowledged, and in the journal`);
    announced(announcement);
    if (event === events.admin) carriedOut((message as Admin).act, known);
  };
  return {
    ...of,
    connected: (connection) => {
      const listener = of.connected({
        ...connection,
        send: (event, message) => {
          if (event === events.announcement) found.look(() => announced(message as Announcement));
          connection.send(event, message);
        },
      });
      return {
        ...listener,
        message: (event, message, answer) => {
          const endsRound = event === events.admin && (message as Admin).act.kind === "end-round";
          known.roundEndAsked ||= endsRound;
          known.roundEndsUnanswered += Number(endsRound);
          listener.message(event, message, (reply) => {
            known.roundEndsUnanswered -= Number(endsRound);
            found.look(() => answered(event, message, reply));
            answer(reply);
          });
        },
      };
    },
  };
}

/** What the host was told is done. */
function carriedOut(act: AdminAct, { pausedAt, ending, finished, removed }: Known): void {
  if (act.kind === "pause") assert.ok(pausedAt !== null, "[C16] paused");
  if (act.kind === "resume") assert.equal(pausedAt, null, "[C16] resumed");
  if (act.kind === "remove") assert.ok(removed.has(act.volunteer), "[C17] removed");
  if (act.kind === "restore") assert.ok(!removed.has(act.volunteer), "[C17] taken back");
  if (act.kind === "end-run") assert.ok(ending || finished, "[C18] ending");
}

/** What answers to hello, open and commit have, where they have it. */
interface Reply {
  readonly ok: boolean;
  readonly accepted?: boolean;
  readonly upload?: UploadId;
  readonly announcement?: Announcement;
}
