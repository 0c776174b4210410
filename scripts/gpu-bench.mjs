// node scripts/gpu-bench.mjs DIR: packs what a machine with a graphics card needs to measure the engine, and nothing else:
// this Node, Dawn, one bundled script, and PyTorch's side of it. There: `sh DIR/run.sh [reference small base]`.
// Linux on x86-64 with a Vulkan driver; PyTorch takes part where python3 has it.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { ensurePackages, root } from "./ensure.mjs";

const [asked] = process.argv.slice(2);
if (asked === undefined) {
  process.stderr.write("usage: node scripts/gpu-bench.mjs DIR\n");
  process.exit(2);
}
ensurePackages();
const folder = resolve(asked);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

await build({
  configFile: false,
  logLevel: "error",
  root,
  build: {
    ssr: join(root, "apps", "cli", "src", "bench", "gpu.ts"),
    outDir: folder,
    emptyOutDir: false,
    target: "node20",
    rollupOptions: { output: { entryFileNames: "bench.mjs" } },
  },
  // Node's side of tfjs wants packages that a browser's does not: the browser's is what volunteers run.
  ssr: { noExternal: true, external: ["webgpu"], target: "node" },
  resolve: { mainFields: ["module", "main"], conditions: ["browser", "module", "import", "default"] },
});

const dawn = dirname(pathOf("webgpu"));
const to = join(folder, "node_modules", "webgpu");
for (const file of ["package.json", "index.js", join("dist", "linux-x64", "dawn.node")]) {
  mkdirSync(dirname(join(to, file)), { recursive: true });
  copyFileSync(join(dawn, file), join(to, file));
}
copyFileSync(join(root, "bench", "pytorch.py"), join(folder, "pytorch.py"));
writeFileSync(join(folder, "node.gz"), gzipSync(readFileSync(process.execPath), { level: 9 }));
writeFileSync(
  join(folder, "run.sh"),
  `#!/bin/sh
# One run: the engine, then PyTorch, on this machine's graphics card.
cd "$(dirname "$0")" || exit 1
[ -x node ] || { gunzip -c node.gz > node && chmod +x node; }
./node bench.mjs "$@"
if python3 -c "import torch" 2> /dev/null; then python3 pytorch.py "$@"; else echo '{"name":"pytorch","error":"not installed"}'; fi
`,
);
chmodSync(join(folder, "run.sh"), 0o755);
process.stdout.write(`${folder}: sh run.sh [reference small base large]\n`);

function pathOf(name) {
  return new URL(import.meta.resolve(name)).pathname;
}
