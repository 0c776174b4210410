// Models that jobs left, as models of bytes: those of a run with the words of each source, or one over the vocabulary that all share.

import type { Parameters } from "@homebody/experiment";
import { type ModelDial, modelConfig } from "@homebody/model";
import { createPredictor } from "@homebody/train";
import { type LoadedModel, type ModelToLoad, withLoaded } from "../../mixture/loaded.ts";
import { readTokenizer } from "../folder.ts";
import { globalName, ownName } from "../plan.ts";
import type { MixtureRef, PassagesWork } from "../work.ts";
import { keptBody, keptWords, type Performing } from "./performing.ts";

export async function withModels<T>(
  of: PassagesWork["of"],
  model: ModelDial,
  performing: Performing,
  work: (loaded: readonly LoadedModel[]) => Promise<T>,
): Promise<T> {
  const models = "job" in of ? [await oneModel(of, model, performing)] : await all(of, model, performing);
  return await withLoaded(models, createPredictor, work);
}

async function all(
  { from, sources, vocabulary }: MixtureRef,
  model: ModelDial,
  performing: Performing,
): Promise<readonly ModelToLoad[]> {
  const config = modelConfig(model, vocabulary);
  const theta = await keptBody(performing, from, config, "theta");
  const models: ModelToLoad[] = [];
  for (const name of sources) {
    const tokenizer = await readTokenizer(performing.folder, ownName(name));
    const parameters: Parameters = { theta, ...(await keptWords(performing, from, name, config)) };
    models.push({ name, config, parameters, tokenizer });
  }
  return models;
}

async function oneModel(
  { job, vocabulary }: { readonly job: string; readonly vocabulary: number },
  model: ModelDial,
  performing: Performing,
): Promise<ModelToLoad> {
  const config = modelConfig(model, vocabulary);
  const group = (name: "theta" | "phi" | "psi") => keptBody(performing, job, config, name);
  const parameters: Parameters = {
    theta: await group("theta"),
    phi: await group("phi"),
    psi: await group("psi"),
  };
  const tokenizer = await readTokenizer(performing.folder, globalName);
  return { name: job, config, parameters, tokenizer };
}
