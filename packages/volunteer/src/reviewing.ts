// A peer's delta, measured at home: what held-out rows cost the body that it started from, without and with a share of it [V67].

import { type NamedTensors, namedTensors } from "@homebody/base";
import { type DecodedSection, decodeDelta } from "@homebody/codec";
import { type Exchange, formsOf } from "@homebody/dept";
import type { Group } from "@homebody/model/parameters";
import type { ReviewOrder, Verdict } from "@homebody/protocol";
import type { HeldOutOptions, Shard } from "@homebody/text";
import { NotFiniteError } from "@homebody/train";
import { fetchChecked } from "./fetch-checked.ts";
import type { Clock, DeviceTrainer, Net } from "./ports.ts";
import { scoreHeldOut } from "./scoring.ts";
import type { Work } from "./work.ts";

export interface ReviewInputs {
  readonly exchange: Exchange;
  readonly trainer: DeviceTrainer;
  readonly net: Pick<Net, "download">;
  readonly clock: Clock;
  /** Of the body that the delta started from, by section; not to be changed. */
  readonly numbers: readonly NamedTensors[];
  readonly heldOut: Shard;
  readonly options: HeldOutOptions;
  /** Bytes of a delta came, of this group. */
  readonly received?: ((group: Group, bytes: number) => void) | undefined;
  /** One user of the engine at a time, with this device's words on it. */
  readonly withWords: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A review that takes longer is given up: the round does not wait for it. */
const longestMs = 30_000;

/** Null where it takes too long. Throws where the delta cannot be had, or cannot be read. */
export async function reviewDelta(
  order: ReviewOrder,
  inputs: ReviewInputs,
  work: Work,
): Promise<Verdict | null> {
  work.signal.throwIfAborted();
  const own = new AbortController();
  const giveUp = () => own.abort(new DOMException("the review is given up", "AbortError"));
  work.signal.addEventListener("abort", giveUp);
  const cancel = inputs.clock.after(longestMs, giveUp);
  try {
    return await measured(order, inputs, { ...work, signal: own.signal });
  } catch (error) {
    if (own.signal.aborted && !work.signal.aborted) return null;
    throw error;
  } finally {
    cancel();
    work.signal.removeEventListener("abort", giveUp);
  }
}

async function measured(
  order: ReviewOrder,
  { exchange, trainer, net, clock, numbers, heldOut, options, received, withWords }: ReviewInputs,
  work: Work,
): Promise<Verdict> {
  const { sections } = exchange;
  const moved = decodeDelta(await fetched(order, net, work), formsOf(exchange));
  for (const [i, { sizeBytes }] of moved.entries()) received?.(sections[i]!.group, sizeBytes);

  async function scored(values: readonly NamedTensors[], before: number) {
    for (const [i, { group }] of sections.entries()) trainer.load(group, values[i]!);
    const progress = (done: number, of: number) =>
      work.report({ kind: "review", done: before * of + done, of: 2 * of, unit: "batches" });
    return scoreHeldOut({ trainer, clock, heldOut, options, progress }, work);
  }

  return withWords(async () => {
    const { nats: natsWithout, bytes } = await scored(numbers, 0);
    const natsWith = await scored(withShare(numbers, moved, order.share), 1).then(({ nats }) => nats, asBad);
    return { delta: order.delta, natsWithout, natsWith, bytes };
  });
}

/** As bad as can be, where no number is left that could be said. */
function asBad(error: unknown): number {
  if (error instanceof NotFiniteError) return Number.MAX_VALUE;
  throw error;
}

function fetched(
  order: ReviewOrder,
  net: Pick<Net, "download">,
  { report, signal }: Work,
): Promise<Uint8Array> {
  const { delta, sizeBytes } = order;
  const file = { sha256: delta, sizeBytes };
  const progress = (done: number) => report({ kind: "download-delta", done, of: sizeBytes, unit: "bytes" });
  return fetchChecked(net, `/deltas/${delta}`, file, "a peer's delta", progress, signal);
}

/** The body with so much of a delta. */
function withShare(
  body: readonly NamedTensors[],
  moved: readonly DecodedSection[],
  share: number,
): readonly NamedTensors[] {
  return body.map(({ layout, data }, s) => {
    const delta = moved[s]!.numbers.data;
    return namedTensors(
      layout,
      data.map((x, i) => x + share * delta[i]!),
    );
  });
}
