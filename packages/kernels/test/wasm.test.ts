// In Node 20: without relaxed SIMD.

import "@tensorflow/tfjs-backend-wasm";
import { wasmCases } from "./wasm-cases.ts";

wasmCases();
