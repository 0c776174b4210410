// One delta by the messages of the protocol: a small one in its opening, a larger one in chunks, as many on their way as the
// window lets.

import { chunkBytes, chunkWindow, events, type Reply, type UploadOpened } from "@homebody/protocol";
import type { BenchDelta } from "./deltas.ts";

export type Ask = (event: string, message: unknown) => Promise<unknown>;

/** Resolves with the milliseconds from its last message to the acknowledgement. `answered` looks at each answer. */
export async function deliver(
  ask: Ask,
  round: number,
  delta: BenchDelta,
  answered: (answer: unknown) => void,
): Promise<number> {
  const { sha256, sizeBytes, pieces } = delta;
  const claim = { round, delta: sha256, sizeBytes, steps: 6, tokens: 384, loss: 5 };
  const asked = async (event: string, message: unknown) => {
    const began = performance.now();
    const answer = await ask(event, message);
    answered(answer);
    return { answer, ms: performance.now() - began };
  };
  if (pieces.length === 1) return (await asked(events.open, { ...claim, bytes: pieces[0] })).ms;
  const { answer } = await asked(events.open, claim);
  const { upload = sha256.slice(0, 32) } = answer as Partial<UploadOpened>;
  const window: Promise<unknown>[] = [];
  for (const [i, bytes] of pieces.entries()) {
    if (window.length === chunkWindow) await window.shift();
    window.push(asked(events.chunk, { upload, offset: i * chunkBytes, bytes }));
  }
  await Promise.all(window);
  return (await asked(events.commit, { upload })).ms;
}

/** Throws where the coordinator refused what it was sent. */
export function requireOk(answer: unknown): void {
  const reply = answer as Reply;
  if (!reply.ok) throw new Error(`a delta: expected it to be taken, got ${reply.refusal}`);
}
