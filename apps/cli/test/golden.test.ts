import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startBackend } from "@homebody/train";
import { describe, expect, test } from "vitest";
import { checkCase } from "../src/golden/check.ts";

const shared = process.env.HOMEBODY_SHARED ?? join(import.meta.dirname, "..", "..", "..", "..", "shared");
const folder = join(shared, "golden");
const present = existsSync(folder);

test("where CI is set, the reference tensors are there", () => {
  if (process.env.CI) expect(present, folder).toBe(true);
});

describe.skipIf(!present)(`PyTorch's tensors${present ? "" : " (absent: set HOMEBODY_SHARED)"}`, () => {
  const cases = present ? readdirSync(folder).filter((name) => /^(engine|dept)-/.test(name)) : [];
  test.each(cases)("%s", async (name) => {
    const { backend } = await startBackend("wasm", { threads: 1 });
    const result = await checkCase(name, fileOf(name), backend);
    expect(result).toMatchObject({ case: name, backend: "wasm", pass: true });
  });

  const fileOf = (name: string) => (file: string) => readFile(join(folder, name, file));

  // Whole rounds in Chromium by one variant, the one with the most to it: the others differ in the coordinator alone.
  test.each([
    ["webgpu", "node", "."],
    ["webgpu", "chromium", "engine|dept-trim"],
    ["wasm", "chromium", "engine|dept-trim"],
  ])("on %s in %s, from the command line: %s", { timeout: 240_000 }, (backend, place, pattern) => {
    const script = join(import.meta.dirname, "..", "..", "..", "scripts", "homebody.mjs");
    const args = [script, "golden", folder, "--backend", backend, "--in", place, "--case", pattern];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const results = stdout.trim().split("\n");
    expect(
      results.map((line) => JSON.parse(line).pass),
      stderr,
    ).toEqual(cases.filter((name) => new RegExp(pattern).test(name)).map(() => true));
    expect(status).toBe(0);
  });

  test("a kind of case that is not supported says so, and has failed", async () => {
    expect(await checkCase("other-case", fileOf("dept-glob"), "wasm")).toMatchObject({
      pass: false,
      error: "case: expected one called engine-... or dept-..., got other-case",
    });
  });
});
