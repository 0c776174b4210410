// A trial from the text to the two curves, over the ports of a volunteer but for the disk: nothing is kept. Of the
// network only downloads of the body are used.

import { type Millis, millis } from "@homebody/base";
import {
  adaptingOptions,
  adaptingRate,
  compare,
  headStart,
  type Parameters as ModelParameters,
  trialBatch,
  trialBudget,
  trialLimitMs,
  trialVocabulary,
} from "@homebody/experiment";
import { modelConfig } from "@homebody/model";
import type { RunManifest } from "@homebody/protocol";
import { type PreparedText, preparing, shardBytes, splitHeldOut } from "@homebody/text";
import { requireMemory } from "@homebody/train";
import { breathing } from "../breathing.ts";
import type { Clock, Device, DeviceTrainer, Net } from "../ports.ts";
import { beginningsOf, fetchSections, takenSections } from "./beginnings.ts";
import { heldOutRowsOf, type MeasuredPlan, measuredPlan } from "./speed.ts";
import { readTrialText, type SizedFile } from "./text.ts";
import {
  type TrialArm,
  type TrialBody,
  type TrialCurves,
  type TrialMessage,
  type TrialProgress,
  type TrialStage,
  trialArms,
} from "./view.ts";

export interface TrialInputs {
  readonly manifest: RunManifest;
  readonly body: TrialBody;
  readonly files: readonly SizedFile[];
  readonly pasted: string;
  readonly net: Pick<Net, "download">;
  readonly device: Device;
  readonly clock: Clock;
  readonly report: (progress: TrialProgress) => void;
  readonly signal: AbortSignal;
}

const heldOutShare = 0.15;
/** With fewer there is no curve to look at, whatever the time. */
const fewestPoints = 5;

/** Says where the trial is; what is not said of a stage's own is as it was. */
type Tell = (stage: TrialStage, change?: Partial<Omit<TrialProgress, "stage">>) => void;

/** Throws what net, device and engine throw, and an AbortError when the signal says so. */
export async function runTrial(
  inputs: TrialInputs,
): Promise<Extract<TrialMessage, { kind: "refused" | "done" }>> {
  const { manifest, body, net, clock, signal } = inputs;
  const began = clock.elapsed();
  const tell = telling(inputs);
  const seed = `${manifest.training.seed}/trial`;

  tell("read");
  const read = await readTrialText(inputs.files, inputs.pasted);
  if ("problems" in read) return { kind: "refused", problems: read.problems };
  const { documents, usedBytes, givenBytes } = read;

  tell("engine");
  const { backend, adapter, threads, fallback, limits } = await inputs.device.start();
  const device = { backend, adapter, threads, fallback };

  const taken = takenSections(manifest, body);
  const of = taken.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  tell("body", { device, of });
  const numbers = await fetchSections(taken, net, (done) => tell("body", { done, of }), signal);

  tell("vocabulary");
  const most = Math.max(...manifest.sources.map(({ vocabulary }) => vocabulary));
  const { context } = manifest.model;
  const prepared = await breathing(
    preparing(splitHeldOut(documents, heldOutShare, seed), {
      vocabulary: trialVocabulary(usedBytes, most),
      context,
      seed,
    }),
    ({ phase, done, of }) => tell("vocabulary", phase === "merging" ? { done, of } : {}),
    inputs,
  );
  const vocabulary = prepared.tokenizer.vocabularySize;
  const text = { usedBytes, givenBytes, vocabulary, heldOutBytes: shardBytes(prepared.heldOut) };

  tell("speed", { text });
  const config = modelConfig(manifest.model as Parameters<typeof modelConfig>[0], vocabulary);
  const beginnings = beginningsOf(manifest, config, taken, numbers, seed);
  const batch = trialBatch({ batch: manifest.training.batch, context }, prepared.train.rows);
  const { bytes, ...how } = requireMemory(config, { rows: batch, context }, limits);
  const trainer = inputs.device.trainer({ ...adaptingOptions(config), ...how }, bytes);
  try {
    const budgetMs = () => trialBudget(clock.elapsed() - began);
    const bounds = { batch, budgetMs };
    const measured = await measuredPlan(trainer, prepared, beginnings.trained, bounds, clock);
    const leftMs = () => trialLimitMs - (clock.elapsed() - began);
    const curves = await learn(trainer, prepared, beginnings, { ...measured, seed, leftMs }, tell, inputs);
    const tookMs = clock.elapsed() - began;
    const start = headStart(curves.trained, curves.random);
    return { kind: "done", result: { ...start, device, text, plan: measured.plan, curves, tookMs } };
  } finally {
    trainer.dispose();
  }
}

interface Learning extends MeasuredPlan {
  readonly seed: string;
  /** Of the time that a trial may take. */
  readonly leftMs: () => number;
}

/**
 * Both arms, with the same batches, rates and held-out rows: to the end of the plan, or as far as the time goes, then both
 * to the same step.
 */
async function learn(
  trainer: DeviceTrainer,
  text: PreparedText,
  beginnings: Readonly<Record<TrialArm, ModelParameters>>,
  { plan, speed, batch, seed, leftMs }: Learning,
  tell: Tell,
  { manifest, clock, signal }: TrialInputs,
): Promise<TrialCurves> {
  const { steps, evaluateEvery, expectedMs } = plan;
  const settings = {
    steps,
    batch,
    learningRate: adaptingRate(manifest.training.learningRate.peak, steps),
    freezeBody: false,
    seed,
    evaluateEvery,
    heldOutRows: heldOutRowsOf(batch),
  };
  const of = trialArms.length * steps;
  const inTime = (ms: number): Millis => millis(clock.now() + ms);
  tell("learn", { plan, of, endsAt: inTime(expectedMs) });
  const began = clock.elapsed();
  let [done, gone, lastAt] = [0, 0, began];
  let curves: TrialCurves = { trained: [], random: [] };
  for await (const { arm, step, heldOut } of compare(trainer, text, beginnings, settings, signal)) {
    if (step > 0) {
      done += 1;
      gone += speed.stepMs;
    }
    if (heldOut === null) tell("learn", { done, of });
    else {
      gone += speed.turnMs;
      curves = { ...curves, [arm]: [...curves[arm], { step, bitsPerByte: heldOut.bitsPerByte }] };
      const pace = (clock.elapsed() - began) / gone; // as it went so far
      tell("learn", { done, of, curves, endsAt: inTime(pace * (expectedMs - gone)) });
    }
    await clock.sleep(0, signal); // whoever tells this thread to stop is heard
    if (heldOut === null || curves.random.length < curves.trained.length) continue;
    const lastMs = clock.elapsed() - lastAt; // of both arms, from point to point
    lastAt += lastMs;
    if (curves.random.length >= fewestPoints && leftMs() < lastMs) break;
  }
  return curves;
}

function telling({ report, clock }: Pick<TrialInputs, "report" | "clock">): Tell {
  let told: TrialProgress = {
    stage: "read",
    done: 0,
    of: 0,
    startedAt: clock.now(),
    endsAt: null,
    device: null,
    text: null,
    plan: null,
    curves: { trained: [], random: [] },
  };
  return (stage, change = {}) => {
    told = { ...told, done: 0, of: 0, ...change, stage };
    report(told);
  };
}
