// Closing a round: its accepted deltas become the next body, section by section.
//
// Deltas are taken from the blobs one at a time, in the order that the closed fact states, into float64 sums, and a slice of all of a
// group's where they are compared: memory is O(body), not O(volunteers). The same facts and blobs give the same bytes, so a coordinator that died half-way does it again
// and publishes the same body [C3]. Between deltas others have their turn.

import { normOf, type OuterStep, outerOptimiser, outerStep } from "@homebody/aggregate";
import { encodeSafetensors, type Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { Aggregation, Command } from "@homebody/coordinator";
import { encodeSection, exchangeOf, type Section } from "@homebody/dept";
import type { RunManifest, SectionFile, SectionName } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { ExchangeOfDevice } from "../exchanges.ts";
import type { Faults } from "../faults.ts";
import { clippedDeltas } from "./clipping.ts";
import { comparisons } from "./comparisons.ts";
import { type ClosingDelta, defaultKeptBytes, deltaReader } from "./deltas.ts";
import { type Means, meansOf } from "./means.ts";
import { asTheyAre, partsOf } from "./parts.ts";
import { readOuter, readSection } from "./section-files.ts";

export type Published = Omit<Extract<Command, { kind: "published" }>, "servedBytes">;

export interface AveragingInputs {
  /** As it is now: sources may have joined. */
  readonly manifest: RunManifest;
  readonly blobs: Blobs;
  readonly faults: Faults;
  readonly exchangeOfDevice: ExchangeOfDevice;
  readonly clock: Clock;
  /** Of decoded deltas, in memory at once. */
  readonly mostKeptBytes?: number;
}

/** Of a closing round: when it resolves, the new body is durable in the blobs. Whoever runs a service chooses where it runs. */
export type Averaging = (work: Aggregation, manifest: RunManifest) => Promise<Published>;

/** Averages a closing round, here. */
export async function average(work: Aggregation, inputs: AveragingInputs): Promise<Published> {
  const { manifest, blobs, faults, clock, exchangeOfDevice, mostKeptBytes = defaultKeptBytes } = inputs;
  const { sections } = exchangeOf(manifest);
  const deltas: ClosingDelta[] = [];
  for (const fact of work.deltas) deltas.push({ fact, exchange: await exchangeOfDevice(fact) });
  const read = { reader: deltaReader(blobs, mostKeptBytes), clock };
  const counting = { clock, ...(await clippedDeltas(deltas, manifest.clipping, read)) };
  const parts = partsOf(deltas, { manifest, round: work.round, ...counting, mostKeptBytes });
  const means = await meansOf(parts, sections, manifest.weighting, clock);
  const areAsTheyAre = parts.length === deltas.length; // a robust average makes one part of several
  const weighed = areAsTheyAre
    ? means
    : await meansOf(asTheyAre(deltas, counting.reader), sections, manifest.weighting, clock);
  const cosines = await comparisons(deltas, { means, weighed }, counting);
  const steps = await stepsOf(work, sections, means, blobs);
  await faults("close:after-aggregate");
  const body: SectionFile[] = [];
  const outer: SectionFile[] = [];
  for (const section of sections) {
    const { name } = section;
    const step = steps.get(name);
    if (step === undefined) {
      // A section that nobody exchanged in this round stays what it was.
      body.push(...work.sections.filter((file) => file.name === name));
      outer.push(...work.outer.filter((file) => file.name === name));
      continue;
    }
    const { numbers, state } = step;
    body.push({ name, ...(await put(encodeSection(manifest, work.round, section, numbers), blobs)) });
    if (state.layout.size > 0) outer.push({ name, ...(await put(encodeSafetensors(state), blobs)) });
  }
  await faults("publish:after-blob");
  const meanNorm = normOf([...means.values()].map(({ numbers }) => numbers));
  const { clipped } = counting;
  return { kind: "published", round: work.round, sections: body, outer, cosines, clipped, meanNorm };
}

/** The outer step of each section that has a mean. */
async function stepsOf(
  work: Aggregation,
  sections: readonly Section[],
  means: Means,
  blobs: Blobs,
): Promise<ReadonlyMap<SectionName, OuterStep>> {
  const steps = new Map<SectionName, OuterStep>();
  for (const section of sections) {
    const mean = means.get(section.name);
    if (mean === undefined) continue;
    const optimiser = outerOptimiser(section.outer);
    const before = await readSection(section, work.sections, blobs);
    const state = await readOuter(optimiser.stateLayout(section.layout), section, work.outer, blobs);
    steps.set(section.name, outerStep(optimiser, state, before, mean));
  }
  return steps;
}

async function put(bytes: Uint8Array, blobs: Blobs): Promise<{ sha256: Sha256; sizeBytes: number }> {
  return { sha256: await blobs.put(bytes), sizeBytes: bytes.length };
}
