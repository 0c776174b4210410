import { wasmArithmetic } from "../src/wasm/arithmetic.ts";
import { sameBits } from "./same-bits.ts";

sameBits(wasmArithmetic()!);
