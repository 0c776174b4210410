// How far training can move each tensor of a section in a round: a delta beyond it is refused [P10].
//
// It follows from what a step of the run's optimiser can do at most, whatever its gradients, at the learning rates of just the
// steps that the delta claims. So what it may hold shrinks with the schedule.

import type { TensorSlot } from "@homebody/base";
import { learningRate, type Section } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";

/** The steps of a delta, and of its round as the announcement has them. */
export interface RoundSteps {
  /** As the delta claims, at most `localSteps`. */
  readonly steps: number;
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

/** Its learning rate is the one that the run has at this step. */
interface RunStep extends Pick<Step, "move"> {
  readonly at: number;
}

/** For what the kernels round on their way, and the codec: half precision is within 2^-11, and fewer bits within 2^-8 [W8]. */
const slack = 1.01;
/** Each step rounds a parameter twice, as float32. */
const rounding = 2 ** -23;
/** The largest singular value of Muon's step: the largest value of 3.4445 x - 4.775 x^3 + 2.0315 x^5 from 0 to 1.2024. */
const largestSingular = 1.2024;
/** Of Muon's root mean square, as AdamW's (Liu et al. 2025, section 2.2). */
const adamwLike = 0.2;

/** That a delta may hold what deltas before left out, too [P56]. */
export interface Carrying {
  /** What is left of it a round later. */
  readonly decay: number;
  /** The largest `totalSteps` that a round ever had: learning rates were no higher than by that. */
  readonly longestSchedule: number;
}

/** Of a section of the round's deltas. */
export function reachOf(
  training: Training,
  section: Section,
  round: RoundSteps,
  carrying: Carrying | null = null,
): Reach {
  const [fit, steps] = [fitStepsOf(training, section), stepsOf(training, section, round)];
  const rateAt = (step: number) => learningRate(training.learningRate, step, round.totalSteps);
  const own = reachIn(training, section, sumsOf([...fit, ...atRates(steps, rateAt)]));
  if (carrying === null) return own;
  const longest = stepsOf(training, section, { ...round, steps: round.localSteps });
  const usual = { fit: sumsOf(fit), unit: sumsOf(atRates(longest, () => 1)) };
  const before = roundsBefore(training, section, round, { ...carrying, ...usual });
  return (tensor, largestBefore) => {
    let { largest, rootMeanSquare } = own(tensor, largestBefore);
    for (const { weight, reach } of before) {
      const one = reach(tensor, largestBefore);
      largest += weight * one.largest;
      rootMeanSquare += weight * one.rootMeanSquare;
    }
    return { largest, rootMeanSquare };
  };
}

/**
 * [C83] Of a delta that starts from the body before. Between its start and the round's body lie two outer steps and two deltas of its
 * sender at most, none longer than what momentum makes of a delta: by so much may the largest number before be larger.
 */
export function reachOfStale(reach: Reach, { outer }: Pick<Section, "outer">): Reach {
  const longest = outer.kind === "nesterov" ? Math.max(1, outer.lr / (1 - outer.momentum)) : 1;
  return (tensor, largestBefore) =>
    reach(tensor, largestBefore + 4 * longest * reach(tensor, largestBefore).largest);
}

/** Of a residual beside what was encoded [W19]. */
const residualGrowth = 1 + 2 ** -8;
/** Of all that is carried: what is lighter in all does not count. */
const negligible = 1e-6;

/**
 * How far each round before may have gone, and what is left of it, as if this volunteer had taken part in all of them. The
 * largest numbers of a body are taken to have been what they are now: weight decay, to which alone they matter, moves little.
 * `fit` and `unit`: of the words' first fit, and of a round's steps at a learning rate of 1.
 */
function roundsBefore(
  training: Training,
  section: Section,
  round: RoundSteps,
  { decay, longestSchedule, fit, unit }: Carrying & { readonly fit: Sums; readonly unit: Sums },
): readonly { readonly weight: number; readonly reach: Reach }[] {
  const { localSteps, stepsBefore } = round;
  // Of a round with a time box: how many steps of the run it was is not known here.
  const fewest = training.timeBox === "off" ? localSteps : 1;
  const kept = residualGrowth * decay;
  const found: { readonly weight: number; readonly reach: Reach }[] = [];
  let weight = kept;
  for (let ago = 1; ago * fewest <= stepsBefore; ago++) {
    if (weight < negligible * (1 - kept)) break;
    const first = Math.max(0, stepsBefore - ago * localSteps);
    const last = stepsBefore - ago * fewest + localSteps - 1;
    // Rates rise during the warm-up and fall from then on: the highest of a round's is the one next to its end.
    const highest = Math.min(Math.max(training.learningRate.warmupSteps, first), last);
    const rate = learningRate(training.learningRate, highest, longestSchedule);
    found.push({ weight, reach: reachIn(training, section, added(fit, unit, rate)) });
    weight *= kept;
  }
  return found;
}

/** What the steps of a round add up to. */
interface Sums {
  readonly rates: number;
  /** Of AdamW: how far they move a number at most. */
  readonly byAdamW: number;
  readonly steps: number;
}

function sumsOf(steps: readonly Step[]): Sums {
  return {
    rates: steps.reduce((sum, { rate }) => sum + rate, 0),
    byAdamW: steps.reduce((sum, { rate, move }) => sum + rate * move, 0),
    steps: steps.length,
  };
}

/** Of one, and `factor` times another's moves. */
function added(one: Sums, other: Sums, factor: number): Sums {
  return {
    rates: one.rates + factor * other.rates,
    byAdamW: one.byAdamW + factor * other.byAdamW,
    steps: one.steps + other.steps,
  };
}

function reachIn(training: Training, { group }: Section, { rates, byAdamW, steps }: Sums): Reach {
  return ({ shape }, largestBefore) => {
    const isMatrix = shape.length === 2;
    const isMuons = isMatrix && group === "theta" && training.optimiser.kind === "muon";
    // A half-orthogonal matrix has no number above its largest singular value, and a norm of at most sqrt(min(M, N)) of it.
    const byMuon = rates * adamwLike * largestSingular;
    const largest = isMuons ? byMuon * Math.sqrt(Math.max(...shape)) : byAdamW;
    const rootMeanSquare = isMuons ? byMuon : byAdamW;
    const decay = isMatrix ? rates * training.weightDecay : 0;
    const beside = (decay + steps * rounding) * (largestBefore + largest);
    return { largest: slack * (largest + beside), rootMeanSquare: slack * (rootMeanSquare + beside) };
  };
}

/** Steps that move a section in a round; none where it stands still. */
function stepsOf(
  training: Training,
  { group }: Section,
  { steps, localSteps, stepsBefore }: RoundSteps,
): readonly RunStep[] {
  if (group === "theta" && training.frozenBody) return [];
  const refits = group === "theta" ? 0 : training.refitSteps; // [V20]
  // With a time box a device may have made as many in each step of the run.
  const everBefore = training.timeBox === "off" ? stepsBefore : stepsBefore * localSteps;
  const moves = largestMoves(training, Math.max(refits, steps), everBefore + refits + steps);
  return [
    ...count(refits, (i) => ({ at: stepsBefore, move: moves(i) })),
    ...count(steps, (i) => ({ at: stepsBefore + i, move: moves(i) })),
  ];
}

const atRates = (steps: readonly RunStep[], rateAt: (step: number) => number): readonly Step[] =>
  steps.map(({ at, move }) => ({ rate: rateAt(at), move }));

/** [V20] Fresh words of a source are fitted to the body before their first round: in its delta they have moved by that, too. */
function fitStepsOf(training: Training, { group, source }: Section): readonly Step[] {
  const { fitSteps } = training;
  if (group === "theta" || source === null) return [];
  const fit = { ...training.learningRate, warmupSteps: Math.ceil(fitSteps / 10) };
  const moves = largestMoves(training, fitSteps, fitSteps);
  return count(fitSteps, (i) => ({ rate: learningRate(fit, i, fitSteps), move: moves(i) }));
}

const count = <T>(size: number, stepOf: (i: number) => T) =>
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
