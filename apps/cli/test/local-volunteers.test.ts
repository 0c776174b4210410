// Volunteers that a command starts on this machine, as processes of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, stderrLog } from "@homebody/server";
import { afterEach, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { startVolunteers } from "../src/demo/volunteers.ts";

const given = process.execArgv;
afterEach(() => {
  process.execArgv = given;
});

test("one that ends with a mistake is not started again: whoever waits hears what it said", async () => {
  process.execArgv = ["--import", "tsx"]; // volunteers are started the way that this process was
  const folder = mkdtempSync(join(tmpdir(), "homebody-local-"));
  const server = await createServer({
    run: writeRun(folder, { text: "brought" }),
    dataDir: join(folder, "data"),
    port: 0,
    log: stderrLog("silent"),
  });
  const volunteers = startVolunteers(["a"], { count: 1, url: server.url, dataDir: folder });
  try {
    await expect(volunteers.failed).rejects.toThrow(
      "volunteer of a: expected one that takes part, got homebody volunteer: --text: expected files or folders",
    );
  } finally {
    await volunteers.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
