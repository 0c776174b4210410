// What a volunteer trains in, and how it goes on before the next round opens [V54]: by an order for that round which is guessed from
// the one under way, and which holds until the coordinator says otherwise.

import type { Sha256 } from "@homebody/base";
import type { Announcement, BodyRef, OpenUpload } from "@homebody/protocol";

export interface TrainOrder {
  readonly round: number;
  /** Of the round; where it is trained ahead, the latest one when it began. */
  readonly body: BodyRef;
  /** The round whose home tensors it begins from; 0: the first ones. */
  readonly homeRound: number;
  readonly slot: number;
  readonly slots: number;
  readonly localSteps: number;
  readonly stepsBefore: number;
  readonly totalSteps: number;
  /** Null: it starts from the body. */
  readonly ahead: Ahead | null;
}

/** What a start ahead of its body is made of, beside the latest body [V55]. */
export interface Ahead {
  /** The delta that this device goes on from. */
  readonly own: Sha256;
  /** Of how many sources somebody was assigned to that round. */
  readonly sources: number;
  /** The latest body came of a round's deltas; the host did not go back to it. */
  readonly isStep: boolean;
}

/** What comes after a delta of the open round; null where nothing does, or the run is not eager. */
export function orderAfter(
  announcement: Announcement | null,
  { round, delta }: Pick<OpenUpload, "round" | "delta">,
): TrainOrder | null {
  if (announcement?.kind !== "training" || announcement.round !== round) return null;
  const { eager, assignment, body, localSteps, stepsBefore, totalSteps } = announcement;
  if (eager === undefined || assignment === null || round * localSteps >= totalSteps) return null;
  return {
    round: round + 1,
    body,
    homeRound: round,
    slot: assignment.slot,
    slots: assignment.slots,
    localSteps,
    stepsBefore: stepsBefore + localSteps,
    totalSteps,
    ahead: { own: delta, sources: eager.sources, isStep: eager.oldest < body.number },
  };
}

/** Whether what is trained ahead may still become a delta of its round, by what is announced [V56]. */
export function mayCount(order: TrainOrder, announcement: Announcement): boolean {
  const { round, body, stepsBefore, localSteps, totalSteps } = order;
  const latest = announcement.body.number;
  switch (announcement.kind) {
    case "training": {
      const isAsGuessed = (before: number) =>
        announcement.localSteps === localSteps &&
        announcement.totalSteps === totalSteps &&
        before === stepsBefore;
      if (announcement.round === round - 1)
        return announcement.body.id === body.id && isAsGuessed(announcement.stepsBefore + localSteps);
      const { assignment, accepted, eager } = announcement;
      const isOpen = announcement.round === round && assignment !== null && !accepted;
      return isOpen && body.number >= (eager?.oldest ?? latest) && isAsGuessed(announcement.stepsBefore);
    }
    case "closing":
      return announcement.round === round - 1 && latest === body.number;
    case "gathering":
      return announcement.round === round || (announcement.round === round - 1 && latest === body.number);
    default:
      return false;
  }
}

/** Whether the round of a stored delta is the one after that which is announced: it waits for it to open [V57]. */
export function isEarly({ round }: Pick<OpenUpload, "round">, announcement: Announcement): boolean {
  switch (announcement.kind) {
    case "training":
    case "closing":
      return announcement.round === round - 1;
    case "gathering":
      return announcement.round === round || announcement.round === round - 1;
    default:
      return false;
  }
}
