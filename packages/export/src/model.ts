// A trained model: what every format is made of.

import type { Parameters } from "@homebody/experiment";
import type { ModelConfig } from "@homebody/model";
import type { Tokenizer } from "@homebody/text";

export interface Model {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  /** Of at most as many tokens as the config has rows. */
  readonly tokenizer: Tokenizer;
  /** Where it comes from, in words of metadata: `run`, `body_id`, `source`, ... */
  readonly provenance: Readonly<Record<string, string>>;
}
