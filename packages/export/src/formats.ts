// All formats, in the order in which they are offered.

import { type FormatName, formatNames } from "./format-names.ts";
import { gguf } from "./gguf/index.ts";
import { hf } from "./hf/index.ts";
import { onnx } from "./onnx/index.ts";
import type { Format } from "./port.ts";

const byName: Readonly<Record<FormatName, Format>> = { hf, gguf, onnx };

export const formats: readonly Format[] = formatNames.map((name) => byName[name]);
