// ONNX with what transformers.js looks for beside it, so that a model runs in any web page [X15].

import { describingFiles } from "../hf/index.ts";
import type { Format } from "../port.ts";
import { encodeOnnx } from "./model-file.ts";
import { transformer } from "./transformer.ts";

export const onnx: Format = {
  name: "onnx",
  weightTypes: ["f32"],
  library: "transformers.js",
  use: `\`\`\`js
import { env, pipeline } from "@huggingface/transformers";

env.allowLocalModels = true;
env.localModelPath = "/models"; // where the page's server has DIR
const generate = await pipeline("text-generation", "DIR");
// Every document that it learnt from began after the end of another one; a text longer than its positions is an error.
const [{ generated_text }] = await generate("<|endoftext|>" + "...", { max_new_tokens: 40, do_sample: true, temperature: 0.8, top_k: 40 });
\`\`\``,
  files(model, card) {
    return new Map([
      // On WebAssembly transformers.js would otherwise look for a file of 8-bit weights.
      ...describingFiles(model, { "transformers.js_config": { dtype: "fp32" } }),
      ["onnx/model.onnx", encodeOnnx(transformer(model))],
      ["README.md", new TextEncoder().encode(card)],
    ]);
  },
};
