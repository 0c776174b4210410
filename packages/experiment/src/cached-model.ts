// A predictor's cache as a model of tokens (packages/mixture): one cache for all prefixes. What a prefix has in common with the one before it
// stays read; the rest is read anew.

import { oneByOne } from "@homebody/base";
import { lastTokens, type Prefix, type TokenModel } from "@homebody/mixture";
import { type Tokenizer, vocabularyFromJson } from "@homebody/text";
import type { Cache } from "@homebody/train";

export interface CachedModel extends TokenModel {
  /** So far: prefixes that were asked about, and tokens that were read for them. */
  readonly cost: { readonly prefixes: number; readonly tokens: number };
}

/**
 * The cache is the model's alone from here on. A prefix longer than the context is read from a place that moves on by half a context,
 * as if the text began there. Throws an InputError for a tokenizer of which rows are left out.
 */
export function cachedModel(cache: Cache, tokenizer: Pick<Tokenizer, "toJson">): CachedModel {
  const turns = oneByOne();
  const cost = { prefixes: 0, tokens: 0 };
  let held: readonly number[] = [];

  async function read(prefix: Prefix): Promise<Float32Array> {
    const wanted = window(prefix, cache.capacity);
    // The last token is read in any case: its logits are what is asked for.
    const common = Math.min(inCommon(held, wanted), wanted.length - 1);
    cache.rewind(Math.min(common, cache.length));
    held = wanted.slice(0, cache.length);
    const unread = wanted.slice(cache.length);
    const logits = await cache.read(unread);
    held = wanted;
    cost.prefixes += 1;
    cost.tokens += unread.length;
    return logits;
  }

  return {
    vocabulary: vocabularyFromJson(tokenizer.toJson()),
    cost,
    logits: (prefix) => turns(() => read(prefix)),
  };
}

/** At most a context of tokens, and from the first full one on at least the last half of one. */
function window(prefix: Prefix, context: number): readonly number[] {
  const half = Math.ceil(context / 2);
  const passed = Math.max(0, Math.ceil((prefix.length - context) / half)) * half;
  return lastTokens(prefix, prefix.length - passed);
}

function inCommon(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return length;
}
