// A round that is averaged in a thread of its own, over the blobs of a data folder.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sha256, VolunteerId } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import type { AcceptedDelta, Aggregation } from "@homebody/coordinator";
import { exchangeOf } from "@homebody/dept";
import { average, deviceExchanges, type FaultPoint, putFirst } from "@homebody/service";
import { folderBlobs } from "@homebody/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest } from "../../../packages/dept/test/manifests.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { averagingThread } from "../src/closing/thread.ts";

const run = manifest({ codec: "fp16", outer: { kind: "nesterov", lr: 0.7, momentum: 0.9 } });
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "homebody-thread-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A closed round of three volunteers; its blobs are in the folder. */
async function closed() {
  const blobs = await folderBlobs(join(dataDir, "blobs"));
  const sections = await putFirst(run, exchangeOf(run).sections, blobs);
  const deltas: AcceptedDelta[] = [];
  for (const [i, source] of [run.sources[0]!, run.sources[0]!, run.sources[1]!].entries())
    deltas.push({
      ...{ kind: "accepted", round: 1, volunteer: `${i}`.repeat(32) as VolunteerId, source: source.id },
      ...{ delta: await blobs.put(deltaOf(run, `${i}`)), rows: null, sections: [] },
      ...{ steps: 6, tokens: 384, loss: 5, norm: 0.01, numbers: null, seniority: 1, carriesFrom: null },
    });
  const work: Aggregation = { round: 1, sections, deltas, outer: [] };
  const exchangeOfDevice = deviceExchanges(() => run, blobs);
  const inputs = { manifest: run, blobs, faults: () => {}, exchangeOfDevice, clock: systemClock };
  return { work, inputs, blobs };
}

test("it publishes what it would publish here, round after round, and passes the same points", {
  timeout: 60_000,
}, async () => {
  const { work, inputs, blobs } = await closed();
  const points: FaultPoint[] = [];
  const thread = averagingThread(dataDir, (point) => void points.push(point));
  const published = await thread.average(work, run);
  for (const { sha256 } of [...published.sections, ...published.outer])
    expect(await blobs.size(sha256)).toBeGreaterThan(0);
  expect(published).toEqual(await average(work, inputs));
  expect(points).toEqual(["close:after-aggregate", "publish:after-blob"]);
  const { sections, outer } = published;
  const next: Aggregation = { ...work, round: 2, sections, outer };
  expect(await thread.average(next, run)).toEqual(await average(next, inputs));
  await thread.close();
});

test("what fails in it is said, and it takes the next round; a thread that is gone is started again", {
  timeout: 60_000,
}, async () => {
  const { work, inputs } = await closed();
  let fails = false;
  const thread = averagingThread(dataDir, (point) => {
    if (fails) throw new Error(`stopped at ${point}`);
  });
  const missing = { ...work.deltas[0]!, delta: "0".repeat(64) as Sha256 };
  await expect(thread.average({ ...work, deltas: [missing] }, run)).rejects.toThrow("blobs/00/0000");
  fails = true;
  await expect(thread.average(work, run)).rejects.toThrow("stopped at close:after-aggregate");
  fails = false;
  const wanted = await average(work, inputs);
  expect(await thread.average(work, run)).toEqual(wanted);
  const cut = thread.average(work, run);
  await Promise.all([expect(cut).rejects.toThrow("ended by itself"), thread.close()]);
  expect(await thread.average(work, run)).toEqual(wanted);
  await thread.close();
});
