// GGUF: what llama.cpp, and what is built on it, load from one file [X12].

import type { Format } from "../port.ts";
import { encodeGguf } from "./container.ts";
import { metadataOf } from "./metadata.ts";
import { tensorsOf } from "./tensors.ts";

export const gguf: Format = {
  name: "gguf",
  weightTypes: ["f32", "f16", "q8_0"],
  library: "llama.cpp",
  use: `\`\`\`sh
# llama.cpp, and whatever else reads GGUF. A prompt begins a document: what it learnt from began so, too.
llama-completion -m DIR/model.gguf -no-cnv --temp 0.8 --top-k 40 -p "..."
\`\`\`

The figures on this card are of weights as they were trained (f32); files with f16 or q8_0 are rounded.

llama.cpp takes a text apart as the training did, but for two characters that it has otherwise as spaces (U+0085 and U+FEFF), and
letters and digits that Unicode has had for a few years only.`,
  files(model, card, weightType = "f32") {
    return new Map([
      ["model.gguf", encodeGguf(metadataOf(model, weightType), tensorsOf(model, weightType))],
      ["README.md", new TextEncoder().encode(card)],
    ]);
  },
};
