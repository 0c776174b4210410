// Small runs by the hundred, each by a seed: volunteers come, go and stop dead, lines are lost, messages late and doubled, and the
// coordinator is killed between any two calls of its disk. SIM_SECONDS=3600 makes nights of it.

import { memoryClock } from "@homebody/clock/memory";
import { memoryBlobs } from "@homebody/store/memory";
import { expect, test } from "vitest";
import { type Texts, textsOf } from "../src/index.ts";
import { type Played, play } from "./fuzz/play.ts";
import { scriptOf } from "./fuzz/script.ts";

let prepared: Promise<Texts> | undefined;
const texts = () => {
  prepared ??= textsOf(scriptOf(0).manifest, memoryBlobs(), { seed: 0, clock: memoryClock() });
  return prepared;
};

async function played(seed: number): Promise<Played> {
  const script = scriptOf(seed);
  try {
    return await play(script, await texts());
  } catch (error) {
    const { manifest, ...rest } = script;
    const { variant, codec, outer, weighting, rounds, round, training } = manifest;
    const shown = { ...rest, variant, codec, outer, weighting, rounds, round, training };
    throw new Error(`seed ${seed}\n${JSON.stringify(shown, null, 1)}\n${(error as Error).stack}`, {
      cause: error,
    });
  }
}

/** Seeds that once failed, and what was wrong: none so far but the scripts' own mistakes. */
const oldFailures: readonly (readonly [seed: number, what: string])[] = [];

for (const [seed, what] of oldFailures)
  test(`once: ${what} (seed ${seed})`, async () => {
    await played(seed);
  });

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

test("[C1] [C3] [C6] [C7] [C8] [C10] [C14] [P5] [P13] [V4] [V9] whatever happens, the rules hold", {
  timeout: 300_000,
}, async () => {
  const all: Played[] = [];
  for (const seed of seeds) all.push(await played(seed));
  const sum = (of: (one: Played) => number) => all.reduce((total, one) => total + of(one), 0);
  // It is not vacuous.
  expect(sum(({ published }) => published)).toBeGreaterThan(seeds.length);
  expect(sum(({ lapsed }) => lapsed)).toBeGreaterThan(20);
  expect(sum(({ kills }) => kills)).toBeGreaterThan(100);
  expect(sum(({ finished }) => Number(finished))).toBeGreaterThan(seeds.length / 2);
});

const nightSeconds = Number(process.env.SIM_SECONDS ?? 0);

test.runIf(nightSeconds > 0)("a night of it", { timeout: 1000 * nightSeconds + 600_000 }, async () => {
  const end = performance.now() + 1000 * nightSeconds;
  const first = Number(process.env.SIM_SEED ?? 1000);
  let seed = first;
  for (; performance.now() < end; seed++) await played(seed);
  process.stderr.write(`seeds ${first} to ${seed - 1}: the rules held\n`);
});
