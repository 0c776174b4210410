// Compiles packages/kernels/assembly (AssemblyScript) to packages/kernels/src/wasm/bytes.ts: `npm run build:simd`.
// With --check it fails if the file there is another. The compiler is fetched for this alone: it weighs 100 MB.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./ensure.mjs";

const source = join(root, "packages", "kernels", "assembly", "index.ts");
const target = join(root, "packages", "kernels", "src", "wasm", "bytes.ts");
const folder = mkdtempSync(join(tmpdir(), "homebody-simd-"));
try {
  const out = join(folder, "kernels.wasm");
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "1"];
  const args = [
    "exec",
    "--yes",
    "--package=assemblyscript@0.28.20",
    "--",
    "asc",
    source,
    "-o",
    out,
    ...options,
  ];
  // asc wants no console and no abort of ours: nothing is imported but the memory.
  const { status } = spawnSync("npm", [...args, "--enable", "simd", "--use", "abort="], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(1);
  const text = `// Made by scripts/build-simd.mjs from packages/kernels/assembly. Do not edit.\n\nexport const base64 =\n  "${readFileSync(out).toString("base64")}";\n`;
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
