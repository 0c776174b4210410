// Compiles the kernels' simd.ts (AssemblyScript, listed in packages/kernels/assembly) to packages/kernels/src/wasm/bytes.ts: `npm run build:simd`.
// Twice: for every machine with SIMD, and for those with relaxed SIMD, which multiply and add in one instruction.
// With --check it fails if the file there is another. The compiler is fetched for this alone: it weighs 100 MB.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./ensure.mjs";

const source = join(root, "packages", "kernels", "assembly", "index.ts");
const target = join(root, "packages", "kernels", "src", "wasm", "bytes.ts");
const folder = mkdtempSync(join(tmpdir(), "homebody-simd-"));

function compile(features) {
  const out = join(folder, "kernels.wasm");
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "1"];
  const asc = ["exec", "--yes", "--package=assemblyscript@0.28.20", "--", "asc", source, "-o", out];
  // asc wants no console and no abort of ours: nothing is imported but the memory.
  const enabled = features.flatMap((feature) => ["--enable", feature]);
  const { status } = spawnSync("npm", [...asc, ...options, ...enabled, "--use", "abort="], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("asc failed");
  return readFileSync(out).toString("base64");
}

try {
  const text = `// Made by scripts/build-simd.mjs from packages/kernels/assembly. Do not edit.

export const plain =
  "${compile(["simd"])}";
export const relaxed =
  "${compile(["simd", "relaxed-simd"])}";
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
