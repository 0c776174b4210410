// The study `attacks`: seven volunteers of a source, of which two attack, beside another source of one volunteer, by how a source's
// deltas become one; and an attacker who is alone in a third source.

import type { RunFile } from "@homebody/protocol";
import { type AttackName, attacks } from "@homebody/sim";
import { evaluatedShare, type Job } from "../job.ts";
import { ownText, type Plan, recipeOf, seedsOf, stepsOf, textJob, textJobs, trained } from "../plan.ts";
import type { AttackedWork } from "../work.ts";

export interface Rules {
  readonly id: "mean" | "clip" | "default";
  readonly title: string;
  readonly what: string;
  readonly rules: AttackedWork["rules"];
}

const clipping: RunFile["clipping"] = { kind: "median", multiple: 3 };

export const usual: Rules = {
  id: "default",
  title: "default",
  what: "What a run file says that says nothing: clipped, each mixed with its nearest, and of every number a trimmed mean.",
  rules: {
    clipping,
    average: { rule: "trimmed-mean", mixing: "nearest", attackers: 0.3, from: 5 },
  },
};

export const allRules: readonly Rules[] = [
  {
    id: "mean",
    title: "mean",
    what: "Deltas count as they are, and a source's become their mean.",
    rules: { clipping: "off", average: { rule: "mean" } },
  },
  {
    id: "clip",
    title: "clipped mean",
    what: "No delta counts for more than three times the median, per tensor and in all.",
    rules: { clipping, average: { rule: "mean" } },
  },
  usual,
];

export const attackNames = Object.keys(attacks) as AttackName[];
/** Of an attacker who is alone in a source. */
export const loneAttacks: readonly AttackName[] = ["sign-flip", "colluding"];

const honest = 5;
const attackers = 2;

/** In the attackers' places are honest ones, nobody, or who attacks so. */
export type Others = "honest" | "absent" | AttackName;

export interface Situation {
  /** Two of the crowd, or one alone in a source. */
  readonly places: "two" | "lone";
  readonly others: Others;
}

export const two = (others: Others): Situation => ({ places: "two", others });
export const lone = (others: Others): Situation => ({ places: "lone", others });

export const armOf = ({ places, others }: Situation, { id }: Rules): string => `${places}/${others}/${id}`;

const arms: readonly (readonly [Situation, Rules])[] = [
  ...allRules.flatMap((rules) =>
    (["honest", ...attackNames] as const).map((others) => [two(others), rules] as const),
  ),
  [two("absent"), usual],
  ...(["honest", ...loneAttacks] as const).map((others) => [lone(others), usual] as const),
];

/** The first has the crowd, an attacker who is alone the last. */
export const sourcesOf = ({ sources }: Plan) => sources.slice(0, 3);

/** Of which somebody honest measures in every situation. */
export const measuredOf = (plan: Plan): readonly string[] =>
  sourcesOf(plan)
    .slice(0, -1)
    .map(({ id }) => id);

export function attacksJobs(plan: Plan): Job[] {
  const needed = new Set(
    sourcesOf(plan).flatMap(({ id }) => [`tokenizer/own-${id}`, `text/own-${id}/${id}`]),
  );
  return [
    ...textJobs(plan).filter(({ id }) => needed.has(id)),
    ...seedsOf(plan).flatMap((seed) => arms.map(([situation, rules]) => jobOf(plan, situation, rules, seed))),
  ];
}

function jobOf(plan: Plan, situation: Situation, rules: Rules, seed: number): Job {
  const { localSteps, steps } = stepsOf(plan);
  const { rounds, curveRows, ownVocabulary: vocabulary, model } = plan.scale;
  const arm = armOf(situation, rules);
  const volunteers = volunteersOf(plan, situation);
  const taking = new Set(volunteers.map(({ source }) => source));
  const texts = sourcesOf(plan)
    .map(ownText)
    .filter(({ source }) => taking.has(source));
  return {
    id: `attacked/${arm}/${seed}`,
    after: texts.map(textJob),
    work: {
      ...{ kind: "attacked", arm, seed, recipe: recipeOf(plan, steps), texts, volunteers },
      ...{ attack: attackNames.find((name) => name === situation.others) ?? null },
      ...{ rules: rules.rules, localSteps, rounds, curveRows },
    },
    loads: [
      trained(plan, vocabulary, volunteers.length * steps),
      { vocabulary, tokens: evaluatedShare * volunteers.length * (rounds + 1) * curveRows * model.context },
    ],
  };
}

function volunteersOf(plan: Plan, { places, others }: Situation): AttackedWork["volunteers"] {
  const measured = measuredOf(plan);
  const last = sourcesOf(plan).at(-1)!.id;
  const of = (source: string, isAttacker: boolean) => ({ source, isAttacker });
  const many = (count: number, isAttacker: boolean) =>
    Array.from({ length: count }, () => of(measured[0]!, isAttacker));
  return [
    ...many(honest, false),
    ...many(others === "absent" ? 0 : attackers, places === "two"),
    ...measured.slice(1).map((source) => of(source, false)),
    ...(places === "lone" ? [of(last, true)] : []),
  ];
}
