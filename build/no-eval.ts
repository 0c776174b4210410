// No code of the build makes code of a string: the pages' policy forbids it, and a browser logs each try as a violation.

import type { Plugin } from "vite";

/** What libraries try where there is a policy, by the end of a module's path: the try, and what it gives under ours. */
const tries = [
  ["zod/v4/core/util.js", 'const F = Function;\n        new F("");\n        return true;', "return false;"],
  ["engine.io-client/build/esm/globals.js", 'Function("return this")()', "globalThis"],
] as const;

const makesCode = /\bFunction\s*\(\s*["'`]|\beval\s*\(/;

/** For the build, and for each of its workers. */
export function noEval(): Plugin {
  return {
    name: "homebody:no-eval",
    apply: "build",
    transform(code, id) {
      const found = tries.find(([path]) => id.endsWith(path));
      if (found === undefined) return null;
      const [path, tried, given] = found;
      if (!code.includes(tried)) this.error(`expected in ${path}: ${tried}`);
      return { code: code.replace(tried, given), map: null };
    },
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        const at = file.type === "chunk" ? file.code.search(makesCode) : -1;
        if (file.type === "chunk" && at >= 0)
          this.error(
            `${file.fileName} makes code of a string: ... ${file.code.slice(Math.max(0, at - 60), at + 60)} ...`,
          );
      }
    },
  };
}
