// Compiles AssemblyScript to WebAssembly, with the types of what it exports: `npm run build:simd`.
//
//   packages/kernels/src/wasm/bytes.ts   the kernels' simd.ts, twice: for every machine with SIMD, and for those with relaxed
//                                        SIMD, which multiply and add in one instruction
//   packages/codec/src/wasm/bytes.ts     packages/codec/assembly, once: its bits are the same on every machine
//
// With --check it fails if a file there is another. The compiler is fetched for this alone: it weighs 100 MB.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./ensure.mjs";

const packages = join(root, "packages");
const folder = mkdtempSync(join(tmpdir(), "homebody-simd-"));

/** Of paths under packages/: those that are there, in order. */
const filesOf = (...path) =>
  readdirSync(join(packages, ...path))
    .sort()
    .map((name) => join(packages, ...path, name));

const modules = [
  {
    target: join(packages, "kernels", "src", "wasm", "bytes.ts"),
    sources: filesOf("kernels", "src")
      .map((kernel) => join(kernel, "simd.ts"))
      .filter((file) => existsSync(file)),
    from: "the kernels' simd.ts",
    builds: { plain: ["simd"], relaxed: ["simd", "relaxed-simd"] },
    exports: "SimdKernels",
    about: "Addresses are bytes in the memory that is shared with tfjs, sizes elements.",
  },
  {
    target: join(packages, "codec", "src", "wasm", "bytes.ts"),
    sources: filesOf("codec", "assembly"),
    from: "packages/codec/assembly",
    builds: { simd: ["simd"] },
    exports: "SimdFunctions",
    about: "Addresses are bytes in the memory that the module is given, sizes elements.",
  },
];

function compile(sources, features) {
  const out = join(folder, "module.wasm");
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
  const declared = readFileSync(join(folder, "module.d.ts"), "utf8");
  return [...declared.matchAll(/export function (.+;)$/gm)]
    .map(([, signature]) => `  ${signature}`)
    .join("\n");
}

function textOf({ sources, from, builds, exports, about }) {
  const bytes = Object.entries(builds)
    .map(([name, features]) => `export const ${name} =\n  "${compile(sources, features)}";\n`)
    .join("");
  return `// Made by scripts/build-simd.mjs from ${from}. Do not edit.

${bytes}
/** ${about} */
export interface ${exports} {
${signatures()}
}
`;
}

try {
  for (const module of modules) {
    const { target } = module;
    const text = textOf(module);
    if (!process.argv.includes("--check")) writeFileSync(target, text);
    else if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
      process.stderr.write(`${relative(root, target)}: expected what the sources give; npm run build:simd\n`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
