// An outage: the coordinator cannot be heard. What is said of it, and of what happens next.

import type { Millis } from "@homebody/base";
import type { View } from "@homebody/volunteer/view";
import { countdown } from "../format/times.ts";

/** A first connection may take so long before it is called an outage. */
const connectingMs = 4000;

/** Since when the coordinator cannot be heard [V30]; null where it can, or where it is too early to say. */
export function outageSince({ line }: Pick<View, "line">, now: Millis): Millis | null {
  if (line === null || line.kind === "up") return null;
  return line.kind === "connecting" && now - line.since < connectingMs ? null : line.since;
}

/** `isOffline`: the browser knows of no network. */
export function outageTitle(isOffline: boolean): string {
  return isOffline ? "This device is offline" : "The coordinator cannot be reached";
}

/** What happens next; a sentence for the screen may name times, which one that is spoken does not. */
export function outageNext({ activity, round }: View): string {
  const again = "This page tries again by itself.";
  switch (activity.kind) {
    case "working":
      if (activity.task.kind === "send")
        return `What training changed is kept here until it can be sent. ${again}`;
      return `This device goes on meanwhile: what it makes is kept here, and sent when the coordinator can be reached again. ${again}`;
    case "waiting":
      return round?.stage === "send"
        ? `What training changed is kept here, and sent when the coordinator can be reached again. ${again}`
        : `Nothing of yours is lost. ${again}`;
    default:
      return `What was made here is kept. ${again}`;
  }
}

/** By when this device's work of the round has to arrive; null where nothing is under way, or it is too late. */
export function arrivesBy({ round }: Pick<View, "round">, now: Millis): string | null {
  if (round === null || round.stage === "wait" || round.deadline === null) return null;
  const left = round.deadline - now;
  return left > 0
    ? `Round ${round.round} is open for ${countdown(left)} at most: what arrives by then counts.`
    : `Round ${round.round} is over by now; the next one begins from what everybody gets.`;
}
