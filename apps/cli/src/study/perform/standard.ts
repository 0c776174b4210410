// STD and ACT, and continued pre-training on a mixture: one trainer, no rounds.

import {
  adaptingRate,
  beginningOf,
  firstParameters,
  loadParameters,
  type MixtureSource,
  randomBody,
  readParameters,
  type StandardSettings,
  standard,
} from "@homebody/experiment";
import { type ModelConfig, modelConfig } from "@homebody/model";
import { shardBytes } from "@homebody/text";
import type { Trainer } from "@homebody/train";
import type { AdaptedWork, StandardWork, TextRef } from "../work.ts";
import {
  evaluatedOn,
  keepBody,
  keptBody,
  type Made,
  mapOf,
  type Performing,
  rootMeanSquare,
  textOf,
  trainerOf,
  turn,
} from "./performing.ts";

export async function trainStandard(work: StandardWork, performing: Performing): Promise<Made> {
  const { recipe, arm, seed, steps, sizes } = work;
  const config = modelConfig(recipe.model, work.vocabulary);
  const trainer = trainerOf(config);
  try {
    loadParameters(trainer, firstParameters(config, `${seed}/body`));
    const { forgetEvery } = work;
    await train(
      trainer,
      (await mixed(work.sources, performing)).map((one, i) => ({ ...one, size: sizes[i]! })),
      {
        steps,
        rows: recipe.batch,
        temperature: work.temperature,
        learningRate: recipe.learningRate,
        seed: `${seed}`,
        forgetting: forgetEvery === null ? null : { every: forgetEvery },
      },
      performing,
    );
    const about = { arm, seed, phase: "trained", step: steps };
    const rows = await evaluatedOn(work.evaluate, trainer, recipe.batch, about, performing);
    const parameters = await readParameters(trainer);
    const size = { ...about, source: null, measure: "root mean square of the body" };
    return {
      rows: [...rows, { ...size, value: rootMeanSquare(parameters.theta) }],
      provenance: await keepBody(performing, mapOf(parameters)),
    };
  } finally {
    trainer.dispose();
  }
}

export async function trainOn(work: AdaptedWork, performing: Performing): Promise<Made> {
  const { recipe, arm, seed, phase, steps, from } = work;
  const config = modelConfig(recipe.model, work.vocabulary);
  const trainer = trainerOf(config);
  try {
    loadParameters(trainer, await beginning(work, config, performing));
    const { peak } = recipe.learningRate;
    const settings = {
      steps,
      rows: recipe.batch,
      temperature: 0, // DEPT: uniform
      learningRate: adaptingRate(peak, steps),
      seed: `${seed}/${phase}`,
      forgetting: null,
    };
    await train(trainer, await mixed(work.sources, performing), settings, performing);
    const about = { arm, seed, phase, step: steps };
    const rows = await evaluatedOn(work.evaluate, trainer, recipe.batch, about, performing);
    return { rows, provenance: { from: from ?? "random" } };
  } finally {
    trainer.dispose();
  }
}

/** The body that goes on, with embeddings of its own or random ones; the same random ones for every arm of a seed. */
export async function beginning(
  { from, seed, ...work }: Pick<AdaptedWork, "from" | "seed"> & Partial<Pick<AdaptedWork, "embeddings">>,
  config: ModelConfig,
  performing: Performing,
) {
  const body =
    from === null ? randomBody(config, `${seed}`) : await keptBody(performing, from, config, "theta");
  const own = (group: "phi" | "psi") => keptBody(performing, from!, config, group);
  const embeddings = work.embeddings === "trained" ? { phi: await own("phi"), psi: await own("psi") } : null;
  return beginningOf(config, body, embeddings, `${seed}/adapted`);
}

async function train(
  trainer: Trainer,
  sources: readonly MixtureSource[],
  settings: StandardSettings,
  { passed }: Performing,
): Promise<void> {
  for await (const { tokens } of standard(trainer, sources, settings)) {
    passed(tokens);
    await turn();
  }
}

export async function mixed(sources: readonly TextRef[], performing: Performing): Promise<MixtureSource[]> {
  const all: MixtureSource[] = [];
  for (const ref of sources) {
    const { train } = await textOf(performing, ref);
    all.push({ id: ref.source, shard: train, size: shardBytes(train) });
  }
  return all;
}
