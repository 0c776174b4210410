// [C44] [V21] Real volunteers whose deltas the coordinator's disk has lost are told, make them again, and the run ends as it should.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "@homebody/coordinator";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blobIn, damageBlob } from "../../../test/blobs.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { writeRun } from "../../../test/run-folder.ts";

let folder: string;
let server: RunningServer;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-lost-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...path: string[]) => join(folder, ...path);

test.each([
  ["one of them, and the other one's is averaged", 1],
  ["both, and the round opens again", 2],
])("[C44] [V21] when round 2 closes the disk has lost the deltas of %s", async (_, count) => {
  let closes = 0;
  const faults = (point: string) => {
    const { phase } = server.state();
    if (point !== "close:before" || ++closes !== 2 || phase.kind !== "training") return;
    for (const { delta } of [...phase.accepted.values()].slice(0, count))
      damageBlob(at("data"), delta, "missing");
  };
  writeRun(folder, { rounds: 3, localSteps: 4, keep: "{ deltaRounds: all }" });
  server = await createServer({
    ...{ run: at("run.yaml"), dataDir: at("data"), log: stderrLog("silent"), faults },
  });
  ends.push(() => server.close());
  const refusals: unknown[] = [];
  for (const source of ["a", "b"]) {
    const options = { url: server.url, source, backend: "wasm", threads: 1, show: () => {} } as const;
    const { volunteer } = await startHeadless({ ...options, dataDir: at(source) });
    ends.push(async () => {
      refusals.push(volunteer.view().refusal?.reason);
      await volunteer.close();
    });
  }
  await server.finished;
  const response = await fetch(`${server.url}/api/journal?limit=5000`);
  const { entries } = (await response.json()) as { entries: Entry[] };
  const kinds = entries.map(({ fact }) => fact.kind);
  const often = (kind: string) => kinds.filter((one) => one === kind).length;
  expect([often("dropped"), often("lapsed"), often("accepted"), often("published")]).toEqual(
    count === 1 ? [1, 0, 6, 3] : [2, 1, 8, 3],
  );
  expect(await assertMeans(entries, "any", blobIn(at("data")))).toEqual([1, 2, 3]);
  for (const end of ends.splice(1).reverse()) await end();
  expect(refusals.filter((reason) => reason === "lost")).toHaveLength(count);
});
