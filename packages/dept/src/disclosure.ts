// What the coordinator learns from a volunteer's deltas, in one sentence, for those who are about to take part. It says what can
// be read off them; what they may tell beyond that is in docs/threat-model.md.

import type { ManifestSource } from "@homebody/protocol";
import { type Manifest, sharesWords } from "./exchange.ts";

/** A whole sentence for this run and this source, as the command line says it. */
export function coordinatorLearns(manifest: Manifest, source: ManifestSource): string {
  const { variant, vocabulary } = manifest;
  const isServed = source.served !== null;
  const text = isServed ? "this text, which the host has anyway," : "your text";
  switch (variant) {
    case "spec": {
      if (sharesWords(manifest, source))
        return (
          `The coordinator learns how training on ${text} moves the body and this source's embeddings; ` +
          "it averages those among the volunteers of this source, and never with others."
        );
      const own = vocabulary.kind === "own" ? "the vocabulary and its embeddings" : "the embeddings";
      return `The coordinator learns how training on ${text} moves the body, and nothing of words: ${own} stay on this device.`;
    }
    case "glob":
      return (
        `The coordinator learns how training on ${text} moves the body and the embeddings that all sources share; ` +
        "by those that move most it can tell which words the text has."
      );
    case "trim": {
      const needs = `${isServed ? text : "your text"} needs`;
      return (
        `The coordinator learns which words of the shared vocabulary ${needs}, ` +
        "and how training moves their embeddings and the body."
      );
    }
    default:
      variant satisfies never;
      throw new Error(`unknown variant ${variant as string}`);
  }
}
