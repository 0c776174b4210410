// What models give to a text that is known.

import type { ByteModel } from "./byte-model.ts";
import { endOfText } from "./byte-model.ts";
import { firstWeights, type MixtureRule, mixed, requireRule, weightsAfter } from "./weights.ts";

/** ln p of each byte after those before it, and of the end of the document. `breathe` is called before each byte. */
export async function logProbabilities(
  model: ByteModel,
  text: string,
  breathe: () => Promise<void> = async () => {},
): Promise<Float64Array> {
  const bytes = new TextEncoder().encode(text);
  const found = new Float64Array(bytes.length + 1);
  let state = model.start();
  for (const [i, byte] of bytes.entries()) {
    await breathe();
    found[i] = await state.logProbability(byte);
    state = await state.after(byte);
  }
  found[bytes.length] = await state.logProbability(endOfText);
  return found;
}

/** What a mixture of models needs for a text, in nats, of what each gave to its bytes (logProbabilities). */
export function mixtureNats(models: readonly Float64Array[], rule: MixtureRule): number {
  requireRule(rule);
  let weights = firstWeights(models.length);
  let nats = 0;
  for (let at = 0; at < models[0]!.length; at++) {
    const given = models.map((one) => one[at]!);
    nats -= mixed(weights, given);
    weights = weightsAfter(weights, given, rule);
  }
  return nats;
}
