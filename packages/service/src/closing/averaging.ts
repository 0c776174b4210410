// Closing a round: its accepted deltas become the next body, section by section.
//
// Deltas are streamed from the blobs one at a time, in the order that the closed fact states, into float64 sums: memory
// is O(body), not O(volunteers). The same facts and blobs give the same bytes, so a coordinator that died half-way does
// it again and publishes the same body [C3]. Between deltas the event loop gets its turn.

import {
  cosine,
  type Holding,
  type Mean,
  normOf,
  type OuterStep,
  outerOptimiser,
  outerStep,
  type SectionMean,
  sectionMean,
} from "@homebody/aggregate";
import { encodeSafetensors, type NamedTensors, namedTensors, type Sha256 } from "@homebody/base";
import { type Breath, breath, type Clock } from "@homebody/clock";
import { decodeDelta } from "@homebody/codec";
import type { AcceptedDelta, Aggregation, Command } from "@homebody/coordinator";
import { type Exchange, encodeSection, exchangeOf, formsOf, heldOf, type Section } from "@homebody/dept";
import type { RunManifest, SectionFile, SectionName } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { Faults } from "../faults.ts";
import { existing, readOuter, readSection } from "./section-files.ts";

export type Published = Omit<Extract<Command, { kind: "published" }>, "servedBytes">;

export interface AveragingInputs {
  /** As it is now: sources may have joined. */
  readonly manifest: RunManifest;
  readonly blobs: Blobs;
  readonly faults: Faults;
  /** The exchange of a device of this source that declared these rows. */
  readonly exchangeOfDevice: (device: Pick<AcceptedDelta, "source" | "rows">) => Promise<Exchange>;
  readonly clock: Clock;
}

/** Averages a closing round; when it resolves, the new body is durable in the blobs. */
export async function average(work: Aggregation, inputs: AveragingInputs): Promise<Published> {
  const { manifest, blobs, faults } = inputs;
  const { sections } = exchangeOf(manifest);
  const pause = breath(inputs.clock);
  const means = await meansOf(work, sections, inputs, pause);
  const cosines: { volunteer: AcceptedDelta["volunteer"]; cosine: number }[] = [];
  for (const delta of work.deltas) {
    const exchange = await inputs.exchangeOfDevice(delta);
    const numbers = await readDelta(delta, exchange, inputs);
    const mean = exchange.sections.map(
      (section) => heldOf(section, namedTensors(section.layout, means.get(section.name)!.numbers)).data,
    );
    cosines.push({ volunteer: delta.volunteer, cosine: cosine(dataOf(numbers), mean) });
    if (pause.isDue()) await pause.take();
  }
  const steps = new Map<SectionName, OuterStep>();
  for (const section of sections) {
    const mean = means.get(section.name);
    if (mean === undefined) continue;
    const optimiser = outerOptimiser(section.outer);
    const before = await readSection(section, work.body.sections, blobs);
    const state = await readOuter(optimiser.stateLayout(section.layout), section, work.outer, blobs);
    steps.set(section.name, outerStep(optimiser, state, before, mean));
  }
  await faults("close:after-aggregate");
  const body: SectionFile[] = [];
  const outer: SectionFile[] = [];
  for (const section of sections) {
    const { name } = section;
    const step = steps.get(name);
    if (step === undefined) {
      // A section that nobody exchanged in this round stays what it was.
      body.push(...work.body.sections.filter((file) => file.name === name));
      outer.push(...work.outer.filter((file) => file.name === name));
      continue;
    }
    const { numbers, state } = step;
    body.push({ name, ...(await put(encodeSection(manifest, work.round, section, numbers), blobs)) });
    if (state.layout.size > 0) outer.push({ name, ...(await put(encodeSafetensors(state), blobs)) });
  }
  await faults("publish:after-blob");
  return {
    kind: "published",
    round: work.round,
    sections: body,
    outer,
    cosines,
    meanNorm: normOf([...means.values()].map(({ numbers }) => numbers)),
  };
}

/** The mean of the round's deltas, of each section that any of them has. */
async function meansOf(
  work: Aggregation,
  sections: readonly Section[],
  inputs: AveragingInputs,
  pause: Breath,
): Promise<ReadonlyMap<SectionName, Mean>> {
  const exchanges: Exchange[] = [];
  /** By section: those who have it, in the order of the deltas. */
  const holdings = new Map<SectionName, Holding[]>();
  for (const delta of work.deltas) {
    const { source, tokens } = delta;
    const exchange = await inputs.exchangeOfDevice(delta);
    exchanges.push(exchange);
    for (const { name, rows } of exchange.sections) {
      const own = holdings.get(name) ?? [];
      holdings.set(name, own);
      own.push({ source, tokens, rows: rows?.ids ?? null });
    }
  }
  const sums = new Map<SectionName, { readonly mean: SectionMean; added: number }>();
  for (const { name, layout } of sections) {
    const own = holdings.get(name);
    if (own === undefined) continue;
    sums.set(name, { mean: sectionMean(layout, own, inputs.manifest.weighting), added: 0 });
  }
  for (const [i, delta] of work.deltas.entries()) {
    const exchange = exchanges[i]!;
    const numbers = await readDelta(delta, exchange, inputs);
    for (const [s, { name }] of exchange.sections.entries()) {
      const sum = sums.get(name)!;
      sum.mean.add(sum.added++, numbers[s]!.data);
    }
    if (pause.isDue()) await pause.take();
  }
  return new Map([...sums].map(([name, { mean }]) => [name, mean.result()]));
}

async function readDelta(
  { delta }: AcceptedDelta,
  exchange: Exchange,
  { blobs }: AveragingInputs,
): Promise<readonly NamedTensors[]> {
  return decodeDelta(await existing(delta, blobs), formsOf(exchange)).map(({ numbers }) => numbers);
}

const dataOf = (sections: readonly NamedTensors[]) => sections.map(({ data }) => data);

async function put(bytes: Uint8Array, blobs: Blobs): Promise<{ sha256: Sha256; sizeBytes: number }> {
  return { sha256: await blobs.put(bytes), sizeBytes: bytes.length };
}
