// What the whole project stands on: ids, seeded random numbers, bytes, hashes, named tensors, safetensors.

export { bfloat16From, bfloat16Value, largestBfloat16 } from "./bfloat16.ts";
export { type ByteReader, type ByteWriter, byteReader, byteWriter, joinedBytes } from "./bytes.ts";
export { InputError } from "./errors.ts";
export { halfFrom, halfValue, halfValues } from "./half.ts";
export { type Hasher, hasher, sha256, sha256Of, sha256OfMany, sha256OfText, toHex } from "./hash.ts";
export { type Heap, heap } from "./heap.ts";
export * from "./ids.ts";
export { type Memory, memory } from "./memory.ts";
export { nearest } from "./nearest.ts";
export { noun } from "./noun.ts";
export { once } from "./once.ts";
export { drawnPlace, permutation, type Random, random } from "./random.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  encodeSafetensorsFile,
  float32Tensors,
  inARow,
  type SafetensorsData,
  type SafetensorsEntry,
  type SafetensorsFile,
  safetensorsType,
} from "./safetensors.ts";
export {
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  slotView,
  type TensorLayout,
  type TensorSlot,
  tensorByName,
  tensorLayout,
} from "./tensors.ts";
export { atOnce, oneByOne, type Turns, together, type WeighedTurns } from "./turns.ts";
export { utf8Length } from "./utf8.ts";
