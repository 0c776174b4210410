// A small experiment over two seeds: arms with real coordinators and volunteers, and what is written of them.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { run } from "../src/experiment/index.ts";
import type { SeedResult } from "../src/experiment/tables.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-experiment-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Results {
  readonly provenance: {
    readonly homebody: string;
    readonly runFile: string;
    readonly seeds: readonly number[];
  };
  readonly results: readonly SeedResult[];
}

async function experiment(seeds: number): Promise<{ readonly said: string; readonly results: Results }> {
  const out = join(folder, "out");
  const path = writeRun(folder, { rounds: 1, localSteps: 2 });
  const options = ["--out", out, "--arms", "federated", "--seeds", String(seeds)];
  // A process of its own: it starts volunteers the way that it was started.
  const { stdout: said } = await promisify(execFile)(process.execPath, [
    ...["--import", "tsx", main, "experiment", path, ...options],
  ]);
  return { said, results: JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results };
}

test("more seeds keep what there is, are runs of their own, and make means and deviations", async () => {
  const one = await experiment(1);
  const two = await experiment(2);
  expect(two.results.results[0]).toEqual(one.results.results[0]);
  expect(two.results.provenance.runFile).toBe(one.results.provenance.runFile);
  expect(two.results.provenance.seeds).toEqual([1, 2]);
  const [first, second] = two.results.results.map(({ arms }) => arms[0]!);
  expect(first!.run).not.toBe(second!.run);
  expect(new Set([...first!.bodies, ...second!.bodies]).size).toBe(4);
  const [x, y] = [first!, second!].map(({ scores }) => scores.a!.at(-1)!.bitsPerByte);
  const [mean, sd] = [(x! + y!) / 2, Math.abs(x! - y!) / Math.SQRT2];
  expect(sd).toBeGreaterThan(0);
  const row = two.said.split("\n").find((line) => line.startsWith("| a "))!;
  expect(row).toContain(`${mean.toFixed(3)} ± ${sd.toFixed(3)} |`);
  expect(one.said.split("\n").find((line) => line.startsWith("| a "))).toContain(` ${x!.toFixed(3)} |`);
  expect(one.said).not.toContain("±");
}, 240_000);

test("an arm that is not there is said before anything is trained", async () => {
  const path = writeRun(folder);
  await expect(run([path, "--out", join(folder, "no"), "--arms", "frosen"])).rejects.toThrow(
    /federated, frozen, alone/,
  );
});
