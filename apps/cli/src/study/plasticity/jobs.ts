// The study `plasticity`: how fast and how far a body learns a language that it has never seen, with that language's own
// vocabulary and embeddings that begin at random. The bodies are those of the study `dept`, made here where they are missing.

import { arms, scratch, trainedJob } from "../arms.ts";
import type { CorpusSource } from "../corpus.ts";
import type { Job } from "../job.ts";
import { evaluatedShare } from "../job.ts";
import { ownText, type Plan, recipeOf, seedsOf, stepsOf, textJob, textJobs, trained } from "../plan.ts";

/** Points of a curve, its beginning and end included. */
const points = 9;

export function plasticityJobs(plan: Plan): Job[] {
  const seeds = seedsOf(plan);
  return [
    ...textJobs(plan),
    ...seeds.flatMap((seed) => arms.map(({ job }) => job(plan, seed))),
    ...seeds.flatMap((seed) =>
      plan.unseen.flatMap((source) => [
        unseen(plan, scratch.id, seed, null, source),
        ...arms.map(({ id }) => unseen(plan, id, seed, trainedJob(id, seed), source)),
      ]),
    ),
  ];
}

function unseen(plan: Plan, arm: string, seed: number, from: string | null, source: CorpusSource): Job {
  const { scale } = plan;
  const text = ownText(source);
  const steps = Math.max(points - 1, scale.adaptLeast, Math.round(stepsOf(plan).steps / 2));
  const vocabulary = scale.ownVocabulary;
  return {
    id: `unseen/${source.id}/${arm}/${seed}`,
    after: [...(from === null ? [] : [from]), textJob(text)],
    work: {
      kind: "unseen",
      arm,
      seed,
      from,
      recipe: recipeOf(plan, steps),
      vocabulary,
      text,
      steps,
      evaluateEvery: Math.ceil(steps / (points - 1)),
    },
    loads: [
      trained(plan, vocabulary, steps),
      { vocabulary, tokens: (evaluatedShare * points * scale.heldOutBytes) / 2.5 },
    ],
  };
}
