// The study `newcomers`: somebody comes when half of the rounds are over, to a source that is there or with one of their
// own. Their words are noise, fitted to the body first, or the source's own.

import { federated } from "../arms.ts";
import type { Job } from "../job.ts";
import { ownText, type Plan, seedsOf, textJobs } from "../plan.ts";
import type { FederatedWork } from "../work.ts";

/** Steps of fitting where fresh words fit: the run file's own number. */
export const fitSteps = 25;

export const newcomerName = "newcomer";

export interface NewcomerArm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly comes: "nobody" | "volunteer" | "source";
  readonly words: FederatedWork["words"];
  readonly fits: boolean;
}

export const newcomerArms: readonly NewcomerArm[] = [
  {
    id: "nobody-device",
    title: "nobody comes",
    what: "The run as it would have been, words on devices.",
    ...{ comes: "nobody", words: "device", fits: false },
  },
  {
    id: "nobody-source",
    title: "nobody comes, words of sources",
    what: "The same where the coordinator keeps each source's words.",
    ...{ comes: "nobody", words: "source", fits: false },
  },
  {
    id: "volunteer-noise",
    title: "a volunteer, words of noise",
    what: "A second volunteer of a source, whose words begin at random and count at once.",
    ...{ comes: "volunteer", words: "device", fits: false },
  },
  {
    id: "volunteer-fit",
    title: "a volunteer, words that fit first",
    what: `The same, but its words first fit the body for ${fitSteps} steps, while the body stands still.`,
    ...{ comes: "volunteer", words: "device", fits: true },
  },
  {
    id: "volunteer-source",
    title: "a volunteer, the source's words",
    what: "The same where words are the source's: it begins with what the others have learnt.",
    ...{ comes: "volunteer", words: "source", fits: true },
  },
  {
    id: "source-noise",
    title: "a source, words of noise",
    what: "A source that nobody had, whose words begin at random and count at once.",
    ...{ comes: "source", words: "device", fits: false },
  },
  {
    id: "source-fit",
    title: "a source, words that fit first",
    what: `The same, but its words first fit the body for ${fitSteps} steps.`,
    ...{ comes: "source", words: "device", fits: true },
  },
  {
    id: "source-source",
    title: "a source, words of sources, that fit first",
    what: "The same where words are the source's: the first volunteer's fitted words become the source's.",
    ...{ comes: "source", words: "source", fits: true },
  },
];

/** The round in which somebody comes. */
export const comingRound = ({ scale }: Plan): number => Math.floor(scale.rounds / 2) + 1;

/** The source that is joined, and the one that comes late. */
export const joinedSource = ({ sources }: Plan) => sources[0]!;
export const lateSource = ({ sources }: Plan) => sources.at(-1)!;

export function newcomersJobs(plan: Plan): Job[] {
  return [
    ...textJobs(plan),
    ...seedsOf(plan).flatMap((seed) => newcomerArms.map((arm) => jobOf(plan, arm, seed))),
  ];
}

function jobOf(plan: Plan, { id, comes, words, fits }: NewcomerArm, seed: number): Job {
  const early = plan.sources.slice(0, -1);
  const from = comingRound(plan);
  const late = lateSource(plan);
  const veterans = early.map(({ id }) => ({ name: id, source: id, from: 1 }));
  const newcomer = {
    nobody: [],
    volunteer: [{ name: newcomerName, source: joinedSource(plan).id, from }],
    source: [{ name: late.id, source: late.id, from }],
  }[comes];
  return federated(plan, id, seed, {
    members: (comes === "source" ? plan.sources : early).map(ownText),
    volunteers: [...veterans, ...newcomer],
    words,
    training: { fitSteps: fits ? fitSteps : 0 },
  });
}
