// What the training of a round starts from: the round's body, or what stands for it as long as it is not there [V55].

import type { NamedTensors, Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { type Exchange, formsOf, shareOfStep, startAhead } from "@homebody/dept";
import type { BodyRef } from "@homebody/protocol";
import { EngineError } from "@homebody/train";
import type { Ahead, TrainOrder } from "./ahead.ts";
import type { Bodies } from "./bodies.ts";
import type { Pending } from "./session.ts";
import type { Work } from "./work.ts";

export interface Start {
  /** By section; not to be changed. */
  readonly numbers: readonly NamedTensors[];
  /** The body that its delta says it starts from; null: that of the round [P63]. */
  readonly body: number | null;
}

type TakingBody = Pick<Work, "report" | "signal">;

export interface Starts {
  /** Throws an EngineError where it is to be made of what is not in memory. */
  of(order: TrainOrder, work: TakingBody): Promise<Start>;
  /** A delta was stored: what follows may start from it. `homeRound`: whose home tensors it began from. */
  made(pending: Pending, homeRound: number, bytes: Uint8Array): void;
}

export interface StartsInputs {
  readonly exchange: Exchange;
  readonly bodies: Bodies;
  /** Whether anything is ever trained ahead. */
  readonly isEager: boolean;
  /** Whether a body has this section as it was initialised, because nobody has trained it yet. */
  readonly isUntrained: (body: BodyRef, section: Exchange["sections"][number]) => boolean;
}

/** A delta of this device, as the coordinator reads it. */
interface OwnDelta {
  readonly round: number;
  readonly delta: Sha256;
  readonly homeRound: number;
  readonly numbers: readonly NamedTensors[];
}

export function createStarts({ exchange, bodies, isEager, isUntrained }: StartsInputs): Starts {
  let [own, ownBefore]: [OwnDelta | null, OwnDelta | null] = [null, null];

  async function ahead(
    { round, body, slots }: TrainOrder,
    { own: from, sources, isStep }: Ahead,
    work: TakingBody,
  ): Promise<Start> {
    // The round's body came before anything began.
    const next = bodies.ofNumber(round - 1);
    if (next !== null) return { numbers: next, body: null };
    const latest = await bodies.numbers(body, work);
    if (own?.delta !== from)
      throw new EngineError(`round ${round}: the delta that it is to go on from is not in memory any more`);
    const before = isStep ? bodies.ofNumber(body.number - 1) : null;
    // It counted where the next one began from its home tensors.
    const isIn = ownBefore?.round === body.number && own.homeRound === ownBefore.round;
    const numbers = exchange.sections.map((section, i) => {
      const [fresh, late] = [own!.numbers[i]!, isIn ? ownBefore!.numbers[i]! : null];
      // Words that others have not trained either begin from all that this device made of them.
      if (section.source !== null && isUntrained(body, section))
        return startAhead({ body: latest[i]!, before: null, own: fresh, ownBefore: null }, 1);
      const known = { body: latest[i]!, before: before?.[i] ?? null, own: fresh, ownBefore: late };
      return startAhead(known, shareOfStep(section, { slots, sources }));
    });
    return { numbers, body: body.number };
  }

  return {
    of: async (order, work) =>
      order.ahead === null
        ? { numbers: await bodies.numbers(order.body, work), body: null }
        : ahead(order, order.ahead, work),
    made: ({ round, delta }, homeRound, bytes) => {
      if (!isEager) return;
      const spare = ownBefore?.numbers.map(({ data }) => data); // nobody has it any more
      const numbers = decodeDelta(bytes, formsOf(exchange), spare).map((section) => section.numbers);
      [own, ownBefore] = [{ round, delta, homeRound, numbers }, own];
    },
  };
}
