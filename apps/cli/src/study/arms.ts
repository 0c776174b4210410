// The arms of pre-training: DEPT's four variants and what they are held against, as jobs. Each leaves a body.

import type { Job } from "./job.ts";
import { evaluatedShare } from "./job.ts";
import {
  dealJob,
  dealtText,
  evaluatedTexts,
  globalText,
  ownText,
  type Plan,
  recipeOf,
  stepsOf,
  textJob,
  trained,
} from "./plan.ts";
import type { Family } from "./report/report.ts";
import type { FederatedWork, StandardWork } from "./work.ts";

export interface Arm {
  readonly id: string;
  readonly title: string;
  /** For the report: what it does, in a sentence or two of plain English. */
  readonly what: string;
  /** Its colour in plots. */
  readonly family: Family;
  /** Whether its body comes with embeddings of the vocabulary that all share. */
  readonly hasEmbeddings: boolean;
  /** Devices' tokens in all, in units of one source's. */
  readonly tokens: "as one source" | "as all sources";
  readonly job: (plan: Plan, seed: number) => Job;
}

export const trainedJob = (arm: string, seed: number): string => `trained/${arm}/${seed}`;

/** A federated arm; what is not changed is SPEC-OPT over all sources, in the plan's rounds. */
export function federated(
  plan: Plan,
  arm: string,
  seed: number,
  change: Partial<Omit<FederatedWork, "kind" | "arm" | "seed" | "recipe">>,
): Job {
  const { scale, sources } = plan;
  const { localSteps } = stepsOf(plan);
  const own = {
    variant: "spec",
    words: "device",
    members: sources.map(ownText),
    vocabulary: null,
    localSteps,
    rounds: scale.rounds,
    share: 1,
    outer: { kind: "averaging" },
    training: {},
    codec: "fp16",
    curveRows: scale.curveRows,
    scoresReplicas: false,
    fittedAfter: [],
    keepsWords: false,
    evaluate: [],
    ...change,
  } as const;
  const { members, rounds, share } = own;
  const volunteers = change.volunteers ?? members.map(({ source }) => ({ name: source, source, from: 1 }));
  const steps = own.localSteps * rounds;
  const vocabulary = own.vocabulary ?? scale.ownVocabulary;
  const taking = Math.max(1, Math.round(share * volunteers.length));
  const curveTokens = (own.curveRows ?? 0) * scale.model.context * volunteers.length * (rounds + 1);
  const isDealt = members.some(({ source }) => source.startsWith("iid-"));
  return {
    id: trainedJob(arm, seed),
    after: isDealt ? [dealJob, ...own.evaluate.map(textJob)] : members.map(textJob),
    work: { kind: "federated", arm, seed, recipe: recipeOf(plan, steps), ...own, volunteers },
    loads: [
      trained(plan, vocabulary, taking * steps),
      { vocabulary, tokens: curveTokens * evaluatedShare },
      evaluatedTexts(plan, vocabulary, sources.length),
    ],
  };
}

export function standard(
  plan: Plan,
  arm: string,
  seed: number,
  change: Partial<Pick<StandardWork, "temperature" | "steps" | "forgetEvery">>,
): Job {
  const { scale, sources } = plan;
  const own = { temperature: 0, steps: stepsOf(plan).steps, forgetEvery: null, ...change };
  const texts = sources.map(globalText);
  const vocabulary = scale.globalVocabulary;
  return {
    id: trainedJob(arm, seed),
    after: texts.map(textJob),
    work: {
      kind: "standard",
      arm,
      seed,
      recipe: recipeOf(plan, own.steps),
      vocabulary,
      sources: texts,
      sizes: sources.map(({ bytes }) => bytes),
      evaluate: texts,
      ...own,
    },
    loads: [trained(plan, vocabulary, own.steps), evaluatedTexts(plan, vocabulary, sources.length)],
  };
}

/** As many steps as all devices of a federated arm take together. */
const allSteps = (plan: Plan): number => plan.sources.length * stepsOf(plan).steps;

const shared = (plan: Plan) => ({
  members: plan.sources.map(globalText),
  vocabulary: plan.scale.globalVocabulary,
});

const dealt = (plan: Plan) => ({
  variant: "glob" as const,
  vocabulary: plan.scale.globalVocabulary,
  members: plan.sources.map((_, i) => dealtText(i)),
  evaluate: plan.sources.map(globalText),
  curveRows: null,
});

