// What held-out rows cost the model that is on the device.

import { type HeldOutOptions, heldOutBatches, type Shard } from "@homebody/text";
import type { Clock, DeviceTrainer } from "./ports.ts";
import { rest, type Work } from "./work.ts";

export interface HeldOutScore {
  /** The sum of -ln p. */
  readonly nats: number;
  readonly tokens: number;
  /** UTF-8 bytes of the text predicted. */
  readonly bytes: number;
}

export interface ScoringInputs {
  readonly trainer: Pick<DeviceTrainer, "evaluate">;
  readonly clock: Clock;
  readonly heldOut: Shard;
  readonly options: HeldOutOptions;
  /** Hears of each batch, and of how many there are. */
  readonly progress: (done: number, of: number) => void;
}

export async function scoreHeldOut(
  { trainer, clock, heldOut, options, progress }: ScoringInputs,
  work: Work,
): Promise<HeldOutScore> {
  const { batch, sampleRows } = options;
  const rows = sampleRows === "all" ? heldOut.rows : Math.min(sampleRows, heldOut.rows);
  let [nats, tokens, bytes, done] = [0, 0, 0, 0];
  for (const one of heldOutBatches(heldOut, options)) {
    work.signal.throwIfAborted();
    const began = clock.elapsed();
    const scored = await trainer.evaluate(one);
    nats += scored.nats;
    tokens += scored.tokens;
    bytes += one.bytes;
    done += 1;
    progress(done, Math.ceil(rows / batch));
    await rest(clock, clock.elapsed() - began, work);
  }
  return { nats, tokens, bytes };
}
