// A run at work: commands in turn, deltas in, bodies out, and what is kept of them. Who is here is told from outside.

import type { Millis, Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { type BlobKind, type Decision, isUnderReview, type RunFold } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import type { Blobs, Journal, Snapshots, Spool } from "@homebody/store/ports";
import { type Averaging, average } from "../closing/averaging.ts";
import { closer } from "../closing/closer.ts";
import { failedRound } from "../closing/failed-round.ts";
import { deviceExchanges } from "../exchanges.ts";
import type { Faults } from "../faults.ts";
import { bodyNumbers } from "../inbox/body-numbers.ts";
import { type Measuring, measuringHere } from "../inbox/contents.ts";
import { type Inbox, openInbox } from "../inbox/inbox.ts";
import type { People } from "../lines/presence.ts";
import { lossesAtStart } from "../losses/at-start.ts";
import { dropLost } from "../losses/dropping.ts";
import { lostBlobs } from "../losses/losses.ts";
import { bodyRequirement } from "../losses/whole.ts";
import type { Notices } from "../notices.ts";
import { type Actor, startActor } from "./actor.ts";
import { keeping } from "./keeping.ts";
import { keepSnapshots } from "./snapshots.ts";

export interface CoordinatorInputs {
  readonly opened: RunFold;
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  /** Without them the next start reads the whole journal. */
  readonly snapshots?: Snapshots;
  /** How often it is seen whether time passed in which nobody was here [C43]; never, unless it is given. */
  readonly beatMs?: number;
  /** Entries after which a snapshot is written anew. */
  readonly snapshotEvery?: number;
  readonly people: Pick<People, "ready" | "rowsOf">;
  /** Where closing rounds are averaged; here, unless somebody knows better. */
  readonly average?: Averaging;
  /** Where deltas are measured; here, unless somebody knows better. */
  readonly measure?: Measuring;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly notices: Pick<Notices, "appended" | "averaged" | "stays" | "troubled" | "failed">;
}

export interface Coordinator {
  readonly actor: Actor;
  readonly inbox: Inbox;
  /** What a blob of this run is; undefined for what the run does not name or need. */
  kindOf(hash: Sha256): Promise<BlobKind | undefined>;
  /** So many bytes of a blob went out. */
  served(kind: BlobKind, bytes: number): void;
  /**
   * A run that was here before goes on: it was last alive at this time, and its file may have changed. The decision is
   * that on the change.
   */
  comeBack(aliveAt: Millis, changed: RunManifest): Promise<Decision>;
  close(): Promise<void>;
}

/** What counts as bodies on their way down: what volunteers train from, and not texts and tokenizers, which come once. */
const ofBodies: ReadonlySet<BlobKind> = new Set(["body", "step", "review"]);

export async function openCoordinator(inputs: CoordinatorInputs): Promise<Coordinator> {
  const { opened, journal, blobs, spool, snapshots, people, faults, notices } = inputs;
  const { snapshotEvery: every = 10_000 } = inputs; // read again within a second
  const kept = keeping({ ...inputs, stays: notices.stays });
  const snapshotsOfRun =
    snapshots && keepSnapshots({ run: opened, journal, snapshots, every, troubled: notices.troubled });
  /** Bytes of bodies that went out since the last publication. */
  let servedBytes = 0;

  const requireBody = bodyRequirement({ journal, blobs, clock: inputs.clock });

  const actor: Actor = startActor({
    journal,
    run: opened,
    clock: inputs.clock,
    beatMs: inputs.beatMs,
    ready: people.ready,
    faults,
    troubled: notices.troubled,
    failed: notices.failed,
    beforehand: async (facts) => {
      // All of them before the first wait, in which somebody may leave.
      const declared = facts.flatMap((fact) =>
        fact.kind !== "opened"
          ? []
          : fact.assigned.flatMap(({ volunteer, rows }) =>
              rows === null ? [] : [people.rowsOf(volunteer)!],
            ),
      );
      if (facts.some(({ kind }) => kind === "opened")) await requireBody(actor.state()); // [C45]
      for (const bits of declared) await blobs.put(bits);
    },
    appended: (entries, state, over) => {
      for (const { fact } of entries)
        if (fact.kind === "published") servedBytes = Math.max(0, servedBytes - fact.servedBytes);
      kept.passed(over);
      snapshotsOfRun?.look();
      inbox.follow(entries);
      notices.appended(entries, state);
      closing.look(state);
    },
    afterwards: async (entries) => {
      if (!entries.some(({ fact }) => fact.kind === "published")) return;
      await faults("publish:after-journal");
      await kept.removeOver();
    },
  });
  const exchangeOfDevice = deviceExchanges(() => actor.state().manifest, blobs);
  const inbox = openInbox(opened.state.manifest.run, {
    actor,
    journal,
    blobs,
    spool,
    faults,
    retention: kept,
    exchangeOfDevice,
    measure: inputs.measure ?? measuringHere(),
    bodyNumbers: bodyNumbers(() => actor.state().manifest, blobs),
  });
  const { clock } = inputs;
  const here: Averaging = (work, manifest) =>
    average(work, { manifest, blobs, faults, exchangeOfDevice, clock });
  const closing = closer({
    average: inputs.average ?? here,
    clock,
    actor: () => actor,
    servedBytes: () => servedBytes,
    published: notices.averaged,
    failed: (work, error) =>
      failedRound(work, error, { actor: () => actor, blobs, requireBody, troubled: notices.troubled }),
  });
  await kept.tidy();
  await lookAtStart().catch(notices.troubled); // whatever it finds, the run is served

  /** [C45] */
  async function lookAtStart(): Promise<void> {
    await requireBody(opened.state).catch(notices.troubled);
    const losses = await lossesAtStart(opened, blobs);
    if (losses.length > 0) throw await lostBlobs(losses, journal, opened.state.manifest.run);
  }

  return {
    actor,
    inbox,
    kindOf: async (hash) => {
      const kind = await kept.kindOf(hash);
      return kind === "delta" && isUnderReview(actor.state(), hash) ? "review" : kind;
    },
    served: (kind, bytes) => {
      if (ofBodies.has(kind)) servedBytes += bytes;
    },
    comeBack: async (aliveAt, manifest) => {
      await actor.do({ kind: "restart", aliveAt });
      const changed = await actor.do({ kind: "change", manifest });
      const { phase } = actor.state();
      if (phase.kind === "training")
        await dropLost({ round: phase.round, deltas: [...phase.accepted.values()] }, { actor, blobs }).catch(
          notices.troubled,
        );
      closing.look(actor.state());
      return changed;
    },
    close: async () => {
      await closing.stop();
      await actor.close();
      await snapshotsOfRun?.close();
    },
  };
}
