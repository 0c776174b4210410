// A small text and a small model, for tests: real training on WebAssembly in milliseconds.

import { random } from "@homebody/base";
import { type ModelConfig, type ModelDial, modelConfig } from "@homebody/model";
import { type PreparedText, preparing, splitHeldOut } from "@homebody/text";

export const context = 16;

/** Sentences of few words by chance, so that order and words can be learnt. */
export function documentsOf(words: readonly (readonly string[])[], count: number, seed: string): string[] {
  const dice = random(seed);
  const sentence = () => words.map((choice) => choice[dice.below(choice.length)]).join(" ");
  return Array.from({ length: count }, () => Array.from({ length: 6 }, sentence).join(". "));
}

export const english = [
  ["the", "a", "one"],
  ["cat", "dog", "owl", "fox"],
  ["sees", "likes", "follows"],
  ["the", "a", "one"],
  ["river", "house", "tree"],
] as const;

export function prepare(documents: readonly string[], vocabulary = 300): PreparedText {
  const work = preparing(splitHeldOut(documents, 0.2, "small"), { vocabulary, context, seed: "small" });
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

export function smallConfig(family: ModelDial["family"], vocabulary = 300): ModelConfig {
  return modelConfig(
    { family, depth: 2, context, overrides: { width: 16, heads: 2, hidden: 32 } },
    vocabulary,
  );
}
