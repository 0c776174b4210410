// A small experiment over two seeds: arms with real coordinators and volunteers, and what is written of them.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadRunFile } from "@homebody/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { type Arm, armsOf } from "../src/experiment/arms.ts";
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

test("text that is brought comes by --text ID=PATH, and a source without any is a mistake", async () => {
  const brought = mkdtempSync(join(folder, "brought-"));
  const path = writeRun(brought, { rounds: 1, localSteps: 2, text: "brought" });
  const [a, b, out] = ["a.jsonl", "b.jsonl", "out"].map((name) => join(brought, name)) as [
    string,
    string,
    string,
  ];
  const mistake = (...more: string[]) =>
    run([path, "--out", out, ...more]).catch((error: Error) => error.message);
  expect(await mistake("--text", `a=${a}`)).toBe(
    "--text: expected ID=PATH, for each source whose text is brought (b), got none",
  );
  expect(await mistake("--text", `c=${a}`)).toMatch(/ID=PATH, for each source .* \(a, b\), got c=/);
  writeFileSync(join(brought, "short.txt"), "words");
  const short = `b=${join(brought, "short.txt")}`;
  expect(await mistake("--text", `a=${a}`, "--text", short)).toBe(
    "text: expected 500 bytes of text or more, got 5",
  );
  const served = await run([writeRun(folder), "--out", out, "--text", `a=${a}`]).catch(
    (error: Error) => error,
  );
  expect(String(served)).toContain("none: the host serves the text of every source");
  expect(existsSync(out)).toBe(false);
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--import", "tsx", main, "experiment", path, "--out", out, "--arms", "federated"],
    ...["--text", `a=${a}`, "--text", `b=${b}`],
  ]);
  expect(stdout).toMatch(/^\| a .*\d\.\d{3} \|/m);
}, 240_000);

test("whoever may take part in the run, an experiment's own volunteers may", async () => {
  const { file } = await loadRunFile(writeRun(mkdtempSync(join(folder, "invited-")), { admission: "code" }));
  const [[federated]] = armsOf(file, ["federated"]) as [[Arm]];
  expect(federated.file.sources.map(({ admission }) => admission)).toEqual(["open", "open"]);
});

test("an arm that is not there is said before anything is trained", async () => {
  const path = writeRun(folder);
  await expect(run([path, "--out", join(folder, "no"), "--arms", "frosen"])).rejects.toThrow(
    /federated, frozen, alone/,
  );
});
