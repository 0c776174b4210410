// What a server has in memory before it does anything: no engine, which weighs twice as much as all the rest.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Files of TensorFlow.js that a process of its own has loaded after it imported this. */
async function engineFiles(name: string): Promise<number> {
  const script = `
    import { createRequire } from "node:module";
    await import(${JSON.stringify(name)});
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((path) => path.includes("@tensorflow")).length);
    process.exit();`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { cwd: root },
  );
  return Number(stdout);
}

test("a server loads no engine until a thread of its own samples", { timeout: 60_000 }, async () => {
  expect(await engineFiles("@homebody/train")).toBeGreaterThan(0); // it would be seen
  expect(await engineFiles("@homebody/server")).toBe(0);
});
