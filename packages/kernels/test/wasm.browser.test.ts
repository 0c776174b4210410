// In Chromium: with relaxed SIMD, where products and sums are rounded once.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
// @ts-expect-error an address, by Vite
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
// @ts-expect-error an address, by Vite
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
// @ts-expect-error an address, by Vite
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import { wasmCases } from "./wasm-cases.ts";

setWasmPaths({
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threaded,
});
wasmCases();
