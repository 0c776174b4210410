// A trained model: what every format is made of.

import type { Parameters } from "@homebody/experiment/parameters";
import type { ModelConfig } from "@homebody/model";
import type { RunManifest } from "@homebody/protocol";
import type { Tokenizer } from "@homebody/text";

export interface Model {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  /** Of at most as many tokens as the config has rows. */
  readonly tokenizer: Tokenizer;
  /** Where it comes from, in words of metadata: `run`, `body_id`, `source`, ... */
  readonly provenance: Readonly<Record<string, string>>;
}

/** Where a run's model comes from, in words of metadata. */
export function provenanceOf(
  manifest: Pick<RunManifest, "run" | "name">,
  body: { readonly number: number; readonly id: string },
): Record<string, string> {
  return { run: manifest.run, run_name: manifest.name, body: String(body.number), body_id: body.id };
}
