// The study `dept`: what a body is worth, by how it was pre-trained. Each arm's body goes on, under one tokenizer and
// with embeddings that begin at random, for a fifth more steps (DEPT, arXiv 2410.05021, section 3: multi-phase adaptive
// pre-training); then bits per byte and perplexity say what it knows, of sources that it was trained on and of others.

import { arms, scratch, trainedJob } from "../arms.ts";
import type { Job } from "../job.ts";
import {
  adaptSteps,
  evaluatedTexts,
  globalText,
  type Plan,
  recipeOf,
  seedsOf,
  stepsOf,
  textJob,
  textJobs,
  trained,
} from "../plan.ts";

export function deptJobs(plan: Plan): Job[] {
  return [
    ...textJobs(plan),
    ...seedsOf(plan).flatMap((seed) => [
      ...arms.map(({ job }) => job(plan, seed)),
      adapted(plan, scratch.id, seed, null, "random"),
      ...arms.map(({ id }) => adapted(plan, id, seed, trainedJob(id, seed), "random")),
      ...arms
        .filter(({ hasEmbeddings }) => hasEmbeddings)
        .map(({ id }) => adapted(plan, id, seed, trainedJob(id, seed), "trained")),
    ]),
  ];
}

/** The second phase: from random embeddings at the peak rate, from trained ones at half of it (DEPT). */
function adapted(
  plan: Plan,
  arm: string,
  seed: number,
  from: string | null,
  embeddings: "random" | "trained",
): Job {
  const { scale, sources, unseen } = plan;
  const steps = adaptSteps(plan);
  const evaluate = [...sources, ...unseen].map(globalText);
  const phase = `${embeddings} embeddings`;
  const vocabulary = scale.globalVocabulary;
  return {
    id: `adapted/${embeddings}/${arm}/${seed}`,
    after: [...(from === null ? [] : [from]), ...evaluate.map(textJob)],
    work: {
      kind: "adapted",
      arm,
      seed,
      phase,
      from,
      embeddings,
      recipe: recipeOf(plan, stepsOf(plan).steps, embeddings === "random" ? scale.peak : scale.peak / 2),
      vocabulary,
      sources: sources.map(globalText),
      steps,
      evaluate,
    },
    loads: [trained(plan, vocabulary, steps), evaluatedTexts(plan, vocabulary, evaluate.length)],
  };
}
