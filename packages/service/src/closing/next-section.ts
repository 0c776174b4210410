// What a section becomes by the mean of a round's deltas: its next file, what the coordinator keeps of it until the next round, and
// the outer step's bytes where the run sends these [C77].

import { keepRows, type Mean, outerOptimiser, outerStep, rowsOf } from "@homebody/aggregate";
import {
  encodeSafetensors,
  type NamedTensors,
  namedTensors,
  type Sha256,
  type TensorLayout,
  tensorLayout,
} from "@homebody/base";
import type { Aggregation } from "@homebody/coordinator";
import { decodeSection, encodeSection, encodeStep, moved, type Section, withStep } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { existing } from "../existing.ts";
import { fileOf, readOuter } from "./section-files.ts";

export interface NextSection {
  /** As it is in the next body. */
  readonly file: Uint8Array;
  /** What the outer optimiser keeps, and what its step's bytes leave out; null where there is nothing to keep. */
  readonly outer: Uint8Array | null;
  readonly step: { readonly bytes: Uint8Array; readonly from: Sha256 } | null;
}

export async function nextSection(
  section: Section,
  mean: Mean,
  work: Pick<Aggregation, "round" | "sections" | "outer">,
  { manifest, blobs }: { readonly manifest: RunManifest; readonly blobs: Pick<Blobs, "get"> },
): Promise<NextSection> {
  const optimiser = outerOptimiser(section.outer);
  const own = optimiser.stateLayout(section.layout);
  const whole = keptLayout(section, own);
  const kept = await readOuter(whole, section, work.outer, blobs);
  const { sha256: from } = fileOf(section, work.sections);
  const file = await existing(from, blobs);
  const before = decodeSection(section, file);
  const state = namedTensors(own, kept.data.subarray(0, own.size));
  const next = outerStep(optimiser, state, before, mean);
  if (!isRounded(section)) {
    const bytes = encodeSection(manifest, work.round, section, next.numbers);
    return { file: bytes, outer: own.size > 0 ? encodeSafetensors(next.state) : null, step: null };
  }
  const carried = namedTensors(section.layout, kept.data.subarray(own.size));
  const step = wanted(before, next.numbers, carried, mean);
  const bytes = section.down === "off" ? null : encodeStep(section, step);
  const after =
    bytes === null ? moved(section, file, step, work.round) : withStep(section, file, bytes, work.round);
  const residual = leftOut(step, before, decodeSection(section, after), { carried, mean });
  return {
    file: after,
    outer: encodeSafetensors(together(whole, next.state, residual)),
    step: bytes === null ? null : { bytes, from },
  };
}

/** Whether something of a step is left out: by its own bits, or by those of the body. */
const isRounded = ({ down, body }: Section) => down !== "off" || body === "fp16";

/** What the optimiser keeps (`own`), then where something is left out of steps the residual: as `residual/<tensor>`. */
function keptLayout(section: Section, own: TensorLayout): TensorLayout {
  if (!isRounded(section)) return own;
  const residual = section.layout.slots.map(({ name, shape }) => ({ name: `residual/${name}`, shape }));
  return tensorLayout([...own.slots, ...residual]);
}

/** The step, and what those before it left out; nothing in rows that nobody holds, which stay as they are [C10]. */
function wanted(before: NamedTensors, next: NamedTensors, carried: NamedTensors, mean: Mean): NamedTensors {
  const { layout } = before;
  const step = namedTensors(layout);
  for (let i = 0; i < layout.size; i++)
    step.data[i] = Math.fround(next.data[i]! - before.data[i]!) + carried.data[i]!;
  if (mean.held !== null) keepRows(namedTensors(layout), step, mean.held, rowsOf(layout));
  return step;
}

/** How much further the section should have gone, its own rounding included; in rows that nobody holds what was carried [C78]. */
function leftOut(
  step: NamedTensors,
  before: NamedTensors,
  after: NamedTensors,
  { carried, mean }: { readonly carried: NamedTensors; readonly mean: Mean },
): NamedTensors {
  const { layout } = step;
  const residual = namedTensors(layout);
  for (let i = 0; i < layout.size; i++)
    residual.data[i] = step.data[i]! - Math.fround(after.data[i]! - before.data[i]!);
  if (mean.held !== null) keepRows(carried, residual, mean.held, rowsOf(layout));
  return residual;
}

function together(layout: TensorLayout, state: NamedTensors, residual: NamedTensors): NamedTensors {
  const all = namedTensors(layout);
  all.data.set(state.data);
  all.data.set(residual.data, state.data.length);
  return all;
}
