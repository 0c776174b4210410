// Hugging Face's own format: what transformers, and most tools beside it, load from a folder [X2].

import { endOfDocumentText } from "@homebody/text";
import type { Model } from "../model.ts";
import type { Format, ModelFiles } from "../port.ts";
import { configJson, generationConfigJson, tokenizerConfigJson } from "./config.ts";
import { encodeWeights } from "./weights.ts";

export const hf: Format = {
  name: "hf",
  weightTypes: ["f32"],
  library: "transformers",
  use: `\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("DIR")
tokenizer = AutoTokenizer.from_pretrained("DIR")
# Every document that it learnt from began after the end of another one.
prompt = tokenizer("<|endoftext|>" + "...", return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt, do_sample=True, temperature=0.8, top_k=40)[0]))
\`\`\``,
  files(model, card) {
    return new Map([
      ...describingFiles(model),
      ["model.safetensors", encodeWeights(model)],
      ["README.md", text(card)],
    ]);
  },
};

/** All beside the weights and the card: what the model is, how it generates, and its tokenizer. `own`: what else config.json has. */
export function describingFiles({ config, tokenizer }: Model, own: object = {}): ModelFiles {
  const end = { id: tokenizer.endOfDocument, text: endOfDocumentText };
  return new Map([
    ["config.json", json({ ...configJson(config, end), ...own })],
    ["generation_config.json", json(generationConfigJson(config, end))],
    ["tokenizer.json", text(tokenizer.toJson())],
    ["tokenizer_config.json", json(tokenizerConfigJson(config, end))],
  ]);
}

const text = (content: string) => new TextEncoder().encode(content);
const json = (value: object) => text(`${JSON.stringify(value, null, 2)}\n`);
