// node --import scripts/typescript.mjs FILE.ts: runs TypeScript from its source.
//
// Not by tsx, which has esbuild write a call at each function that keeps its name: that took a quarter of the time of a
// coordinator with thousands of volunteers.

import { register } from "node:module";

process.setSourceMapsEnabled(true);
register("./typescript-hooks.mjs", import.meta.url);
