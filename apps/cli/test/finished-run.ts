// A small run with two volunteers, made for tests of what reads its data folder: everything is as `npm start` leaves it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import { type RunFolderOptions, writeRun } from "../../../test/run-folder.ts";

export async function finishedRun(folder: string, options: RunFolderOptions = {}) {
  const run = writeRun(folder, options);
  // All held-out rows count, so that a score does not depend on which ones were drawn.
  writeFileSync(run, readFileSync(run, "utf8").replace("sampleRows: 8", "sampleRows: all"));
  const dataDir = join(folder, "data");
  const server = await createServer({ run, dataDir, port: 0, log: stderrLog("silent") });
  const volunteers = await Promise.all(
    ["a", "b"].map(async (source, i) => {
      const home = join(dataDir, "volunteers", String(i + 1));
      const brought = options.text === "brought" ? { text: [join(folder, `${source}.jsonl`)] } : {};
      const common = { url: server.url, backend: "wasm", threads: 1, show: () => {}, ...brought } as const;
      return (await startHeadless({ ...common, source, dataDir: home })).volunteer;
    }),
  );
  await Promise.all([server.finished, ...volunteers.map(({ ended }) => ended)]);
  for (const volunteer of volunteers) await volunteer.close();
  return { run, dataDir, server, scores: volunteers.map((volunteer) => volunteer.view().scores) };
}

/** What a command writes, and its exit code. */
export async function captured(
  run: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const streams = ["stdout", "stderr"] as const;
  const before = streams.map((name) => process[name].write);
  for (const name of streams)
    process[name].write = ((text: string) => {
      written[name] += text;
      return true;
    }) as typeof process.stdout.write;
  try {
    return { code: await run(args), ...written };
  } finally {
    for (const [i, name] of streams.entries()) process[name].write = before[i]!;
  }
}
