// Each file of the build that is text or WebAssembly, beside itself in Brotli and gzip: compressed once, as small as can be, and
// not at every request.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const compressible = /\.(css|html|ico|js|json|svg|txt|wasm|webmanifest)$/;
/** Fewer bytes fit into one packet anyway. */
const leastBytes = 1024;

const encodings = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  gz: (bytes: Buffer) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

export function precompress(): Plugin {
  let folder = "";
  return {
    name: "homebody:precompress",
    apply: "build",
    configResolved: ({ root, build }) => {
      folder = join(root, build.outDir);
    },
    closeBundle: async () => {
      const paths = await readdir(folder, { recursive: true });
      await Promise.all(
        paths.filter((path) => compressible.test(path)).map((path) => compress(join(folder, path))),
      );
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < leastBytes) return;
  for (const [ending, encode] of Object.entries(encodings)) {
    const encoded = await encode(bytes);
    if (encoded.length < bytes.length) await writeFile(`${path}.${ending}`, encoded);
  }
}
