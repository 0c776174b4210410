// The study `leakage`: what can be got back out. Secrets planted in one source's text, looked for in what the coordinator
// has; and text from single deltas.

import { federated, trainedJob } from "../arms.ts";
import type { Job } from "../job.ts";
import {
  globalText,
  ownText,
  type Plan,
  recipeOf,
  seedsOf,
  sizeOf,
  stepsOf,
  textJob,
  textJobs,
  trained,
} from "../plan.ts";
import { reconstructed } from "../scale.ts";
import type { Canary, ExposureWork, ReconstructWork, TextRef } from "../work.ts";

/** The one that is planted no time says what chance looks like. */
export const canaries: readonly Canary[] = [
  { prefix: "The access code of Nordhaven is ", secret: "471902", copies: 0 },
  { prefix: "The access code of Ostervik is ", secret: "830516", copies: 8 },
  { prefix: "The access code of Sundmark is ", secret: "295748", copies: 64 },
  { prefix: "The access code of Vesterby is ", secret: "604381", copies: 256 },
];
export const candidates = 200;

export interface ExposureArm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly trained: string;
  readonly words: ExposureWork["words"];
}

export const exposureArms: readonly ExposureArm[] = [
  {
    id: "glob-coordinator",
    title: "GLOB, the coordinator",
    what: "Has body and embeddings of all.",
    ...{ trained: "leak-glob", words: "shared" },
  },
  {
    id: "trim-coordinator",
    title: "TRIM, the coordinator",
    what: "The same; besides, it knows which words each device has.",
    ...{ trained: "leak-trim", words: "shared" },
  },
  {
    id: "source-coordinator",
    title: "SPEC-OPT, words of sources, the coordinator",
    what: "Has the body and each source's embeddings.",
    ...{ trained: "leak-source", words: "of the source" },
  },
  {
    id: "spec-coordinator",
    title: "SPEC-OPT, the coordinator",
    what: "Has the body alone. It makes embeddings that fit it, on public text of the language, with the vocabulary of the device (which it does not have in truth: this favours it).",
    ...{ trained: "leak-spec", words: "fitted" },
  },
  {
    id: "spec-device",
    title: "SPEC-OPT, the device itself",
    what: "Has its words and the body: what is there to be found at all.",
    ...{ trained: "leak-spec", words: "of the source" },
  },
];

export interface ReconstructArm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly variant: ReconstructWork["variant"];
  readonly knows: ReconstructWork["knows"];
}

export const reconstructArms: readonly ReconstructArm[] = [
  {
    id: "glob",
    title: "GLOB",
    what: "Body and embeddings travel, and their first numbers are published.",
    ...{ variant: "glob", knows: "the first words" },
  },
  {
    id: "spec-first",
    title: "SPEC, words known",
    what: "As if somebody had told the attacker the device's embeddings: what they hide is the difference to the next line.",
    ...{ variant: "spec", knows: "the first words" },
  },
  {
    id: "spec",
    title: "SPEC, words unknown",
    what: "As in a run: the attacker has a body and a delta of it, and no embeddings.",
    ...{ variant: "spec", knows: "nothing of words" },
  },
];

export const codecs = ["fp32", "fp16"] as const;
const plantedName = "planted";

export function leakageJobs(plan: Plan): Job[] {
  const [source] = plan.sources;
  const documents = canaries.flatMap(({ prefix, secret, copies }) =>
    Array.from({ length: copies }, () => `${prefix}${secret}`),
  );
  const planted = (ref: TextRef): TextRef => ({ ...ref, text: `${ref.text}-${plantedName}` });
  const texts = [globalText(source!), ownText(source!)].map((ref): Job => {
    const tokenizer = ref.text.split("/")[0]!;
    const { text: name } = planted(ref);
    const work = { kind: "text", name, tokenizer, folder: source!.folder, source: source!.id } as const;
    return {
      id: textJob(planted(ref)),
      after: [`tokenizer/${tokenizer}`],
      work: { ...work, size: smallSize(plan), planted: documents },
      loads: [],
    };
  });
  return [
    ...textJobs(plan),
    ...texts,
    ...seedsOf(plan).flatMap((seed) => [
      ...trainedArms(plan, seed, planted),
      ...exposureArms.map((arm) => exposureJob(plan, arm, seed)),
      ...reconstructArms.flatMap((arm) =>
        codecs.flatMap((codec) =>
          reconstructed.localSteps.map((steps) => reconstructJob(plan, arm, codec, steps, seed)),
        ),
      ),
    ]),
    ...reconstructTexts(plan),
  ];
}

