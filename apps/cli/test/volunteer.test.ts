// homebody volunteer as a command: what it says before it begins, and when it is over.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, stderrLog } from "@homebody/server";
import { expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { run } from "../src/volunteer.ts";
import { captured } from "./finished-run.ts";

test("it first says what the coordinator learns, once, and in the end what was done", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const file = writeRun(folder, { rounds: 1 });
  const server = await createServer({
    run: file,
    dataDir: join(folder, "data"),
    port: 0,
    log: stderrLog("silent"),
  });
  try {
    const args = (source: string) => [
      ...[server.url, "--source", source, "--backend", "wasm", "--threads", "1"],
      ...["--data", join(folder, source)],
    ];
    const both = async () => Math.max(...(await Promise.all(["a", "b"].map((source) => run(args(source))))));
    const { code, stdout, stderr } = await captured(both, []);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The coordinator gets none of your words: .* stay on (this device|it)\.\n/);
    expect(stderr.match(/The coordinator gets/g)).toHaveLength(2); // of each
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(results).toHaveLength(2);
    for (const result of results) expect(result).toMatchObject({ ending: "finished", roundsContributed: 1 });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
