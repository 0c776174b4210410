// A model's loss on held-out text: the same rows each time, so that figures of one text compare.

import { bitsPerByte, type HeldOutOptions, heldOutBatches, type Score, type Shard } from "@homebody/text";
import type { Trainer } from "@homebody/train";

export async function evaluateHeldOut(
  trainer: Pick<Trainer, "evaluate">,
  heldOut: Shard,
  options: HeldOutOptions,
): Promise<Score> {
  let [nats, tokens, bytes] = [0, 0, 0];
  for (const batch of heldOutBatches(heldOut, options)) {
    const scored = await trainer.evaluate(batch);
    nats += scored.nats;
    tokens += scored.tokens;
    bytes += batch.bytes;
  }
  return { nats, tokens, bytes, bitsPerByte: bitsPerByte(nats, bytes) };
}
