// model.safetensors: all parameters under the names and in the layouts that packages/model has from Hugging Face.

import { encodeSafetensorsFile, type SafetensorsEntry, slotView } from "@homebody/base";
import { groups } from "@homebody/model";
import type { Model } from "../model.ts";

export function encodeWeights({
  parameters,
  provenance,
}: Pick<Model, "parameters" | "provenance">): Uint8Array {
  const tensors = new Map<string, SafetensorsEntry>();
  for (const group of groups)
    for (const slot of parameters[group].layout.slots)
      tensors.set(slot.name, { shape: slot.shape, data: slotView(parameters[group], slot) });
  // `format: pt` is what Hugging Face's loaders look for.
  return encodeSafetensorsFile({ metadata: { format: "pt", ...provenance }, tensors });
}
