// How large a run's model is, memory in a tab included, which the engine counts.

import { exchangeOf, type Manifest, modelSize, sizeInWords } from "@homebody/dept";
import type { ManifestSource } from "@homebody/protocol";
import { trainingMemory } from "@homebody/train/memory";

/** Of one source's model, or of all sources' the most in each; in one line. */
export function shownSize(manifest: Manifest, sources = manifest.sources): string {
  const { training, model } = manifest;
  const memory = (source: ManifestSource) => {
    const { config } = exchangeOf({ ...manifest, sources: [source] });
    const sparing = { rowsAtOnce: 1, recompute: true, optimiser: training.optimiser };
    return trainingMemory(config, { rows: 1, context: model.context }, sparing).bytes;
  };
  const byVocabulary = new Map(sources.map((source) => [source.vocabulary, source])); // all that tells them apart
  return sizeInWords(modelSize(manifest, sources), Math.max(...[...byVocabulary.values()].map(memory)));
}
