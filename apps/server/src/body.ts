// The body of a run as a file: which tensors, how they begin, and what the file says of itself.

import { encodeSafetensors, type TensorLayout } from "@homebody/base";
import type { ParameterCounts } from "@homebody/coordinator";
import { type ModelConfig, modelConfig } from "@homebody/model/config";
import { countParameters, groupLayout, initialParameters } from "@homebody/model/parameters";
import type { RunManifest } from "@homebody/protocol";

type Manifest = Omit<RunManifest, "run">;

/** The model as one source has it; the body is the same for all. */
export function configOf(manifest: Manifest, source = manifest.sources[0]!): ModelConfig {
  return modelConfig(manifest.model as Parameters<typeof modelConfig>[0], source.vocabulary);
}

export function bodyLayout(manifest: Manifest): TensorLayout {
  return groupLayout(configOf(manifest), "theta");
}

export function parameterCounts(manifest: Manifest): ParameterCounts {
  const config = configOf(manifest);
  const phi = Object.fromEntries(
    manifest.sources.map((source) => [source.id, countParameters(configOf(manifest, source), "phi")]),
  );
  return { theta: countParameters(config, "theta"), phi, psi: countParameters(config, "psi") };
}

/** Body 0: a function of the run's file alone. */
export function firstBody(manifest: RunManifest): Uint8Array {
  const tensors = initialParameters(configOf(manifest), ["theta"], `${manifest.training.seed}/body`);
  return encodeSafetensors(tensors, bodyMetadata(manifest, 0));
}

/** Strings, as safetensors wants them; `format: pt` is what Hugging Face's loaders look for. */
export function bodyMetadata(manifest: RunManifest, number: number): Record<string, string> {
  // The vocabulary is each source's own, and no part of a body.
  const { vocab_size: _, ...config } = configOf(manifest);
  return {
    format: "pt",
    run: manifest.run,
    run_name: manifest.name,
    body: String(number),
    config: JSON.stringify(config),
  };
}

/**
 * The largest norm of a delta that is taken [P10]: twice what AdamW can move the body in a round. One step moves a
 * parameter by at most the learning rate times max(1, (1 - b1) / sqrt(1 - b2)) (Kingma and Ba, section 2.1), and
 * decay by the learning rate times weightDecay of its size.
 */
export function largestNorm(manifest: Manifest, parameters: number, bodyNorm: number): number {
  const { localSteps, learningRate, betas, weightDecay } = manifest.training;
  const step = Math.max(1, (1 - betas[0]) / Math.sqrt(1 - betas[1]));
  const reach = localSteps * learningRate.peak;
  return (
    2 * reach * (step * Math.sqrt(parameters) + weightDecay * (bodyNorm + reach * Math.sqrt(parameters)))
  );
}
