// All formats, in the order in which they are offered.

import { gguf } from "./gguf/index.ts";
import { hf } from "./hf/index.ts";
import { onnx } from "./onnx/index.ts";
import type { Format } from "./port.ts";

export const formats: readonly Format[] = [hf, gguf, onnx];
