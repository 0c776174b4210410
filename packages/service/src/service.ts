// A run at work over its ports: commands in turn, deltas in, bodies out, and what is kept of them. It knows no socket, no
// page and no folder; what happens to the run is decided in packages/coordinator.

import { normOf } from "@homebody/aggregate";
import type { Millis, Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { type BlobKind, type Decision, type Entry, type RunState, retention } from "@homebody/coordinator";
import { exchangeOf } from "@homebody/dept";
import type { BodyRef, RunManifest } from "@homebody/protocol";
import type { Blobs, Journal, Spool } from "@homebody/store/ports";
import { closer } from "./closing/closer.ts";
import { readSection } from "./closing/section-files.ts";
import { deviceExchanges } from "./exchanges.ts";
import type { Faults } from "./faults.ts";
import { type Inbox, openInbox } from "./inbox/inbox.ts";
import type { People } from "./lines/presence.ts";
import { type Actor, startActor } from "./run/actor.ts";
import type { OpenedRun } from "./run/open-run.ts";

export interface CoordinatorInputs {
  readonly opened: OpenedRun;
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly people: Pick<People, "ready" | "rowsOf">;
  readonly keepDeltas: boolean;
  readonly faults: Faults;
  readonly clock: Clock;
  /** Facts that were appended, in order, with the state after them. */
  readonly appended: (entries: readonly Entry[], state: RunState) => void;
  /** A body was averaged and published in so many seconds. */
  readonly averaged: (seconds: number) => void;
  /** A blob that nothing needs any more could not be removed. */
  readonly stays: (hash: Sha256, error: unknown) => void;
  /** The world's fault, and it may pass: it is tried again. */
  readonly troubled: (error: unknown) => void;
  /** The journal or our own code failed: this run cannot go on in this process. */
  readonly failed: (error: unknown) => void;
}

export interface Coordinator {
  readonly actor: Actor;
  readonly inbox: Inbox;
  /** What a blob of this run is; undefined for what the run does not name or need. */
  kindOf(hash: Sha256): BlobKind | undefined;
  /** Bytes of bodies went out to volunteers. */
  served(bytes: number): void;
  /**
   * A run that was here before goes on: it was last alive at this time, and its file may have changed. The decision is
   * that on the change.
   */
  comeBack(aliveAt: Millis, changed: RunManifest): Promise<Decision>;
  close(): Promise<void>;
}

export async function openCoordinator(inputs: CoordinatorInputs): Promise<Coordinator> {
  const { opened, journal, blobs, spool, people, faults, troubled } = inputs;
  const kept = retention({ keepDeltas: inputs.keepDeltas });
  kept.follow(opened.entries, opened.state); // what was over before went then, or goes below
  const over = new Set<Sha256>();
  /** Bytes of bodies that went out since the last publication. */
  let servedBytes = 0;

  const actor: Actor = startActor({
    journal,
    state: opened.state,
    figures: opened.figures,
    clock: inputs.clock,
    ready: people.ready,
    faults,
    troubled,
    failed: inputs.failed,
    beforehand: async (facts) => {
      for (const fact of facts)
        if (fact.kind === "opened")
          for (const { volunteer, rows } of fact.assigned)
            if (rows !== null) await blobs.put(people.rowsOf(volunteer)!);
    },
    appended: (entries, state) => {
      for (const { fact } of entries)
        if (fact.kind === "published") servedBytes = Math.max(0, servedBytes - fact.servedBytes);
      for (const hash of kept.follow(entries, state)) over.add(hash);
      inbox.follow(entries);
      inputs.appended(entries, state);
      closing.look(state);
    },
    afterwards: async (entries) => {
      if (!entries.some(({ fact }) => fact.kind === "published")) return;
      await faults("publish:after-journal");
      await removeOver();
    },
  });
  const exchangeOfDevice = deviceExchanges(() => actor.state().manifest, blobs);
  const inbox = openInbox(opened.state.manifest.run, {
    actor,
    blobs,
    spool,
    faults,
    retention: kept,
    exchangeOfDevice,
    bodyNorm: bodyNorms(() => actor.state().manifest, blobs),
  });
  inbox.follow(opened.entries);
  const closing = closer({
    blobs,
    faults,
    exchangeOfDevice,
    clock: inputs.clock,
    actor: () => actor,
    servedBytes: () => servedBytes,
    published: inputs.averaged,
    troubled,
  });
  await tidy();

  /** Blobs that nothing needs any more; one that cannot be removed is tried again at the next start. */
  async function removeOver(): Promise<void> {
    for (const hash of over) {
      over.delete(hash);
      if (kept.kindOf(hash) !== undefined) continue; // named again meanwhile
      await blobs.remove(hash).catch((error) => inputs.stays(hash, error));
    }
  }

  /** Also what a crash left between a blob and its fact, and spools. */
  async function tidy(): Promise<void> {
    // With a round open, an upload that was cut off may still be claimed.
    if (opened.state.phase.kind === "training") return;
    for (const hash of await blobs.list()) if (kept.kindOf(hash) === undefined) await blobs.remove(hash);
    for (const { upload } of await spool.list()) await spool.remove(upload);
  }

  return {
    actor,
    inbox,
    kindOf: kept.kindOf,
    served: (bytes) => {
      servedBytes += bytes;
    },
    comeBack: async (aliveAt, manifest) => {
      await actor.do({ kind: "restart", aliveAt });
      const changed = await actor.do({ kind: "change", manifest });
      closing.look(actor.state());
      return changed;
    },
    close: async () => {
      await closing.stop();
      await actor.close();
    },
  };
}

/** The norm of the latest body, read once. */
function bodyNorms(manifest: () => RunManifest, blobs: Blobs) {
  let latest: { readonly id: Sha256; readonly norm: Promise<number> } | undefined;
  return ({ id, sections }: BodyRef): Promise<number> => {
    if (latest?.id !== id) {
      const read = exchangeOf(manifest()).sections.map((section) => readSection(section, sections, blobs));
      const norm = Promise.all(read).then((numbers) => normOf(numbers.map(({ data }) => data)));
      norm.catch(() => {
        latest = undefined; // asked again, it is tried again
      });
      latest = { id, norm };
    }
    return latest.norm;
  };
}
