// A section of a body as a file: safetensors, under the names that Hugging Face gives the tensors.

import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensors,
  type NamedTensors,
  requireSameLayout,
} from "@homebody/base";
import { initialParameters } from "@homebody/model/parameters";
import type { RunManifest } from "@homebody/protocol";
import { type Exchange, exchangeOf, type Section } from "./exchange.ts";

/** The numbers that a section has in the first body: a function of the run's file alone. */
export function firstNumbers(manifest: RunManifest, { name }: Pick<Section, "name">): NamedTensors {
  return initialParameters(exchangeOf(manifest).config, [name], `${manifest.training.seed}/body`);
}

/** The numbers that a group which stays at home begins with: a function of the run's file and the source. */
export function firstAtHome(
  manifest: RunManifest,
  source: string,
  { config }: Exchange,
  group: Section["name"],
): NamedTensors {
  return initialParameters(config, [group], `${manifest.training.seed}/${source}/words`);
}

/** Equal numbers of an equal run and body have equal bytes. `format: pt` is what Hugging Face's loaders look for. */
export function encodeSection(manifest: RunManifest, body: number, numbers: NamedTensors): Uint8Array {
  const exchange = exchangeOf(manifest);
  // Where the vocabulary is each source's own, it is no part of a body.
  const { vocab_size, ...shared } = exchange.config;
  const config = exchange.home.some(({ name }) => name === "phi") ? shared : { ...shared, vocab_size };
  return encodeSafetensors(numbers, {
    format: "pt",
    run: manifest.run,
    run_name: manifest.name,
    body: String(body),
    config: JSON.stringify(config),
  });
}

/** The whole section. Throws an InputError unless the file has exactly its tensors. */
export function decodeSection({ name, layout }: Section, bytes: Uint8Array): NamedTensors {
  const where = `section ${name}`;
  const numbers = float32Tensors(decodeSafetensors(bytes, where));
  requireSameLayout(numbers.layout, layout, where);
  return numbers;
}