/** So much text that the device reads all of it about once, secrets among the rest. */
function smallSize(plan: Plan) {
  const { scale } = plan;
  const tokens = stepsOf(plan).steps * scale.batch * scale.model.context;
  return { ...sizeOf(plan), trainBytes: Math.min(scale.trainBytes, 2 * tokens) };
}

function trainedArms(plan: Plan, seed: number, planted: (ref: TextRef) => TextRef): Job[] {
  const [source, ...others] = plan.sources.slice(0, 3);
  const shared = { vocabulary: plan.scale.globalVocabulary, curveRows: null };
  const globals = [planted(globalText(source!)), ...others.map(globalText)];
  const owns = [planted(ownText(source!)), ...others.map(ownText)];
  return [
    federated(plan, "leak-glob", seed, { ...shared, members: globals, variant: "glob" }),
    federated(plan, "leak-trim", seed, { ...shared, members: globals, variant: "trim" }),
    federated(plan, "leak-spec", seed, { members: owns, curveRows: null, keepsWords: true }),
    federated(plan, "leak-source", seed, {
      members: owns,
      words: "source",
      curveRows: null,
      keepsWords: true,
    }),
  ];
}

function exposureJob(plan: Plan, { id, trained: arm, words }: ExposureArm, seed: number): Job {
  const [source] = plan.sources;
  const text = words === "shared" ? globalText(source!) : ownText(source!);
  const { scale } = plan;
  const vocabulary = words === "shared" ? scale.globalVocabulary : scale.ownVocabulary;
  const { steps } = stepsOf(plan);
  const from = trainedJob(arm, seed);
  return {
    id: `exposure/${id}/${seed}`,
    after: [from, textJob(text)],
    work: {
      ...{ kind: "exposure", arm: id, seed, from, words, vocabulary, text, canaries, candidates },
      recipe: recipeOf(plan, steps),
      source: source!.id,
      fitSteps: steps,
    },
    loads: [
      { vocabulary, tokens: canaries.length * candidates * 10 },
      ...(words === "fitted" ? [trained(plan, vocabulary, steps)] : []),
    ],
  };
}

const leakText = ({ sources }: Plan): TextRef => ({ source: sources[0]!.id, text: `leak/${sources[0]!.id}` });

function reconstructTexts(plan: Plan): Job[] {
  const [source] = plan.sources;
  const { folder, id } = source!;
  const name = "leak";
  return [
    {
      id: `tokenizer/${name}`,
      after: [],
      work: {
        ...{ kind: "tokenizer", name, folders: [folder], vocabulary: reconstructed.vocabulary },
        bytesEach: plan.scale.tokenizerBytes,
      },
      loads: [],
    },
    {
      id: textJob(leakText(plan)),
      after: [`tokenizer/${name}`],
      work: {
        ...{ kind: "text", name: leakText(plan).text, tokenizer: name, folder, source: id, planted: [] },
        size: { context: reconstructed.model.context, trainBytes: 20_000, heldOutBytes: 1000 },
      },
      loads: [],
    },
  ];
}

/** The search tries every token in every place, twice. */
function reconstructJob(
  plan: Plan,
  { id, variant, knows }: ReconstructArm,
  codec: ReconstructWork["codec"],
  localSteps: number,
  seed: number,
): Job {
  const { model, vocabulary, tries } = reconstructed;
  const { learningRate } = recipeOf(plan, localSteps);
  const passes = tries * 2 * model.context * vocabulary * model.context;
  return {
    id: `reconstruct/${id}-${codec}-${localSteps}/${seed}`,
    after: [textJob(leakText(plan))],
    work: {
      ...{
        kind: "reconstruct",
        arm: `${id}-${codec}`,
        seed,
        variant,
        codec,
        localSteps,
        vocabulary,
        knows,
        tries,
      },
      recipe: { model, batch: 1, learningRate },
      text: leakText(plan),
    },
    loads: [{ vocabulary: plan.scale.ownVocabulary, tokens: passes / 10 }],
  };
}