/** In the order of tables. */
export const arms: readonly Arm[] = [
  {
    id: "std-0",
    title: "STD, τ 0",
    family: "baseline",
    what: "Ordinary training on one machine: every source equally often, as many steps as a device of DEPT takes.",
    hasEmbeddings: true,
    tokens: "as one source",
    job: (plan, seed) => standard(plan, "std-0", seed, {}),
  },
  {
    id: "std-1",
    title: "STD, τ 1",
    family: "baseline",
    what: "The same, with sources in proportion to how much text they have.",
    hasEmbeddings: true,
    tokens: "as one source",
    job: (plan, seed) => standard(plan, "std-1", seed, { temperature: 1 }),
  },
  {
    id: "act",
    title: "ACT",
    family: "baseline",
    what: "Active forgetting: as STD τ 0, but the embeddings begin anew in every round, so that the body learns to serve any.",
    hasEmbeddings: true,
    tokens: "as one source",
    job: (plan, seed) => standard(plan, "act", seed, { forgetEvery: stepsOf(plan).localSteps }),
  },
  {
    id: "local-short",
    title: "Local SGD, STD's tokens",
    family: "control",
    what: "Local SGD (below) with so few steps that all its devices together read as many tokens as STD does.",
    hasEmbeddings: true,
    tokens: "as one source",
    job: (plan, seed) =>
      federated(plan, "local-short", seed, {
        ...dealt(plan),
        localSteps: Math.max(1, Math.round(stepsOf(plan).localSteps / plan.sources.length)),
      }),
  },
  {
    id: "std-0-long",
    title: "STD, τ 0, DEPT's tokens",
    family: "baseline",
    what: "STD that reads as many tokens as all devices of DEPT together: more steps, one after another.",
    hasEmbeddings: true,
    tokens: "as all sources",
    job: (plan, seed) => standard(plan, "std-0-long", seed, { steps: allSteps(plan) }),
  },
  {
    id: "std-1-long",
    title: "STD, τ 1, DEPT's tokens",
    family: "baseline",
    what: "The same, with sources in proportion to how much text they have.",
    hasEmbeddings: true,
    tokens: "as all sources",
    job: (plan, seed) => standard(plan, "std-1-long", seed, { temperature: 1, steps: allSteps(plan) }),
  },
  {
    id: "local",
    title: "Local SGD",
    family: "control",
    what: "A federation whose devices all hold the same mixture, dealt out document by document: what averaging does by itself, without one source a device.",
    hasEmbeddings: true,
    tokens: "as all sources",
    job: (plan, seed) => federated(plan, "local", seed, dealt(plan)),
  },
  {
    id: "glob",
    title: "GLOB",
    family: "dept",
    what: "DEPT with everything averaged, embeddings included, over one vocabulary.",
    hasEmbeddings: true,
    tokens: "as all sources",
    job: (plan, seed) => federated(plan, "glob", seed, { ...shared(plan), variant: "glob" }),
  },
  {
    id: "trim",
    title: "TRIM",
    family: "dept",
    what: "As GLOB, but a device has only the words that occur in its text, and a word is averaged over those who have it.",
    hasEmbeddings: true,
    tokens: "as all sources",
    job: (plan, seed) => federated(plan, "trim", seed, { ...shared(plan), variant: "trim" }),
  },
  {
    id: "spec",
    title: "SPEC",
    family: "dept",
    what: "The body alone is averaged. Every source keeps embeddings of its own, for its words out of the one vocabulary.",
    hasEmbeddings: false,
    tokens: "as all sources",
    job: (plan, seed) => federated(plan, "spec", seed, shared(plan)),
  },
  {
    id: "spec-opt",
    title: "SPEC-OPT",
    family: "dept",
    what: "As SPEC, and every source has a vocabulary of its own, learnt from its own text.",
    hasEmbeddings: false,
    tokens: "as all sources",
    job: (plan, seed) => federated(plan, "spec-opt", seed, {}),
  },
];

/** A body that has learnt nothing: what the second phase does by itself. */
export const scratch = {
  id: "scratch",
  title: "No pre-training",
  family: "floor",
  what: "A body that begins at random and has only the second phase: what the others have to beat.",
} as const;
