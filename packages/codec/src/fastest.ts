// The arithmetic of this machine.

import type { Arithmetic } from "./arithmetic.ts";
import { plain } from "./plain/arithmetic.ts";
import { wasmArithmetic } from "./wasm/arithmetic.ts";

let found: Arithmetic | undefined;

/** WebAssembly where it can be had: found at the first use. */
export function fastest(): Arithmetic {
  found ??= wasmArithmetic() ?? plain;
  return found;
}
