// A run that is served over its ports: the coordinator at work, and the lines by which volunteers and watchers reach it. It
// knows no socket, no page and no folder; what happens to the run is decided in packages/coordinator.

import type { Millis, Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { BlobKind, Decision, Figures, RunFold, RunState } from "@homebody/coordinator";
import type { Entrance } from "@homebody/line";
import type { Applicant, Reply, RunManifest } from "@homebody/protocol";
import type { Blobs, Journal, Snapshots, Spool } from "@homebody/store/ports";
import type { Averaging } from "./closing/averaging.ts";
import type { Faults } from "./faults.ts";
import type { Measuring } from "./inbox/contents.ts";
import { administration } from "./lines/administration.ts";
import { defaultLimits, type Limits } from "./lines/limits.ts";
import { type Lines, openLines } from "./lines/lines.ts";
import { people as everybody } from "./lines/presence.ts";
import { type Notices, noticesOf } from "./notices.ts";
import { openCoordinator } from "./run/coordinator.ts";

export interface ServiceInputs {
  readonly opened: RunFold;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  /** Without them the next start reads the whole journal. */
  readonly snapshots?: Snapshots;
  /** How often it is seen whether time passed in which nobody was here [C43]; never, unless it is given. */
  readonly beatMs?: number;
  /** Entries after which a snapshot is written anew. */
  readonly snapshotEvery?: number;
  /** Whether this is the host's token; compared in constant time. */
  readonly isAdmin: (token: string) => boolean;
  /** Where closing rounds are averaged; here, unless somebody knows better. */
  readonly average?: Averaging;
  /** Where deltas are measured; here, unless somebody knows better. */
  readonly measure?: Measuring;
  readonly limits?: Partial<Limits>;
  readonly faults?: Faults;
  readonly notices?: Partial<Notices>;
}

/** What is held at this moment: it follows from how many take part [C24] [P13] [P17]. */
export interface Counts {
  /** Open ones. */
  readonly connections: number;
  /** On open connections. */
  readonly volunteers: number;
  /** Volunteers that are kept in mind, connected or not. */
  readonly remembered: number;
  /** Under way. */
  readonly uploads: number;
  /** Of uploads under way. */
  readonly spooledBytes: number;
  /** In use by the run. */
  readonly blobs: number;
}

export interface Service {
  /** Where lines come in. */
  readonly entrance: Entrance;
  state(): RunState;
  figures(): Figures;
  /** What a blob of this run is; undefined for what the run does not name or need. */
  kindOf(hash: Sha256): Promise<BlobKind | undefined>;
  /** So many bytes of a blob went out. */
  served(kind: BlobKind, bytes: number): void;
  /** An Admin message that came in on this machine itself, by no line. Throws an InputError for one that is malformed. */
  administer(message: unknown): Promise<Reply>;
  /** Who waits for the host to let it into a source. */
  applicants(): readonly Applicant[];
  counts(): Counts;
  /**
   * A run that was here before goes on: it was last alive at this time, and its file may have changed. The decision is that
   * on the change.
   */
  comeBack(aliveAt: Millis, changed: RunManifest): Promise<Decision>;
  /** From now on whatever is due is done. */
  start(): void;
  /** Ends all connections, and carries out what was begun. */
  close(): Promise<void>;
}

export async function openService(inputs: ServiceInputs): Promise<Service> {
  const { journal, blobs, clock, isAdmin, faults = () => {} } = inputs;
  const limits = { ...defaultLimits, ...inputs.limits };
  const notices = noticesOf(inputs.notices);
  const people = everybody(limits.volunteers);
  let lines: Lines | undefined;
  const coordinator = await openCoordinator({
    ...inputs,
    people,
    faults,
    notices: {
      ...notices,
      appended(entries, state) {
        notices.appended(entries, state);
        lines?.tell(entries);
      },
    },
  });
  const { actor, inbox } = coordinator;
  const ofHost = administration({ actor, clock, limits, isAdmin, notices });
  lines = openLines({
    ...{ actor, inbox, people, journal, blobs, clock, limits, faults, notices },
    administration: ofHost,
  });
  return {
    entrance: lines.entrance,
    state: actor.state,
    figures: actor.figures,
    kindOf: coordinator.kindOf,
    served: coordinator.served,
    counts: () => ({
      ...lines.counts(),
      remembered: people.size,
      uploads: inbox.size,
      spooledBytes: inbox.spooledBytes,
      blobs: inputs.opened.blobs.size,
    }),
    applicants: lines.applicants,
    administer: (message) => ofHost.ask(message, "this machine"),
    comeBack: coordinator.comeBack,
    start: actor.start,
    close: async () => {
      lines.close();
      await coordinator.close();
    },
  };
}
