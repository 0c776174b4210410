// Which models can be made of what a coordinator serves.

import type { Figures } from "@homebody/coordinator";
import { isOneVocabulary, sharesWords } from "@homebody/dept";
import type { ManifestSource } from "@homebody/protocol";

/** Sources whose words the body has and that it has learnt from; null stands for all of them, where they share their words. */
export function modelsIn({
  manifest,
  published,
  learntFrom,
}: Pick<Figures, "manifest" | "published" | "learntFrom">): readonly (ManifestSource | null)[] {
  if (isOneVocabulary(manifest)) return published > 0 ? [null] : [];
  return manifest.sources.filter((source) => sharesWords(manifest, source) && learntFrom.includes(source.id));
}
