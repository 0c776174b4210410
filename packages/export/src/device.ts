// The model that a volunteer's device keeps, as a model with its card: for the page and for the command line.

import { type DeviceOnCard, deviceCard } from "./card/device-card.ts";
import { type Model, provenanceOf } from "./model.ts";
import type { Format } from "./port.ts";

/** As a device keeps it. */
export type DeviceModel = DeviceOnCard & Pick<Model, "config" | "parameters" | "tokenizer">;

/** `format`: that of the files which the card is for. */
export function modelOfDevice(
  device: DeviceModel,
  format: Format,
): { readonly model: Model; readonly card: string } {
  const { config, parameters, tokenizer, manifest, body, source, wordsOfRound, rows } = device;
  const provenance = {
    ...provenanceOf(manifest, body),
    source: source.id,
    ...(wordsOfRound === null ? {} : { words_of_round: String(wordsOfRound) }),
    ...(rows === null ? {} : { rows: `${rows.held} of ${rows.of}` }),
  };
  const model = { config, parameters, tokenizer, provenance };
  return { model, card: deviceCard(model, device, format) };
}
