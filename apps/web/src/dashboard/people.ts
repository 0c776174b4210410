// A row for every volunteer that is here or was: presence joined with what the journal says of this round.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import type { Figures } from "@homebody/coordinator";
import type { DeviceKind, PresenceReport, Progress, Stage } from "@homebody/protocol";

export type PersonState = "gone" | "preparing" | "waits" | "in-round" | "delivered" | "ready";

export interface Person {
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: DeviceKind;
  readonly state: PersonState;
  readonly progress: Progress | null;
  readonly lastSeenAt: Millis;
}

export function peopleOf(figures: Figures, presence: PresenceReport | null): readonly Person[] {
  const open = figures.phase === "training" || figures.phase === "closing";
  const assigned = new Set(open ? figures.roundList.at(-1)?.assigned : []);
  const delivered = new Set(
    figures.deltas.filter(({ round }) => round === figures.round).map(({ volunteer }) => volunteer),
  );
  return (presence?.volunteers ?? [])
    .map(({ volunteer, source, device, connected, ready, progress, lastSeenAt }): Person => {
      const state: PersonState = !connected
        ? "gone"
        : open && delivered.has(volunteer)
          ? "delivered"
          : assigned.has(volunteer)
            ? "in-round"
            : !ready
              ? "preparing"
              : open
                ? "waits"
                : "ready";
      return { volunteer, source, device, state, progress, lastSeenAt };
    })
    .sort(
      (a, b) =>
        Number(a.state === "gone") - Number(b.state === "gone") ||
        a.source.localeCompare(b.source) ||
        a.volunteer.localeCompare(b.volunteer),
    );
}

export const personWords: Readonly<Record<PersonState, string>> = {
  gone: "gone",
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
