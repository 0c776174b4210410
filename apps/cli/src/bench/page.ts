// What a browser runs: a measurement that the command asks for, in a worker, as a volunteer's training is.

import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import { measure, type Request } from "./measure.ts";

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  const wasmPaths = {
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threaded,
  };
  measure(data, { wasmPaths }).then(
    (row) => postMessage({ row }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});
