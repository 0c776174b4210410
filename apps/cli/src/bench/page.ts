// What a browser runs: a measurement that the command asks for, in a worker, as a volunteer's training is.

import { wasmPaths } from "@homebody/volunteer/wasm-paths";
import { measure, type Request } from "./measure.ts";

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  measure(data, { wasmPaths }).then(
    (row) => postMessage({ row }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});
