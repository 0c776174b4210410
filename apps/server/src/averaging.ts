// Closing a round: its accepted deltas become the next body, section by section.
//
// Deltas are streamed from the blobs one at a time, in the order that the closed fact states, into float64 sums: memory
// is O(body), not O(volunteers). The same facts and blobs give the same bytes, so a coordinator that died half-way does
// it again and publishes the same body [C3]. Between deltas the event loop gets its turn.

import { cosine, type Mean, normOf, outerOptimiser, outerStep, sectionMean } from "@homebody/aggregate";
import { encodeSafetensors, type NamedTensors, namedTensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { AcceptedDelta, Aggregation, Command } from "@homebody/coordinator";
import { type Exchange, encodeSection, exchangeOf, formsOf, heldOf, type Section } from "@homebody/dept";
import type { RunManifest, SectionFile } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { Faults } from "./faults.ts";
import { existing, readOuter, readSection } from "./sections.ts";

export type Published = Omit<Extract<Command, { kind: "published" }>, "servedBytes">;

export interface AveragingInputs {
  readonly manifest: RunManifest;
  readonly blobs: Blobs;
  readonly faults: Faults;
  /** The exchange of a device of this source that declared these rows. */
  readonly exchangeOfDevice: (device: Pick<AcceptedDelta, "source" | "rows">) => Promise<Exchange>;
  /** Lets others work for a moment. */
  readonly turn: () => Promise<unknown>;
}

/** Averages a closing round; when it resolves, the new body is durable in the blobs. */
export async function average(work: Aggregation, inputs: AveragingInputs): Promise<Published> {
  const { manifest, blobs, faults } = inputs;
  const { sections } = exchangeOf(manifest);
  const means = await meansOf(work, sections, inputs);
  const cosines: { volunteer: AcceptedDelta["volunteer"]; cosine: number }[] = [];
  for (const delta of work.deltas) {
    const exchange = await inputs.exchangeOfDevice(delta);
    const numbers = await readDelta(delta, exchange, inputs);
    const mean = exchange.sections.map(
      (section, s) => heldOf(section, namedTensors(section.layout, means[s]!.numbers)).data,
    );
    cosines.push({ volunteer: delta.volunteer, cosine: cosine(dataOf(numbers), mean) });
    await inputs.turn();
  }
  const steps = [];
  for (const [s, section] of sections.entries()) {
    const optimiser = outerOptimiser(section.outer);
    const before = await readSection(section, work.body.sections, blobs);
    const state = await readOuter(optimiser.stateLayout(section.layout), section, work.outer, blobs);
    steps.push(outerStep(optimiser, state, before, means[s]!));
  }
  await faults("close:after-aggregate");
  const body: SectionFile[] = [];
  const outer: SectionFile[] = [];
  for (const [s, { name }] of sections.entries()) {
    const { numbers, state } = steps[s]!;
    body.push({ name, ...(await put(encodeSection(manifest, work.round, numbers), blobs)) });
    if (state.layout.size > 0) outer.push({ name, ...(await put(encodeSafetensors(state), blobs)) });
  }
  await faults("publish:after-blob");
  return {
    kind: "published",
    round: work.round,
    sections: body,
    outer,
    cosines,
    meanNorm: normOf(means.map(({ numbers }) => numbers)),
  };
}

/** The mean of the round's deltas, of each section. */
async function meansOf(
  work: Aggregation,
  sections: readonly Section[],
  inputs: AveragingInputs,
): Promise<readonly Mean[]> {
  const exchanges: Exchange[] = [];
  for (const delta of work.deltas) exchanges.push(await inputs.exchangeOfDevice(delta));
  const sums = sections.map(({ layout }, s) =>
    sectionMean(
      layout,
      work.deltas.map(({ source, tokens }, i) => ({
        source,
        tokens,
        rows: exchanges[i]!.sections[s]!.rows?.ids ?? null,
      })),
      inputs.manifest.weighting,
    ),
  );
  for (const [i, delta] of work.deltas.entries()) {
    const numbers = await readDelta(delta, exchanges[i]!, inputs);
    for (const [s, sum] of sums.entries()) sum.add(i, numbers[s]!.data);
    await inputs.turn();
  }
  return sums.map((sum) => sum.result());
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
