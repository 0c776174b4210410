// Runs that an older version left in the middle: coordinator and volunteers go on from what it wrote, to the body that it
// would have come to.

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { createServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import { afterEach, expect, test } from "vitest";

const fixtures = fileURLToPath(new URL("../../../test/fixtures/runs/", import.meta.url));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test.each([
  ["v1-averaging", "13d8d8efd291cad8c5469ca9b48547f55525cb17495713f9531cc9ea9e0f8127"],
  ["v1-nesterov", "a7ca41100ec6c432f3cb8b18a98ef0826c410aaaf0e276077f125dcfabd88caa"],
])(
  "%s: the round goes on from its snapshots, the run finishes, with the body of the older version",
  async (name, run) => {
    const folder = mkdtempSync(join(tmpdir(), "homebody-old-"));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(fixtures, name), folder, { recursive: true });
    const server = await createServer({
      run: join(folder, "run.yaml"),
      dataDir: join(folder, "state"),
      log: stderrLog("silent"),
    });
    ends.push(() => server.close());
    const steps: Record<string, number[]> = { a: [], b: [] };
    const volunteers = [];
    for (const source of ["a", "b"]) {
      const { volunteer } = await startHeadless({
        url: server.url,
        source,
        backend: "wasm",
        threads: 1,
        dataDir: join(folder, "volunteers", source),
        show: ({ activity, round }) => {
          if (activity.kind === "working" && activity.task.kind === "train" && round?.round === 3)
            steps[source]!.push(activity.task.done);
        },
      });
      ends.push(() => volunteer.close());
      volunteers.push(volunteer);
    }
    await Promise.all([server.finished, ...volunteers.map(({ ended }) => ended)]);
    expect(server.run).toBe(run);
    expect(server.figures()).toMatchObject({ published: 4, finished: true });
    // Each had made a step at least, and makes none of them again.
    for (const made of Object.values(steps)) expect(Math.min(...made)).toBeGreaterThanOrEqual(1);
    for (const volunteer of volunteers) expect(volunteer.view().roundsContributed).toBe(4);

    const blob = async (hash: Sha256) =>
      new Uint8Array(readFileSync(join(folder, "state", "blobs", hash.slice(0, 2), hash)));
    const tensors = (bytes: Uint8Array) => float32Tensors(decodeSafetensors(bytes));
    const last = tensors(await blob(server.state().body.sections[0]!.sha256));
    const expected = tensors(readFileSync(join(fixtures, name, "last-body.safetensors")));
    expect(last.layout).toEqual(expected.layout);
    // The same bits on one machine; another's wasm may round its sums otherwise, and training amplifies that.
    const norm = (numbers: Float32Array) => Math.hypot(...numbers);
    const difference = last.data.map((x, i) => x - expected.data[i]!);
    expect(norm(difference) / norm(expected.data)).toBeLessThan(1e-3);
  },
);
