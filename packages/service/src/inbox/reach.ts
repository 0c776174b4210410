// How far training can move the sections of a body in a round: a delta beyond it is refused [P10].

import type { RunManifest } from "@homebody/protocol";

/**
 * The largest norm of a delta that is taken: twice what AdamW can move this many parameters in a round. One step moves a
 * parameter by at most the learning rate times max(1, (1 - b1) / sqrt(1 - b2)) (Kingma and Ba, section 2.1), and
 * decay by the learning rate times weightDecay of its size; a step of Muon moves less. Steps in which words fit the body
 * before they count are in a delta too, where words travel.
 */
export function largestNorm(
  { training }: Pick<RunManifest, "training">,
  parameters: number,
  bodyNorm: number,
): number {
  const { localSteps, fitSteps, refitSteps, learningRate, betas, weightDecay } = training;
  const step = Math.max(1, (1 - betas[0]) / Math.sqrt(1 - betas[1]));
  const reach = (localSteps + fitSteps + refitSteps) * learningRate.peak;
  return (
    2 * reach * (step * Math.sqrt(parameters) + weightDecay * (bodyNorm + reach * Math.sqrt(parameters)))
  );
}
