// A section of a body as a file: safetensors, under the names that Hugging Face gives the tensors.

import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensors,
  halfFrom,
  halfValues,
  InputError,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  slotView,
} from "@homebody/base";
import type { ModelConfig } from "@homebody/model/config";
import { initialParameters } from "@homebody/model/parameters";
import type { RunManifest } from "@homebody/protocol";
import { isOneVocabulary, type Manifest, type Section } from "./exchange.ts";
import { putRows, type RowMap } from "./row-map.ts";

/** The numbers that a section has in the first body where the seed gives them: a function of the run's file alone. */
export function firstNumbers(
  { training, body }: RunManifest,
  { group, source, config }: Pick<Section, "group" | "source" | "config">,
): NamedTensors {
  const drawn = initialParameters(
    config,
    [group],
    source === null ? `${training.seed}/body` : wordsSeed(training.seed, source),
  );
  return inBody({ body }, drawn);
}

const largestHalf = 65_504;

/** The numbers as a body has them [C97]: where its numbers are halves, the nearest; one beyond the largest half is that one [C98]. */
export function inBody({ body }: Pick<Section, "body">, numbers: NamedTensors): NamedTensors {
  if (body === "fp32") return numbers;
  const numberOf = halfValues();
  const rounded = numbers.data.map(
    (x) => numberOf[halfFrom(Math.max(-largestHalf, Math.min(largestHalf, x)))]!,
  );
  return namedTensors(numbers.layout, rounded);
}

/** Whether a section's first numbers are those of the folder that the run starts from [X21]. */
export const isGiven = ({ start }: Manifest, { group, source }: Pick<Section, "group" | "source">) =>
  source === null && (start?.groups.includes(group) ?? false);

/** Whether a body is one that has learnt something, or body 0 as the seed gives it. */
export const isTrained = ({ start }: Manifest, { number }: { readonly number: number }) =>
  number > 0 || start !== undefined;

/**
 * What a source's first words follow from. Those that stay at home follow from a secret too, which never leaves their device:
 * whoever knows the run does not know them.
 */
export function wordsSeed(runSeed: number | string, source: string, secret?: string): string {
  return [runSeed, source, "words", ...(secret === undefined ? [] : [secret])].join("/");
}

/**
 * A token embedding over the whole vocabulary, of which a device has some rows: the others are as the seed draws them,
 * and have learnt nothing. `config` may have any vocabulary.
 */
export function wholeEmbedding(
  runSeed: number | string,
  config: ModelConfig,
  held: NamedTensors,
  rows: RowMap,
): NamedTensors {
  const whole = { ...config, vocab_size: rows.size };
  return putRows(initialParameters(whole, ["phi"], `${runSeed}/words`), held, rows);
}

/**
 * Equal numbers of an equal run and body have equal bytes. `format: pt` is what Hugging Face's loaders look for. Throws an
 * InputError for a number that a body of halves has no room for.
 */
export function encodeSection(
  manifest: RunManifest,
  body: number,
  section: Pick<Section, "config" | "source" | "body">,
  numbers: NamedTensors,
): Uint8Array {
  const { config, source } = section;
  if (section.body === "fp16") requireHalves(numbers);
  // Where the vocabulary is each source's own, it is no part of what all share.
  const { vocab_size, ...shared } = config;
  const isOfAll = source === null && !isOneVocabulary(manifest);
  return sectionFile(section, numbers, {
    format: "pt",
    run: manifest.run,
    run_name: manifest.name,
    body: String(body),
    config: JSON.stringify(isOfAll ? shared : { ...shared, vocab_size }),
  });
}

/** The one place that writes a section's numbers. */
export function sectionFile(
  section: Pick<Section, "body">,
  numbers: NamedTensors,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  return encodeSafetensors(inBody(section, numbers), metadata, section.body === "fp16" ? "F16" : "F32");
}

function requireHalves(numbers: NamedTensors): void {
  for (const slot of numbers.layout.slots)
    for (const x of slotView(numbers, slot))
      if (!(Math.abs(x) <= largestHalf))
        throw new InputError(
          slot.name,
          `numbers of at most ${largestHalf} (body: fp32 takes larger ones)`,
          `${x}`,
        );
}

/** The whole section. Throws an InputError unless the file has exactly its tensors. */
export function decodeSection(
  { name, layout }: Pick<Section, "name" | "layout">,
  bytes: Uint8Array,
): NamedTensors {
  const where = `section ${name}`;
  const numbers = float32Tensors(decodeSafetensors(bytes, where));
  requireSameLayout(numbers.layout, layout, where);
  return numbers;
}
