// A row for every volunteer that is here or was: presence joined with what the journal says of this round.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import { deltasIn, type Figures } from "@homebody/coordinator";
import type { DeviceKind, Presence, PresenceReport, Progress, Stage } from "@homebody/protocol";

export type PersonState = "gone" | "missing" | "preparing" | "waits" | "in-round" | "delivered" | "ready";

export interface Person {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: DeviceKind;
  readonly connected: boolean;
  readonly state: PersonState;
  /** Of what it does now; null where that is nothing, or nothing is known of it. */
  readonly progress: Progress | null;
  readonly lastSeenAt: Millis;
  /** Its deltas do not count at present. */
  readonly quarantined: boolean;
}

export function peopleOf(figures: Figures, presence: PresenceReport | null): readonly Person[] {
  const open = figures.phase === "training" || figures.phase === "closing";
  const assigned = new Set(open ? figures.roundList.at(-1)?.assigned : []);
  const delivered = new Set(deltasIn(figures).map(({ volunteer }) => volunteer));
  const stateOf = ({ volunteer, connected, ready }: Presence): PersonState => {
    if (open && delivered.has(volunteer)) return "delivered";
    if (!connected) return assigned.has(volunteer) ? "missing" : "gone";
    if (assigned.has(volunteer)) return "in-round";
    if (!ready) return "preparing";
    return open ? "waits" : "ready";
  };
  return (presence?.volunteers ?? [])
    .map((one): Person => {
      const { volunteer, source, device, connected, lastSeenAt } = one;
      const state = stateOf(one);
      const progress = one.progress !== null && isOfNow(one.progress, state, figures) ? one.progress : null;
      const quarantined = figures.quarantined.includes(volunteer);
      return { volunteer, source, device, connected, state, progress, lastSeenAt, quarantined };
    })
    .sort(
      (a, b) =>
        Number(b.connected) - Number(a.connected) ||
        a.source.localeCompare(b.source) ||
        a.volunteer.localeCompare(b.volunteer),
    );
}

/** Whether somebody in this state still does what it last said: it says nothing more when it has done it. */
function isOfNow({ round, stage }: Progress, state: PersonState, figures: Figures): boolean {
  switch (state) {
    case "in-round":
      return round === figures.round && stage !== "wait";
    case "preparing":
      return stage === "prepare" || stage === "download" || stage === "evaluate";
    case "ready":
      return figures.phase === "evaluating" && stage === "evaluate";
    case "gone":
    case "missing":
    case "waits":
    case "delivered":
      return false;
    default:
      return state satisfies never;
  }
}

export const personWords: Readonly<Record<PersonState, string>> = {
  gone: "not connected",
  missing: "waited for",
  preparing: "prepares",
  waits: "waits for the next round",
  "in-round": "in this round",
  delivered: "delta is in",
  ready: "ready",
};

export const progressStages: Readonly<Record<Stage, string>> = {
  prepare: "prepares its text",
  wait: "waits",
  download: "gets the body",
  evaluate: "measures the body",
  train: "trains",
  encode: "packs its delta",
  send: "sends its delta",
};

/** From 0 to 1; null where there is nothing to count. */
export function shareOf({ progress, state }: Person): number | null {
  if (state === "delivered") return 1;
  if (progress === null || progress.of <= 0) return null;
  return Math.min(1, progress.step / progress.of);
}
