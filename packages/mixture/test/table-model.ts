// A model of tokens with numbers of its own for each pair of tokens before: real enough to tell any two prefixes apart.

import { random } from "@homebody/base";
import type { Vocabulary } from "@homebody/text";
import { lastTokens, type Prefix, type TokenModel } from "../src/token-model.ts";

export interface CountedModel extends TokenModel {
  /** Prefixes that were asked about, each as its tokens. */
  readonly asked: string[];
}

export function tableModel(vocabulary: Vocabulary, seed: string): CountedModel {
  const known = new Map<string, Float32Array>();
  const asked: string[] = [];
  const logits = async (prefix: Prefix) => {
    asked.push(lastTokens(prefix).join(" "));
    const key = lastTokens(prefix, 2).join(" ");
    const dice = random(`${seed}/${key}`);
    // Three rows more than tokens, as where a text had fewer pairs than the run's vocabulary has rows.
    const row =
      known.get(key) ?? Float32Array.from({ length: vocabulary.tokens.length + 3 }, () => 2 * dice.normal());
    known.set(key, row);
    return row;
  };
  return { vocabulary, logits, asked };
}
