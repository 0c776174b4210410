// The models of runs and folders as models of bytes, on the engine.

import { InputError } from "@homebody/base";
import { type CachedModel, cachedModel, loadParameters } from "@homebody/experiment";
import { type ByteModel, byteModelOf } from "@homebody/mixture";
import type { ModelConfig } from "@homebody/model";
import type { Tokenizer } from "@homebody/text";
import type { Predictor } from "@homebody/train";
import type { TrainedModel } from "../models/of-run.ts";
import { findModels } from "../models/trained.ts";

export type ModelToLoad = Pick<TrainedModel, "name" | "config" | "parameters" | "tokenizer">;

/** A trained model on the engine, as a model of bytes. */
export interface LoadedModel {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  readonly bytes: ByteModel;
  readonly cost: CachedModel["cost"];
}

/** What is to be mixed: one model at least, each with a vocabulary of which no row is left out. */
export async function modelsToMix(written: string): Promise<readonly TrainedModel[]> {
  const models = await findModels(written);
  const part = models.find(({ whole }) => whole !== null);
  if (part === undefined) return models;
  throw new InputError(
    "--mixture",
    "models whose vocabularies are whole (spec with vocabularies of devices or sources, or glob)",
    `${part.name} with ${part.config.vocab_size} rows of ${part.whole!.rows.size}`,
  );
}

/** All of them at once, for as long as the work takes. */
export async function withLoaded<T>(
  models: readonly ModelToLoad[],
  predictorOf: (config: ModelConfig) => Predictor,
  work: (loaded: readonly LoadedModel[]) => Promise<T>,
): Promise<T> {
  const predictors: Predictor[] = [];
  try {
    const loaded = models.map(({ name, config, parameters, tokenizer }): LoadedModel => {
      const predictor = predictorOf(config);
      predictors.push(predictor);
      loadParameters(predictor, parameters);
      const model = cachedModel(predictor.cache(), tokenizer);
      return { name, tokenizer, bytes: byteModelOf(model), cost: model.cost };
    });
    return await work(loaded);
  } finally {
    for (const predictor of predictors) predictor.dispose();
  }
}
