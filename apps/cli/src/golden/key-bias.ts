// GPT-2's key bias: softmax does not see it, so its gradient is rounding noise, which Adam turns into real steps. It is not
// compared.

import type { Gpt2Config } from "@homebody/model";

/** Elements of a tensor that are not compared, and by which names. */
export interface KeyBias {
  readonly isOne: (name: string) => boolean;
  readonly from: number;
  readonly to: number;
}

export function keyBiasOf(config: Gpt2Config): KeyBias {
  return {
    isOne: (name) => name.endsWith(".attn.c_attn.bias"),
    from: config.n_embd,
    to: 2 * config.n_embd,
  };
}
