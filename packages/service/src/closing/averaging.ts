// Closing a round: its accepted deltas become the next body, section by section.
//
// Deltas are taken from the blobs one at a time, in the order that the closed fact states, into float64 sums; where those of a group
// are compared, a slice of all of them at a time. So memory is O(body), not O(volunteers). The same facts and blobs give the same
// bytes, so a coordinator that died half-way does it again and publishes the same body [C3]. Between deltas others have their turn.

import { normOf } from "@homebody/aggregate";
import { memory, type Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { Aggregation, Command } from "@homebody/coordinator";
import { exchangeOf, type Section } from "@homebody/dept";
import type { RunManifest, SectionFile, SectionName, StepFile } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { ExchangeOfDevice } from "../exchanges.ts";
import type { Faults } from "../faults.ts";
import { clippedDeltas } from "./clipping.ts";
import { comparisons } from "./comparisons.ts";
import { type ClosingDelta, defaultKeptBytes, deltaReader } from "./deltas.ts";
import { type Means, meansOf } from "./means.ts";
import { type NextSection, nextSection } from "./next-section.ts";
import { asTheyAre, partsOf } from "./parts.ts";

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
  const parts = partsOf(deltas, {
    manifest,
    round: work.round,
    ...counting,
    mostKeptBytes,
    place: memory((size) => new Float64Array(size)),
  });
  const means = await meansOf(parts, sections, manifest.weighting, clock);
  const areAsTheyAre = parts.length === deltas.length; // a robust average makes one part of several
  const weighed = areAsTheyAre
    ? means
    : await meansOf(asTheyAre(deltas, counting.reader), sections, manifest.weighting, clock);
  const cosines = await comparisons(deltas, { means, weighed }, counting);
  const made = await nextSections(work, sections, means, inputs);
  await faults("close:after-aggregate");
  const durable = await putAll(work, sections, made, blobs);
  await faults("publish:after-blob");
  const meanNorm = normOf([...means.values()].map(({ numbers }) => numbers));
  const { clipped } = counting;
  const steps = manifest.down === "off" ? {} : { steps: durable.steps };
  const { body, outer } = durable;
  return {
    kind: "published",
    ...{ round: work.round, sections: body, outer, ...steps },
    ...{ cosines, clipped, meanNorm },
  };
}

type Made = ReadonlyMap<SectionName, NextSection>;

/** Those that have a mean. */
async function nextSections(
  work: Aggregation,
  sections: readonly Section[],
  means: Means,
  inputs: Pick<AveragingInputs, "manifest" | "blobs">,
): Promise<Made> {
  const made = new Map<SectionName, NextSection>();
  for (const section of sections) {
    const mean = means.get(section.name);
    if (mean !== undefined) made.set(section.name, await nextSection(section, mean, work, inputs));
  }
  return made;
}

/** A section that nobody exchanged in this round stays what it was. */
async function putAll(work: Aggregation, sections: readonly Section[], made: Made, blobs: Blobs) {
  const body: SectionFile[] = [];
  const outer: SectionFile[] = [];
  const steps: StepFile[] = [];
  for (const { name } of sections) {
    const next = made.get(name);
    if (next === undefined) {
      body.push(...work.sections.filter((file) => file.name === name));
      outer.push(...work.outer.filter((file) => file.name === name));
      continue;
    }
    body.push({ name, ...(await put(next.file, blobs)) });
    if (next.outer !== null) outer.push({ name, ...(await put(next.outer, blobs)) });
    if (next.step !== null)
      steps.push({ name, ...(await put(next.step.bytes, blobs)), from: next.step.from });
  }
  return { body, outer, steps };
}

async function put(bytes: Uint8Array, blobs: Blobs): Promise<{ sha256: Sha256; sizeBytes: number }> {
  return { sha256: await blobs.put(bytes), sizeBytes: bytes.length };
}
