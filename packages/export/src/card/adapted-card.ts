// The card of a model that one text was learnt by, from a body that was there: see homebody adapt.

import { noun } from "@homebody/base";
import { dimensions } from "@homebody/model";
import { version } from "@homebody/protocol";
import { hf } from "../hf/index.ts";
import type { Model } from "../model.ts";
import { counted, joined, list, plain, table } from "./markdown.ts";
import { frontMatter, limits, shape, use } from "./parts.ts";

export interface AdaptedOnCard {
  readonly steps: number;
  readonly freezeBody: boolean;
  /** UTF-8, that was trained on. */
  readonly textBytes: number;
  readonly bitsPerByte: number;
  /** Of a unigram model on the same text. */
  readonly unigramBitsPerByte: number;
}

export function adaptedCard(model: Model, adapted: AdaptedOnCard): string {
  const { steps, freezeBody, textBytes, bitsPerByte, unigramBitsPerByte } = adapted;
  const rows = Object.entries(model.provenance).map(([key, value]) => [plain(key), plain(value)]);
  return joined(
    frontMatter([], hf),
    `# ${plain(model.provenance.run_name ?? "A body")}, carried on with a text`,
    `A ${shape(model.config)}. Homebody ${version} trained it for ${counted(steps)} ${noun(steps, "step")} on ` +
      `${counted(textBytes)} bytes of text, from a body that was there${freezeBody ? " and that stood still" : ""}. On held-out text ` +
      `it needs ${bitsPerByte.toFixed(3)} bits per byte, a unigram model ${unigramBitsPerByte.toFixed(3)}.`,
    use(hf),
    `## Where it comes from\n\n${table(["", ""], rows)}\n\nA licence is not stated, neither of the text nor of the model.`,
    `## Limits\n\n${list(limits(dimensions(model.config)))}`,
  );
}
