// The dense codecs by the plain arithmetic, whatever this machine has: to be measured beside the others.

import { halfCodec } from "./fp16.ts";
import { levelCodec } from "./levels.ts";
import { plain } from "./plain/arithmetic.ts";

export const plainCodecs = {
  fp16: halfCodec(() => plain),
  int8: levelCodec("int8", 8, () => plain),
  int4: levelCodec("int4", 4, () => plain),
  int2: levelCodec("int2", 2, () => plain),
};
