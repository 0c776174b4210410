// Each fact of the journal as a sentence, and in which group of the filter it belongs.

import type { Fact } from "@homebody/coordinator";
import { totalBytes } from "@homebody/protocol";
import { bytes, count, fixed, plural, scientific } from "../format/numbers.ts";

export type EventGroup = "rounds" | "deltas" | "evaluations" | "host";

export const groupWords: Readonly<Record<EventGroup, string>> = {
  rounds: "Rounds",
  deltas: "Deltas",
  evaluations: "Evaluations",
  host: "Host and coordinator",
};

export function groupOf({ kind }: Fact): EventGroup {
  switch (kind) {
    case "opened":
    case "closed":
    case "published":
    case "lapsed":
    case "evaluating":
    case "finished":
      return "rounds";
    case "accepted":
    case "dropped":
    case "quarantined":
    case "cleared":
      return "deltas";
    case "reviewed":
    case "evaluated":
      return "evaluations";
    case "created":
    case "left":
    case "invited":
    case "admitted":
    case "ending":
    case "restarted":
    case "source-added":
    case "changed":
    case "reopened":
    case "paused":
    case "resumed":
    case "removed":
    case "restored":
    case "held":
    case "undone":
      return "host";
    default:
      return kind satisfies never;
  }
}

const reasons = {
  all: "everybody delivered",
  quorum: "enough delivered, and the grace has passed",
  deadline: "its deadline came",
  admin: "the host ended it",
} as const;

/** `nameOf`: what a source is called. */
export function eventWords(fact: Fact, nameOf: (source: string) => string): string {
  switch (fact.kind) {
    case "created":
      return `The run begins with body 0, ${bytes(totalBytes(fact.sections))}.`;
    case "opened":
      return `Round ${fact.round} opens with ${plural(fact.assigned.length, "volunteer")} and up to ${plural(fact.localSteps, "local step")} each.`;
    case "accepted":
      return `Volunteer ${shortId(fact.volunteer)} (${nameOf(fact.source)}) delivers ${bytes(totalBytes(fact.sections))} for round ${fact.round}: ${plural(fact.steps, "step")}, ${count(fact.tokens)} tokens, norm ${scientific(fact.norm)}.`;
    case "evaluated":
      return `Volunteer ${shortId(fact.volunteer)} measures body ${fact.body} on ${nameOf(fact.source)}: ${fixed(fact.nats / Math.LN2 / fact.bytes, 3)} bits per byte.`;
    case "closed":
      return `Round ${fact.round} closes: ${reasons[fact.reason]}; ${plural(fact.averaged.length, "delta")} to average${besideWords(fact.quarantined?.length ?? 0)}.`;
    case "reviewed":
      return `Volunteer ${shortId(fact.reviewer)} measures the delta of ${shortId(fact.volunteer)} for round ${fact.round}: the body gets ${changeWords(fact.natsWith / fact.natsWithout - 1)} by it${fact.harmful ? ", which is called harmful" : ""}.`;
    case "quarantined":
      return `The deltas of volunteer ${shortId(fact.volunteer)} do not count from now on: ${fact.reviewers.map(shortId).join(", ")} found that they make the body worse.`;
    case "cleared":
      return `The deltas of volunteer ${shortId(fact.volunteer)} count again: ${shortId(fact.reviewer)} found the last one to do no harm.`;
    case "dropped":
      return `The delta of volunteer ${shortId(fact.volunteer)} for round ${fact.round} is ${fact.reason} on the coordinator's disk; it is not averaged.`;
    case "published":
      return `Body ${fact.round} is published, ${bytes(totalBytes(fact.sections))}${clippedWords(fact.clipped.length)}.`;
    case "lapsed":
      return `Round ${fact.round} ended without a delta; it opens again.`;
    case "left":
      return `Volunteer ${shortId(fact.volunteer)} left for good.`;
    case "invited":
      return `The host invites ${plural(
        fact.codes.reduce((sum, { uses }) => sum + uses, 0),
        "volunteer",
      )} to ${nameOf(fact.source)}.`;
    case "admitted":
      return `Volunteer ${shortId(fact.volunteer)} is let into ${nameOf(fact.source)}, ${fact.code === null ? "approved by the host" : "by an invitation"}.`;
    case "ending":
      return "The host ends the run: no further round opens.";
    case "evaluating":
      return `Rounds are done; ${plural(fact.expected.length, "volunteer")} measure the last body.`;
    case "finished":
      return fact.reason === "rounds"
        ? "The run is finished: all rounds are done."
        : "The run is finished: the host ended it.";
    case "restarted":
      return "The coordinator came back after it was down.";
    case "source-added":
      return `The source ${fact.source.title} joins the run${fact.sections.length > 0 ? ", and its words the body" : ""}.`;
    case "changed":
      return `The host changed the run's description, deadlines or number of rounds (now ${fact.manifest.rounds}).`;
    case "reopened":
      return "The run goes on: it has more rounds now.";
    case "held":
      return `The run holds itself: ${fact.sources.map(nameOf).join(", ")} ${fact.sources.length === 1 ? "finds" : "find"} body ${fact.body} much worse than what was before. It waits for the host.`;
    case "undone":
      return fact.without.length === 0
        ? `The host goes back to body ${fact.to}, which is published again as body ${fact.round}.`
        : `The host averages body ${fact.to} anew without ${fact.without.map(shortId).join(", ")}, as body ${fact.round}.`;
    case "paused":
      return "The host paused the run.";
    case "resumed":
      return "The host resumed the run.";
    case "removed":
      return `The host removed volunteer ${shortId(fact.volunteer)}.`;
    case "restored":
      return `The host took volunteer ${shortId(fact.volunteer)} back.`;
    default:
      return fact satisfies never;
  }
}

const besideWords = (beside: number) =>
  beside === 0 ? "" : `, and ${plural(beside, "delta")} of volunteers in quarantine beside them`;

/** Of nats, by a share of a delta: `0.12 % worse`. */
export function changeWords(change: number): string {
  return `${fixed(100 * Math.abs(change), 2)} % ${change > 0 ? "worse" : "better"}`;
}

const clippedWords = (clipped: number) =>
  clipped === 0 ? "" : `; ${plural(clipped, "delta")} counted in part`;

/** The first six digits tell a run's volunteers apart. */
export function shortId(volunteer: string): string {
  return volunteer.slice(0, 6);
}
