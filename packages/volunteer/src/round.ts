// The local steps of one round: each step's batch and learning rate, rest between steps, and what was reached kept often
// enough that a reload is cheap.

import type { Millis } from "@homebody/base";
import { learningRate } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import type { Batch } from "@homebody/text";
import type { TrainOrder } from "./ahead.ts";
import { stepsUntil, usualStepMs } from "./pace.ts";
import type { Clock, DeviceTrainer } from "./ports.ts";
import type { Done } from "./stored-state.ts";
import { rest, type Work } from "./work.ts";

export interface RoundInputs {
  readonly order: TrainOrder;
  readonly training: Pick<RunManifest["training"], "learningRate" | "frozenBody" | "timeBox">;
  readonly trainer: DeviceTrainer;
  readonly clock: Clock;
  /** Of the round, from 0. */
  readonly batchOf: (step: number) => Batch;
  /** What was reached before. */
  readonly from: Done;
  readonly snapshotMs: number;
  readonly saveSnapshot: (done: Done) => Promise<void>;
  /** One user of the engine at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

/** Throws an AbortError when the signal aborts, after what was reached has been kept. */
export async function trainRound(inputs: RoundInputs, work: Work): Promise<Done> {
  const { order, training, trainer, clock, exclusive, saveSnapshot } = inputs;
  let done = inputs.from;
  let savedAt = clock.elapsed();
  let stepMs = 0;
  let endedAt = clock.elapsed();
  /** A step that was started, whose numbers are not there yet. */
  let flying: Promise<{ readonly loss: number; readonly tokens: number }> | undefined;

  /** [V61] As far as it gets in the time that is left, of the steps that a round has at most. */
  function budget(): number {
    const { timeBox } = training;
    const ends = work.boxEnds();
    if (timeBox === "off" || ends === null) return order.localSteps;
    const fit = done.steps + stepsUntil(ends, clock.now(), usualStepMs(work.pace(), work.duty()));
    return Math.min(order.localSteps, Math.max(timeBox.leastSteps, fit));
  }

  function start(step: number): void {
    const batch = inputs.batchOf(step);
    const rate = learningRate(training.learningRate, order.stepsBefore + step, order.totalSteps);
    // A control for experiments: the body stands still, and words alone learn.
    const rates = training.frozenBody ? { theta: null, phi: rate, psi: rate } : rate;
    flying = exclusive(async () => ({ result: trainer.step(batch, rates) })).then(({ result }) => result);
    flying.catch(() => {}); // it is waited for below
  }

  async function land(): Promise<void> {
    if (flying === undefined) return;
    const landing = flying;
    flying = undefined;
    const { loss, tokens } = await landing;
    stepMs = clock.elapsed() - endedAt;
    endedAt = clock.elapsed();
    done = { steps: done.steps + 1, tokens: done.tokens + tokens, nats: done.nats + loss * tokens };
    report();
    work.stepped({ step: done.steps, loss, tokens, ms: stepMs });
  }

  function report(): void {
    work.report({ kind: "train", done: done.steps, of: Math.max(budget(), done.steps), unit: "steps" });
  }

  report();
  try {
    while (done.steps < budget() && !(done.steps > 0 && isLate(clock.now(), work.deadline(), stepMs))) {
      if (work.signal.aborted) {
        await land();
        if (done.steps > 0) await exclusive(() => saveSnapshot(done));
        work.signal.throwIfAborted();
      }
      if (flying === undefined) start(done.steps);
      // At full speed the next step is on its way while this one's numbers come back.
      const landing = land();
      if (trainer.overlaps && work.duty() >= 1 && done.steps + 1 < budget()) start(done.steps + 1);
      await landing;
      if (clock.elapsed() - savedAt >= inputs.snapshotMs) {
        await land();
        await exclusive(() => saveSnapshot(done));
        savedAt = clock.elapsed();
      }
      if (flying === undefined) {
        await rest(clock, stepMs, work);
        endedAt = clock.elapsed();
      }
    }
    await land();
    return done;
  } catch (error) {
    await Promise.allSettled([flying]); // nothing of this round moves parameters any more
    throw error;
  }
}

/** [V15] Time to stop, so that there is time left to send: a tenth of a minute, or what four steps take. */
export function isLate(now: Millis, deadline: Millis | null, stepMs: number): boolean {
  return deadline !== null && now + Math.max(6000, 4 * stepMs) > deadline;
}

/** [V7] At most half a megabyte a second is written, but twice a minute whatever the size. */
export function snapshotPeriodMs(sizeBytes: number): number {
  return Math.min(30_000, Math.max(500, sizeBytes / 500));
}
