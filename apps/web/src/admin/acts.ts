// What the host may do, in words: what follows from it, and why it cannot be done right now.

import type { SourceId, VolunteerId } from "@homebody/base";
import { deltasIn, type Figures, type UndoAct, undoable } from "@homebody/coordinator";
import type { AdminAct } from "@homebody/protocol";
import { shortId } from "../dashboard/event-sentences.ts";
import { plural } from "../format/numbers.ts";
import { namesOf } from "../run/source-names.ts";
import { consequenceOfRemoval } from "./removal.ts";

export interface DescribedAct {
  readonly act: AdminAct;
  readonly name: string;
  readonly consequence: string;
  readonly done: string;
  readonly danger: boolean;
  /** Null: it can be done. */
  readonly unavailable: string | null;
}

export function actsFor(figures: Figures): readonly DescribedAct[] {
  const { paused } = figures;
  return [
    wordsOf({ kind: paused ? "resume" : "pause" }, figures),
    wordsOf({ kind: "end-round" }, figures),
    wordsOf({ kind: "end-run" }, figures),
  ];
}

/** `source`: of a volunteer that is removed, where it is known. */
export function wordsOf(act: AdminAct, figures: Figures, source: SourceId | null = null): DescribedAct {
  const over = figures.finished ? "The run is finished." : null;
  const delivered = deltasIn(figures).length;
  const others = (figures.roundList.at(-1)?.assigned.length ?? 0) - delivered;
  const nameOf = namesOf(figures.sources);
  switch (act.kind) {
    case "invite":
      return {
        act,
        name: "Make a link",
        consequence: `Whoever opens the link first may train on ${nameOf(act.source)}; everybody can read in the journal that it was made.`,
        done: "The link was made.",
        danger: false,
        unavailable: over,
      };
    case "approve":
      return {
        act,
        name: `Approve volunteer ${shortId(act.volunteer)}`,
        consequence: `It trains on ${nameOf(act.source)} from now on, until you remove it.`,
        done: `Volunteer ${shortId(act.volunteer)} was let into ${nameOf(act.source)}.`,
        danger: false,
        unavailable: over,
      };
    case "pause":
      return {
        act,
        name: "Pause the run",
        consequence:
          "No round opens and deadlines stand still. Deltas of the open round are still taken, nothing is lost, and volunteers are told that the host has paused.",
        done: "The run was paused.",
        danger: false,
        unavailable: over,
      };
    case "resume":
      return {
        act,
        name: "Resume the run",
        consequence:
          figures.held === null
            ? "The run goes on where it was. Deadlines move by the time of the pause."
            : `The run goes on from body ${figures.held.body} as it is, and measures the next ones beside it.`,
        done: "The run was resumed.",
        danger: false,
        unavailable: over,
      };
    case "end-round":
      return {
        act,
        name: "End this round",
        consequence:
          delivered === 0
            ? `No delta is in yet: round ${figures.round} opens again, and what volunteers trained in it is lost.`
            : `Round ${figures.round} closes with the ${plural(delivered, "delta")} that came in.${others > 0 ? " What the others trained in it is lost." : ""}`,
        done: `Round ${figures.round} was ended.`,
        danger: true,
        unavailable: over ?? (figures.phase === "training" ? null : "No round is open."),
      };
    case "end-run":
      return {
        act,
        name: "End the run",
        consequence:
          "The open round closes with what came in, and no further round opens. The last body is measured and stays for download. This cannot be taken back.",
        done: "The run was ended: no further round opens.",
        danger: true,
        unavailable: over ?? (figures.ending ? "The run is ending already." : null),
      };
    case "remove":
      return {
        act,
        name: `Remove volunteer ${shortId(act.volunteer)}`,
        consequence: consequenceOfRemoval(act.volunteer, source, figures),
        done: `Volunteer ${shortId(act.volunteer)} was removed.`,
        danger: true,
        unavailable: over,
      };
    case "restore":
      return {
        act,
        name: `Take volunteer ${shortId(act.volunteer)} back`,
        consequence:
          "It is let in again when its page is reloaded, and takes part from the next round on. What was taken out of a round stays out.",
        done: `Volunteer ${shortId(act.volunteer)} may come back.`,
        danger: false,
        unavailable: over,
      };
    case "undo":
      return wordsOfUndo(act, figures, over);
    default:
      return act satisfies never;
  }
}

/** The removal of somebody who was not let in yet. */
export function turningAway(volunteer: VolunteerId, figures: Figures): DescribedAct {
  return {
    ...wordsOf({ kind: "remove", volunteer }, figures),
    name: `Turn volunteer ${shortId(volunteer)} away`,
    consequence:
      "It is refused by every source of this run from now on, until you take it back. The same person can ask again as a new volunteer.",
    done: `Volunteer ${shortId(volunteer)} was turned away.`,
  };
}

function wordsOfUndo(act: UndoAct, figures: Figures, over: string | null): DescribedAct {
  const { to, without } = act;
  const possible = undoable(figures).find(({ body }) => body === to);
  const isCurrent = to === figures.published && without.length === 0;
  const next = figures.published + 1;
  const lost = figures.phase === "training" ? `, and what volunteers trained in round ${next} is lost` : "";
  const what =
    without.length === 0
      ? `Body ${to} is published again as body ${next}`
      : `Body ${to} is averaged anew without ${plural(without.length, "delta")} and published as body ${next}`;
  return {
    act,
    name: `Go back to body ${to}`,
    consequence: `${what}${lost}. Rounds and learning rate go on; what volunteers keep at home stays as it is.`,
    done: `Body ${to} comes back as body ${next}.`,
    danger: true,
    unavailable:
      over ??
      (figures.phase === "closing" ? "A round is closing." : null) ??
      (possible === undefined
        ? `Kept are bodies ${undoable(figures)
            .map(({ body }) => body)
            .join(", ")}.`
        : null) ??
      (isCurrent ? "This is the current body: choose whose deltas to leave out, or another body." : null),
  };
}
