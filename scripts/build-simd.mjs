// Compiles the kernels' simd.ts (AssemblyScript) to packages/kernels/src/wasm/bytes.ts, with their types: `npm run build:simd`.
// Twice: for every machine with SIMD, and for those with relaxed SIMD, which multiply and add in one instruction.
// With --check it fails if the file there is another. The compiler is fetched for this alone: it weighs 100 MB.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./ensure.mjs";

const kernels = join(root, "packages", "kernels", "src");
const sources = readdirSync(kernels)
  .map((folder) => join(kernels, folder, "simd.ts"))
  .filter((file) => existsSync(file))
  .sort();
const target = join(kernels, "wasm", "bytes.ts");
const folder = mkdtempSync(join(tmpdir(), "homebody-simd-"));

function compile(features) {
  const out = join(folder, "kernels.wasm");
  const options = [
    "-O3",
    "--noAssert",
    "--runtime",
    "stub",
    "--importMemory",
    "--initialMemory",
    "1",
    "--bindings",
    "raw",
  ];
  const asc = ["exec", "--yes", "--package=assemblyscript@0.28.20", "--", "asc", ...sources, "-o", out];
  // asc wants no console and no abort of ours: nothing is imported but the memory.
  const enabled = features.flatMap((feature) => ["--enable", feature]);
  const { status } = spawnSync("npm", [...asc, ...options, ...enabled, "--use", "abort="], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("asc failed");
  return readFileSync(out).toString("base64");
}

/** What the module exports, as asc declares it, one function a line. */
function signatures() {
  const declared = readFileSync(join(folder, "kernels.d.ts"), "utf8");
  return [...declared.matchAll(/export function (.+;)$/gm)]
    .map(([, signature]) => `  ${signature}`)
    .join("\n");
}

try {
  const text = `// Made by scripts/build-simd.mjs from the kernels' simd.ts. Do not edit.

export const plain =
  "${compile(["simd"])}";
export const relaxed =
  "${compile(["simd", "relaxed-simd"])}";

/** Addresses are bytes in the memory that is shared with tfjs, sizes elements. */
export interface SimdKernels {
${signatures()}
}
`;
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    process.stderr.write(
      "packages/kernels/src/wasm/bytes.ts: expected what the sources give; npm run build:simd\n",
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
