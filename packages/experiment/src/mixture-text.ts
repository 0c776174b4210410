// What a mixture of models writes: byte by byte, shown as whole characters.

import { random } from "@homebody/base";
import { endOfText, type MixtureState } from "@homebody/mixture";
import { type Choice, pick } from "@homebody/train";

export interface MixtureTextOptions extends Choice {
  /** At most; a document may end before. */
  readonly bytes: number;
  readonly seed: string;
}

export interface MixtureText {
  /** Whole characters alone; none within one. */
  readonly text: string;
  /** Of each model, before its last byte. */
  readonly weights: Float64Array;
}

/** What goes on from a prompt, a byte at a time, up to the end of the document. What is chosen, by temperature and the like, is bytes. */
export async function* mixtureText(
  start: MixtureState,
  prompt: string,
  { bytes, seed, ...choice }: MixtureTextOptions,
): AsyncGenerator<MixtureText> {
  let state = start;
  for (const byte of new TextEncoder().encode(prompt)) state = await state.after(byte);
  const dice = random(seed);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let made = 0; made < bytes; made++) {
    const next = await state.next();
    const possible = next.reduce((count, p) => count + (p > 0 ? 1 : 0), 0);
    const topK = Math.min(choice.topK, possible);
    const outcome = pick(Float32Array.from(next, Math.log), { ...choice, topK }, dice);
    if (outcome === endOfText) return;
    const text = decoder.decode(Uint8Array.of(outcome), { stream: true });
    yield { text, weights: state.weights };
    state = await state.after(outcome);
  }
}
