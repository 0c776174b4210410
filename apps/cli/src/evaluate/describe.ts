// How a model stands in a result.

import { sha256OfText } from "@homebody/base";
import type { TrainedModel } from "../models/of-run.ts";

/** `tokenizer`: the hash of its tokenizer.json; of the whole vocabulary's, where rows are left out of it. */
export function describe({ name, config, provenance, tokenizer, whole }: TrainedModel) {
  const json = (whole?.tokenizer ?? tokenizer).toJson();
  return { name, provenance, config, tokenizer: sha256OfText(json) };
}
