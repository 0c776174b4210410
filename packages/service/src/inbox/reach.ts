// How far training can move each tensor of a section in a round: a delta beyond it is refused [P10].
//
// It follows from what a step of the run's optimiser can do at most, whatever its gradients, at the learning rates of just this
// round. So what a delta may hold shrinks with the schedule.

import type { TensorSlot } from "@homebody/base";
import { learningRate, type Section } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";

/** The steps of a round, as its announcement has them. */
export interface RoundSteps {
  readonly localSteps: number;
  readonly stepsBefore: number;
  readonly totalSteps: number;
}

/** What a tensor of a delta may hold at most: its largest number, and the root mean square of its numbers. */
export interface TensorReach {
  readonly largest: number;
  readonly rootMeanSquare: number;
}

/** `largestBefore`: the largest number of the body's tensor. */
export type Reach = (tensor: Pick<TensorSlot, "shape">, largestBefore: number) => TensorReach;

type Training = RunManifest["training"];

interface Step {
  readonly rate: number;
  /** Of AdamW: the largest move in units of the rate. */
  readonly move: number;
}

/** For what the kernels round on their way, and the codec: half precision is within 2^-11, and fewer bits within 2^-8 [W8]. */
const slack = 1.01;
/** Each step rounds a parameter twice, as float32. */
const rounding = 2 ** -23;
/** The largest singular value of Muon's step: the largest value of 3.4445 x - 4.775 x^3 + 2.0315 x^5 from 0 to 1.2024. */
const largestSingular = 1.2024;
/** Of Muon's root mean square, as AdamW's (Liu et al. 2025, section 2.2). */
const adamwLike = 0.2;

/** Of a section of the round's deltas. */
export function reachOf(training: Training, section: Section, round: RoundSteps): Reach {
  const steps = stepsOf(training, section, round);
  const rates = steps.reduce((sum, { rate }) => sum + rate, 0);
  const byAdamW = steps.reduce((sum, { rate, move }) => sum + rate * move, 0);
  return ({ shape }, largestBefore) => {
    const isMatrix = shape.length === 2;
    const isMuons = isMatrix && section.group === "theta" && training.optimiser.kind === "muon";
    // A half-orthogonal matrix has no number above its largest singular value, and a norm of at most sqrt(min(M, N)) of it.
    const byMuon = rates * adamwLike * largestSingular;
    const largest = isMuons ? byMuon * Math.sqrt(Math.max(...shape)) : byAdamW;
    const rootMeanSquare = isMuons ? byMuon : byAdamW;
    const decay = isMatrix ? rates * training.weightDecay : 0;
    const beside = (decay + steps.length * rounding) * (largestBefore + largest);
    return { largest: slack * (largest + beside), rootMeanSquare: slack * (rootMeanSquare + beside) };
  };
}

/** All that move a section in a round; none where it stands still. */
function stepsOf(training: Training, { group, source }: Section, round: RoundSteps): readonly Step[] {
  const { localSteps, stepsBefore, totalSteps } = round;
  const rateAt = (step: number) => learningRate(training.learningRate, step, totalSteps);
  if (group === "theta" && training.frozenBody) return [];
  // [V20] Words that travel are fitted first: a source's fresh ones to the body, all of them again each round.
  const fit = { ...training.learningRate, warmupSteps: Math.ceil(training.fitSteps / 10) };
  const fits = group !== "theta" && source !== null ? training.fitSteps : 0;
  const refits = group === "theta" ? 0 : training.refitSteps;
  const moves = largestMoves(training, Math.max(fits, refits, localSteps), stepsBefore + refits + localSteps);
  return [
    ...count(fits, (i) => ({ rate: learningRate(fit, i, fits), move: moves(i) })),
    ...count(refits, (i) => ({ rate: rateAt(stepsBefore), move: moves(i) })),
    ...count(localSteps, (i) => ({ rate: rateAt(stepsBefore + i), move: moves(i) })),
  ];
}

const count = (size: number, stepOf: (i: number) => Step) =>
  Array.from({ length: size }, (_, i) => stepOf(i));

/**
 * By the step from 0, what AdamW moves a number at most, in units of the learning rate. Where moments are kept the optimiser
 * may have made any number of steps before, so all steps have the largest of all.
 */
function largestMoves(training: Training, steps: number, everSteps: number): (i: number) => number {
  if (training.moments === "afresh") {
    // A step whose numbers were not finite moved nothing, and was not counted.
    let most = 0;
    const moves = Array.from({ length: steps }, (_, i) => {
      most = Math.max(most, adamwMove(training.betas, i + 1));
      return most;
    });
    return (i) => moves[i]!;
  }
  let largest = 0;
  // What is left of the beginning is nothing by then.
  const settled = Math.ceil(40 / -Math.log(Math.max(...training.betas, Number.MIN_VALUE)));
  for (let t = 1; t <= everSteps; t++) {
    largest = Math.max(largest, adamwMove(training.betas, t));
    if (t >= settled && training.betas[0] ** 2 < training.betas[1]) break;
  }
  return () => largest;
}

/**
 * The largest |m'| / sqrt(v') of AdamW's t-th step, over all gradients. By Cauchy and Schwarz
 * |m| <= (1 - b1) sqrt(sum of (b1^2 / b2)^j over j < t) sqrt(v / (1 - b2)), and there are gradients for which it is equal; m' and v'
 * are m and v over 1 - b1^t and 1 - b2^t. Epsilon makes it smaller.
 */
export function adamwMove([beta1, beta2]: Training["betas"], t: number): number {
  if (beta2 === 0) return beta1 === 0 ? 1 : Number.POSITIVE_INFINITY; // v forgets what m still has
  const ratio = beta1 ** 2 / beta2;
  const sum = Math.abs(ratio - 1) < 1e-12 ? t : (1 - ratio ** t) / (1 - ratio);
  const first = (1 - beta1) / (1 - beta1 ** t);
  return first * Math.sqrt(((1 - beta2 ** t) / (1 - beta2)) * sum);
}
