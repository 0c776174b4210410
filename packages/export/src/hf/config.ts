// The three small files beside weights and tokenizer: what transformers would otherwise take a default for [X2].

import { dimensions, type ModelConfig } from "@homebody/model";

/** The token that ends a document. Every document begins after one, so it stands at the beginning, too. */
interface EndOfDocument {
  readonly id: number;
  readonly text: string;
}

/** config.json. */
export function configJson(config: ModelConfig, { id }: EndOfDocument): object {
  return {
    ...config,
    ...(config.model_type === "gpt2" ? gpt2Settings : llamaSettings(config)),
    use_cache: true,
    torch_dtype: "float32",
    bos_token_id: id,
    eos_token_id: id,
  };
}

/** GPT2Config would train on with dropout. */
const gpt2Settings = {
  attn_pdrop: 0,
  embd_pdrop: 0,
  resid_pdrop: 0,
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
};

const llamaSettings = (config: ModelConfig) => ({
  attention_bias: false,
  attention_dropout: 0,
  mlp_bias: false,
  head_dim: dimensions(config).headSize,
  rope_scaling: null,
});

/** generation_config.json: a text ends with its document, at the latest where positions end. */
export function generationConfigJson(config: ModelConfig, { id }: EndOfDocument): object {
  const { context } = dimensions(config);
  return { bos_token_id: id, eos_token_id: id, pad_token_id: id, max_length: context };
}

/** tokenizer_config.json: tokenizer.json says it all, and nothing is to be tidied up afterwards [X4]. */
export function tokenizerConfigJson(config: ModelConfig, { text }: EndOfDocument): object {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: text,
    eos_token: text,
    clean_up_tokenization_spaces: false,
    model_input_names: ["input_ids", "attention_mask"],
    model_max_length: dimensions(config).context,
  };
}
