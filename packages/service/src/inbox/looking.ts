// Whether what a sealed delta holds can count [P10].

import type { Sha256 } from "@homebody/base";
import type { Exchange } from "@homebody/dept";
import type { Refusal, RunManifest, SectionSize } from "@homebody/protocol";
import type { LargestNumbers } from "./body-numbers.ts";
import type { Contents, TensorContents } from "./contents.ts";
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

/** `contents`: by the forms of this exchange. */
export function lookInto(
  contents: Contents,
  exchange: Exchange,
  { manifest, round, carrying, body, isStale = false }: LookedBeside,
): Looked {
  if (contents.kind !== "numbers") return no(contents.kind);
  const { norm, numbers } = contents;
  if (norm === 0 && !manifest.training.frozenBody) return no("empty-delta"); // [P27]
  for (const [i, section] of exchange.sections.entries()) {
    const fromBody = reachOf(manifest.training, section, round, carrying);
    const reach = isStale ? reachOfStale(fromBody, section) : fromBody;
    const { tensors } = contents.sections[i]!;
    if (!isWithin(tensors, section.held, reach, body.get(section.name)!)) return no("too-far");
  }
  const sections = exchange.sections.map(({ name }, i) => ({
    ...{ name, sizeBytes: contents.sections[i]!.sizeBytes },
  }));
  return { ok: true, norm, sections, numbers };
}

/** Whether training can have moved each of these tensors so far. `before`: the largest number of each in the body. */
function isWithin(
  tensors: readonly TensorContents[],
  { slots }: Exchange["sections"][number]["held"],
  reach: Reach,
  before: ReadonlyMap<string, number>,
): boolean {
  return slots.every((slot, i) => {
    const [own, most] = [tensors[i]!, reach(slot, before.get(slot.name)!)];
    return own.largest <= most.largest && own.rootMeanSquare <= most.rootMeanSquare;
  });
}
