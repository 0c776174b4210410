// [C47] Whoever has the deltas finds out a coordinator that averaged something else; and what a body is made of may be gone.

import { memoryClock } from "@homebody/clock/memory";
import { expect, test } from "vitest";
import { deltaOf } from "../../../test/deltas.ts";
import { average, deviceExchanges, verifyRun } from "../src/index.ts";
import { keepingAll, manifest, type Served, serve } from "./world.ts";

const run = manifest({}, { rounds: 5 });

async function play(served: Served, rounds: number): Promise<void> {
  const pair = [await served.join("one", "a"), await served.join("two", "b")] as const;
  for (let round = 1; round <= rounds; round++) {
    await served.clock.advance(1000);
    for (const [i, one] of pair.entries())
      expect(await one.deliver(round, deltaOf(run, `${round} ${i}`))).toBe("ok");
  }
  await served.clock.advance(0);
  expect(served.service().state().body.number).toBe(rounds);
}

async function verified({ disk, service }: Served) {
  const others = await disk.blobs.list();
  const { run } = service().state().manifest;
  const inputs = { ...disk, run, clock: memoryClock(), others, has: () => true, show: () => {} };
  return verifyRun(inputs);
}

test.each([
  ["off", "fp32"],
  ["int4", "fp32"],
  ["off", "fp16"],
  ["int8", "fp16"],
] as const)(
  "[C47] [C97] %s down, body %s: bodies are computed again in a chain, also those that are not kept any more",
  async (down, body) => {
    const served = await serve(keepingAll(manifest({ down, body }, { rounds: 12 })));
    await play(served, 12);
    expect(await verified(served)).toMatchObject({
      lost: [],
      different: [],
      unknown: [],
      recomputed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    });
    await served.close();
  },
);

test("[C47] a body that is not the mean of its deltas is named, and the one after it that follows from it is not", async () => {
  const served = await serve(keepingAll(run));
  await served.close();
  const { blobs } = served.disk;
  await served.start({
    average: (work, manifest) => {
      const exchangeOfDevice = deviceExchanges(() => manifest, blobs);
      const inputs = { manifest, blobs, faults: () => {}, exchangeOfDevice, clock: served.clock };
      // In round 2 one volunteer's delta is left out.
      return average(work.round === 2 ? { ...work, deltas: work.deltas.slice(1) } : work, inputs);
    },
  });
  await play(served, 4);
  expect(await verified(served)).toMatchObject({
    lost: [],
    recomputed: [1, 3, 4],
    different: [2],
    unknown: [],
  });
  await served.close();
});

test("[C47] where deltas are not kept nothing is said of bodies", async () => {
  const served = await serve(run);
  await play(served, 3);
  expect(await verified(served)).toMatchObject({
    lost: [],
    recomputed: [],
    different: [],
    unknown: [1, 2, 3],
  });
  await served.close();
});

test("[C47] [C77] a step that is not what follows from its round is found, though the body is", async () => {
  const served = await serve(keepingAll(manifest({ down: "int8" }, { rounds: 3 })));
  await served.close();
  const { blobs } = served.disk;
  await served.start({
    average: async (work, manifest) => {
      const exchangeOfDevice = deviceExchanges(() => manifest, blobs);
      const inputs = { manifest, blobs, faults: () => {}, exchangeOfDevice, clock: served.clock };
      const published = await average(work, inputs);
      if (work.round !== 2) return published;
      const other = { sha256: await blobs.put(new Uint8Array(8)), sizeBytes: 8 };
      return { ...published, steps: published.steps!.map((step) => ({ ...step, ...other })) };
    },
  });
  await play(served, 3);
  expect(await verified(served)).toMatchObject({ lost: [], recomputed: [1, 3], different: [2] });
  await served.close();
});

test("[C79] a step that the disk has lost is named, and stops nothing", async () => {
  const served = await serve(keepingAll(manifest({ down: "int8" }, { rounds: 3 })));
  await play(served, 2);
  const [step] = served.service().state().body.steps!;
  await served.close();
  await served.disk.blobs.remove(step!.sha256);
  await served.start();
  expect(served.troubles).toEqual([]);
  const { lost } = await verified(served);
  expect(lost).toEqual([expect.stringMatching(/missing; it is an outer step \(journal entry \d+\)/)]);
  await served.close();
});
