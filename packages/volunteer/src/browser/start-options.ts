// How an engine starts in a browser: tfjs's files as the build has them, and what was measured of the adapter kept.

import type { StartOptions } from "@homebody/train";
import { tuningFile } from "../device.ts";
import { readHome, writeHome } from "./disk.ts";
import { wasmPaths } from "./wasm-paths.ts";

export const startOptions: StartOptions = {
  wasmPaths,
  memory: tuningFile({
    read: () => readHome("tuning"),
    write: (text) => writeHome("tuning", text),
  }),
};
