// Steps of one trainer, one after another: each step's batch and rate are asked for when it is due.

import type { Batch } from "@homebody/text";
import type { Rates, Trainer } from "@homebody/train";

/** Of an AbortSignal. */
export interface Cancel {
  throwIfAborted(): void;
}

export interface Steps {
  /** The first step, counted from 0. */
  readonly from: number;
  /** The one after the last. */
  readonly to: number;
  batchOf(step: number): Batch;
  ratesOf(step: number): Rates;
  /** Whether nothing may be under way when this step begins: somebody reads, or changes, what the trainer has. */
  pauseBefore(step: number): boolean;
}

export interface StepMade {
  /** Steps that were made, those before `from` included. */
  readonly step: number;
  /** In nats a token. */
  readonly loss: number;
  readonly tokens: number;
}

/**
 * Yields after each step. It gives way only where it yields. Throws an AbortError between steps when `cancel` says so.
 * Where the device goes on by itself, the next step is on its way while one's numbers come back.
 */
export async function* trainSteps(
  trainer: Pick<Trainer, "step" | "overlaps">,
  { from, to, batchOf, ratesOf, pauseBefore }: Steps,
  cancel?: Cancel,
): AsyncGenerator<StepMade, void> {
  const start = (step: number) => trainer.step(batchOf(step), ratesOf(step));
  let flying: ReturnType<typeof start> | undefined;
  try {
    for (let step = from; step < to; step++) {
      cancel?.throwIfAborted();
      const landing = flying ?? start(step);
      const next = step + 1;
      flying = trainer.overlaps && next < to && !pauseBefore(next) ? start(next) : undefined;
      flying?.catch(() => {}); // it is waited for in its turn
      const { loss, tokens } = await landing;
      yield { step: next, loss, tokens };
    }
  } finally {
    await flying?.catch(() => {}); // nothing moves parameters any more
  }
}
