// The production's volunteers and the production's coordinator in one process and in virtual time, lines that are slow and
// lost between them. Only the engine is a small one in memory.

import { type Ending, startVolunteer, type Volunteer } from "@homebody/volunteer";
import { memoryDisk as deviceDisk, memoryDevice } from "@homebody/volunteer/memory";
import { expect, test } from "vitest";
import { secretOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { hostDisk } from "../src/memory/index.ts";
import { breakable, keepingAll, manifest, serve } from "./world.ts";

test("real volunteers take a run to its end: slow lines are lost, the coordinator is killed, its disk is full", async () => {
  const disk = hostDisk();
  const blobs = breakable(disk.blobs, ["put"]);
  const lines = Array.from({ length: 30 }, (_, i) =>
    JSON.stringify({ text: `the body travels ${i * i} far` }),
  );
  const text = new TextEncoder().encode(`${lines.join("\n")}\n`);
  const hash = await disk.blobs.put(text);
  const served = { train: hash, trainBytes: text.length, heldOut: null, heldOutBytes: 0 };
  const plain = manifest({}, { rounds: 3 });
  const run = { ...plain, sources: plain.sources.map((source) => ({ ...source, served })) };
  const world = await serve(keepingAll(run), {
    disk: { ...disk, blobs: blobs.port },
    travel: (_, bytes) => 40 + bytes / 100, // 100 kB a second
  });
  const volunteers: Volunteer[] = [];
  for (const [name, { id }] of [
    ["one", run.sources[0]!],
    ["two", run.sources[1]!],
  ] as const)
    volunteers.push(
      await startVolunteer({
        ...{ manifest: run, source: id, files: null, host: "node", clock: world.clock },
        ...{ secret: secretOf(name), wordsSecret: secretOf(`${name}'s words`) },
        ...{ net: world.net(name), disk: deviceDisk(), device: memoryDevice(world.clock) },
        show: () => {},
      }),
    );
  const isIn = (round: number) => () => world.service().state().body.number >= round;
  await world.clock.until("round 1", isIn(1));
  world.cut(); // while they train for the second
  await world.clock.advance(5000);
  world.mend();
  await world.clock.until("round 2", isIn(2));
  world.kill();
  await world.clock.advance(5000);
  await world.start();
  blobs.set(true);
  await world.clock.until("trouble", () => world.troubles.length > 2); // it is tried again and again
  blobs.set(false);
  const ends: Ending[] = [];
  for (const { ended } of volunteers) void ended.then((ending) => ends.push(ending));
  await world.clock.until("the end", () => ends.length === volunteers.length);
  expect([ends, world.service().state().phase.kind]).toEqual([["finished", "finished"], "finished"]);
  expect(await assertMeans(await world.entries(), 2, world.blob)).toEqual([1, 2, 3]);
  expect(world.service().figures().scores.a?.length).toBeGreaterThan(0);
  for (const volunteer of volunteers) await volunteer.close();
  await world.close();
});
