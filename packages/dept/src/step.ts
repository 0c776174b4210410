// The outer step of a section on its way down [C77]. What travels is the step in a codec's few bits; the next section is the one
// before it with what these bytes decode to, so that whoever has the one and takes the other has the next, bit for bit.

import { decodeSafetensors, InputError, type NamedTensors, namedTensors } from "@homebody/base";
import { codecOf } from "@homebody/codec";
import type { Section } from "./exchange.ts";
import { decodeSection, sectionFile } from "./section-file.ts";

/** How the outer steps of a section are written; an InputError where the run's travel as whole bodies. */
function stepCodec({ name, down }: Pick<Section, "name" | "down">) {
  if (down === "off") throw new InputError(`section ${name}`, "a codec of its outer steps (down)", "off");
  return codecOf(down);
}

/** Throws a DeltaError for a number that is not finite. */
export function encodeStep(section: Pick<Section, "name" | "down">, step: NamedTensors): Uint8Array {
  return stepCodec(section).encode(step);
}

/**
 * The section's file after a step that travelled, as part of the body of this number. Throws an InputError or a DeltaError where
 * file or step are not of this section.
 */
export function withStep(
  section: Pick<Section, "name" | "layout" | "down" | "body">,
  file: Uint8Array,
  step: Uint8Array,
  body: number,
): Uint8Array {
  const { numbers, sizeBytes } = stepCodec(section).decode(step, section.layout);
  if (sizeBytes !== step.length)
    throw new InputError(`step of section ${section.name}`, `${sizeBytes} bytes`, `${step.length}`);
  return moved(section, file, numbers, body);
}

/**
 * The section's file after a step: in float32, one sum a number, and where the body's numbers are halves rounded to one. A number
 * whose step is zero stays as it is, bit for bit.
 */
export function moved(
  section: Pick<Section, "name" | "layout" | "body">,
  file: Uint8Array,
  step: NamedTensors,
  body: number,
): Uint8Array {
  const { metadata } = decodeSafetensors(file, `section ${section.name}`);
  const after = namedTensors(section.layout, decodeSection(section, file).data.slice());
  for (let i = 0; i < section.layout.size; i++) {
    const by = step.data[i]!;
    if (by !== 0) after.data[i]! += by;
  }
  return sectionFile(section, after, { ...metadata, body: String(body) });
}
