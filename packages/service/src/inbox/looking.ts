// What a sealed delta holds, or why it cannot count [P10].

import { largestOf, normOf } from "@homebody/aggregate";
import { hasher, type NamedTensors, type Sha256, slotView } from "@homebody/base";
import { type DecodedSection, DeltaError, decodeDelta } from "@homebody/codec";
import { type Exchange, formsOf } from "@homebody/dept";
import type { Refusal, RunManifest, SectionSize } from "@homebody/protocol";
import type { LargestNumbers } from "./body-numbers.ts";
import { no } from "./no.ts";
import { type Carrying, type Reach, type RoundSteps, reachOf, reachOfStale } from "./reach.ts";

export type Looked =
  | {
      readonly ok: true;
      readonly norm: number;
      readonly sections: readonly SectionSize[];
      /** Hash of the numbers [C37]. */
      readonly numbers: Sha256;
    }
  | { readonly ok: false; readonly refusal: Refusal };

export interface LookedBeside {
  readonly manifest: RunManifest;
  readonly round: RoundSteps;
  /** Null where it can hold nothing of rounds before. */
  readonly carrying: Carrying | null;
  /** Of the round. */
  readonly body: LargestNumbers;
  /** It starts from the body before, and so from a replica that is a step of its sender's own away from it [C83]. */
  readonly isStale?: boolean;
}

export function lookInto(
  delta: Uint8Array,
  exchange: Exchange,
  { manifest, round, carrying, body, isStale = false }: LookedBeside,
): Looked {
  let decoded: readonly DecodedSection[];
  try {
    decoded = decodeDelta(delta, formsOf(exchange));
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return no(error.reason === "not-finite" ? "not-finite" : "wrong-shape");
  }
  const norm = normOf(decoded.map(({ numbers }) => numbers.data));
  if (!Number.isFinite(norm)) return no("not-finite");
  if (norm === 0 && !manifest.training.frozenBody) return no("empty-delta"); // [P27]
  for (const [i, section] of exchange.sections.entries()) {
    const fromBody = reachOf(manifest.training, section, round, carrying);
    const reach = isStale ? reachOfStale(fromBody, section) : fromBody;
    if (!isWithin(decoded[i]!.numbers, reach, body.get(section.name)!)) return no("too-far");
  }
  const sections = exchange.sections.map(({ name }, i) => ({ name, sizeBytes: decoded[i]!.sizeBytes }));
  return { ok: true, norm, sections, numbers: hashOfNumbers(decoded.map(({ numbers }) => numbers.data)) };
}

/** Numbers; a delta may be large, and is not copied whole. */
const hashedAtOnce = 65_536;

/** Equal for equal numbers, whatever their codec made of them; minus zero is zero. */
function hashOfNumbers(sections: readonly Float32Array[]): Sha256 {
  const hash = hasher();
  const size = sections.reduce((sum, { length }) => sum + length, 0);
  const some = new Float32Array(Math.min(size, hashedAtOnce));
  for (const numbers of sections)
    for (let start = 0; start < numbers.length; start += some.length) {
      const count = Math.min(some.length, numbers.length - start);
      for (let i = 0; i < count; i++) some[i] = numbers[start + i]! + 0;
      hash.add(new Uint8Array(some.buffer, 0, 4 * count));
    }
  return hash.done();
}

/** Whether training can have moved each of these tensors so far. `before`: the largest number of each in the body. */
function isWithin(delta: NamedTensors, reach: Reach, before: ReadonlyMap<string, number>): boolean {
  return delta.layout.slots.every((slot) => {
    const numbers = slotView(delta, slot);
    const most = reach(slot, before.get(slot.name)!);
    const rootMeanSquare = normOf([numbers]) / Math.sqrt(Math.max(1, numbers.length));
    return largestOf(numbers) <= most.largest && rootMeanSquare <= most.rootMeanSquare;
  });
}
