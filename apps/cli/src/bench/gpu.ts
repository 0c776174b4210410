// The engine on a graphics card in Node (Dawn, Vulkan): models of several sizes, one line of JSON each. This file is what
// scripts/gpu-bench.mjs bundles; it needs no packages but Dawn's.

import { installWebGpu } from "../webgpu.ts";
import { measure } from "./measure.ts";

const asked = process.argv.slice(2);
const configs = asked.length > 0 ? asked : ["reference", "small", "base"];

await installWebGpu();
for (const config of configs)
  for (const half of [false, true])
    try {
      const row = await measure({ name: "homebody", backend: "webgpu", config, steps: 20, half });
      process.stdout.write(`${JSON.stringify({ ...row, half })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ config, half, error: String(error) })}\n`);
    }
process.exit(0); // Dawn keeps threads
