// The study `distil`: a run's models, each with words of its own, write texts as a mixture; students with the same body and one
// vocabulary learn from them, and others from text by people.

import { arms, federated, trainedJob } from "../arms.ts";
import { type Job, tokenAlone } from "../job.ts";
import {
  globalName,
  globalText,
  ownName,
  ownText,
  type Plan,
  recipeOf,
  seedsOf,
  stepsOf,
  textJob,
  textJobs,
  trained,
} from "../plan.ts";
import type { MixtureRef, PassagesWork, StudentWork, TextFolder } from "../work.ts";

export const mixtureArm = "mixture";
export const globArm = "glob";
const runArm = "spec-opt";

/** The mixture writes in so many parts: what is written stays where the study is stopped. */
const parts = 8;
/** Of all weight, dealt out anew after each byte: the default of `evaluate --mixture`. */
const share = 0.01;

export interface StudentArm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly text: "a quarter of what was written" | "what was written" | "beginnings" | "all";
  readonly body: StudentWork["body"];
}

export const distilled = "distilled";

export const studentArms: readonly StudentArm[] = [
  {
    id: distilled,
    title: "distilled",
    what: "A student: fresh words over one vocabulary on the run's body, which stands still. It learns from what the mixture wrote.",
    ...{ text: "what was written", body: "stands still" },
  },
  {
    id: "distilled-quarter",
    title: "distilled, a quarter of the text",
    what: "The same steps over a quarter of what the mixture wrote.",
    ...{ text: "a quarter of what was written", body: "stands still" },
  },
  {
    id: "people",
    title: "people's text, as much",
    what: "The same student without the mixture: as many bytes of the sources' own training text, of the same form, beginnings of documents.",
    ...{ text: "beginnings", body: "stands still" },
  },
  {
    id: "people-all",
    title: "people's text, all of it",
    what: "The same steps, on rows drawn from all of the sources' training text.",
    ...{ text: "all", body: "stands still" },
  },
  {
    id: "distilled-moves",
    title: "distilled, the body moves",
    what: "As distilled, and the body learns with the words.",
    ...{ text: "what was written", body: "moves" },
  },
  {
    id: "people-moves",
    title: "people's text, as much, the body moves",
    what: "As people's text, as much, and the body learns with the words.",
    ...{ text: "beginnings", body: "moves" },
  },
];

/** That the mixture writes to be learnt from: a byte for each token that a source trained. */
export const writtenBytes = ({ scale, factor }: Plan): number => Math.round(factor * scale.tokensEach);

/** That a student learns from; of texts by people, about. */
export function studentBytes(plan: Plan, { text }: StudentArm): number {
  if (text === "all") return plan.sources.length * plan.scale.trainBytes;
  return writtenBytes(plan) / (text === "a quarter of what was written" ? 4 : 1);
}

export function distilJobs(plan: Plan): Job[] {
  const needed = new Set([
    `tokenizer/${globalName}`,
    ...plan.sources.flatMap((source) => [
      `tokenizer/${ownName(source.id)}`,
      textJob(ownText(source)),
      textJob(globalText(source)),
    ]),
  ]);
  return [
    ...textJobs(plan).filter(({ id }) => needed.has(id)),
    ...seedsOf(plan).flatMap((seed) => [
      federated(plan, runArm, seed, { words: "source", curveRows: null, keepsWords: true }),
      arms.find(({ id }) => id === globArm)!.job(plan, seed),
      ...Array.from({ length: parts }, (_, part) =>
        written(plan, seed, partName(seed, part), writtenBytes(plan) / parts),
      ),
      written(plan, seed, heldOutName(seed), plan.scale.heldOutBytes),
      ...studentArms.map((arm) => student(plan, arm, seed)),
      passages(plan, mixtureArm, seed, mixtureOf(plan, seed)),
      ...[globArm, ...studentArms.map(({ id }) => id)].map((arm) =>
        passages(plan, arm, seed, { job: trainedJob(arm, seed), vocabulary: plan.scale.globalVocabulary }),
      ),
    ]),
  ];
}

const partName = (seed: number, part: number): string => `${seed}/part-${part + 1}`;
/** Of which no student learns. */
const heldOutName = (seed: number): string => `${seed}/held-out`;
const writtenJob = (name: string): string => `written/${name}`;
/** Of a row's phase: whether it is of a part that students learn from. */
export const isPart = (phase: string): boolean => /^written\/\d+\/part-/.test(phase);

const mixtureOf = ({ sources, scale }: Plan, seed: number): MixtureRef => ({
  from: trainedJob(runArm, seed),
  sources: sources.map(({ id }) => id),
  vocabulary: scale.ownVocabulary,
  share,
});

const folderOf = ({ id, folder }: TextFolder): TextFolder => ({ id, folder });

function written(plan: Plan, seed: number, name: string, bytes: number): Job {
  const { model, ownVocabulary: vocabulary } = plan.scale;
  return {
    id: writtenJob(name),
    after: [trainedJob(runArm, seed)],
    work: { kind: "written", arm: mixtureArm, seed, name, model, mixture: mixtureOf(plan, seed), bytes },
    loads: [{ vocabulary, tokens: bytes * tokenAlone }],
  };
}

function student(plan: Plan, arm: StudentArm, seed: number): Job {
  const { id, body } = arm;
  const { steps } = stepsOf(plan);
  const { globalVocabulary: vocabulary } = plan.scale;
  const from = trainedJob(runArm, seed);
  const { text, after } = textFor(plan, arm, seed);
  return {
    id: trainedJob(id, seed),
    after: [from, `tokenizer/${globalName}`, ...after],
    work: {
      ...{ kind: "student", arm: id, seed, from, body, vocabulary, steps },
      ...{ recipe: recipeOf(plan, steps), text },
    },
    loads: [trained(plan, vocabulary, steps)],
  };
}

/** What a student learns from, and the jobs that make it. */
function textFor(
  plan: Plan,
  arm: StudentArm,
  seed: number,
): { readonly text: StudentWork["text"]; readonly after: readonly string[] } {
  const { sources } = plan;
  switch (arm.text) {
    case "all": {
      const texts = sources.map(globalText);
      return { text: { kind: "packed", texts }, after: texts.map(textJob) };
    }
    case "beginnings":
      return {
        text: { kind: "beginnings", sources: sources.map(folderOf), bytes: studentBytes(plan, arm) },
        after: [],
      };
    default: {
      const count = parts * (studentBytes(plan, arm) / writtenBytes(plan));
      const names = Array.from({ length: count }, (_, part) => partName(seed, part));
      return { text: { kind: "written", names }, after: names.map(writtenJob) };
    }
  }
}

function passages(plan: Plan, arm: string, seed: number, of: PassagesWork["of"]): Job {
  const { sources, unseen, scale } = plan;
  const from = "job" in of ? of.job : of.from;
  const models = "job" in of ? 1 : of.sources.length;
  const texts = sources.length + unseen.length + 2;
  return {
    id: `passages/${arm}/${seed}`,
    after: [from, writtenJob(heldOutName(seed)), `tokenizer/${globalName}`],
    work: {
      ...{ kind: "passages", arm, seed, model: scale.model, of, bytes: scale.heldOutBytes },
      ...{ learnt: sources.map(folderOf), unseen: unseen.map(folderOf), written: heldOutName(seed) },
    },
    loads: [{ vocabulary: of.vocabulary, tokens: models * texts * scale.heldOutBytes * tokenAlone }],
  };
}
