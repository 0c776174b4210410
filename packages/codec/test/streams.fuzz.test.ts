// [W5] [W6] Sections that are almost right, each by a seed: they are refused with a DeltaError, or they are numbers of just the
// expected layout, all of them finite. FUZZ_SECONDS=3600 FUZZ_SEED=N makes nights of it.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { random } from "@homebody/base";
import { expect, test } from "vitest";
import { DeltaError } from "../src/index.ts";
import { inputFrom, type Target, targetOf } from "./streams.ts";

const inputsOfTarget = 200;

interface Played {
  readonly seed: number;
  readonly inputs: number;
  readonly accepted: number;
}

/** Targets from a seed on, with some inputs each, until it is enough. */
function play(first: number, isEnough: (inputs: number) => boolean): Played {
  let [seed, inputs, accepted] = [first, 0, 0];
  for (; !isEnough(inputs); seed++) {
    const dice = random(`streams ${seed}`);
    const target = targetOf(dice);
    for (let i = 0; i < inputsOfTarget; i++) {
      try {
        if (isRead(target, inputFrom(target, dice))) accepted++;
      } catch (cause) {
        throw new Error(`seed ${seed}, input ${i}, ${target.codec.name}`, { cause });
      }
      inputs++;
    }
  }
  return { seed, inputs, accepted };
}

/** Whether it is a section; throws where it is neither that nor refused. */
function isRead({ codec, layout }: Target, bytes: Uint8Array): boolean {
  try {
    const { numbers, sizeBytes } = codec.decode(bytes, layout);
    if (
      numbers.data.length !== layout.size ||
      sizeBytes > bytes.length ||
      !numbers.data.every(Number.isFinite)
    )
      throw new Error(`expected ${layout.size} finite numbers of at most ${bytes.length} bytes`);
    return true;
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return false;
  }
}

test("[W5] [W6] sections that are almost right are refused, or are finite numbers", () => {
  const { inputs, accepted } = play(0, (inputs) => inputs >= 20_000);
  // Some are right all the same, and most are not.
  expect(accepted).toBeGreaterThan(inputs / 100);
  expect(accepted).toBeLessThan(inputs * 0.9);
});

const nightSeconds = Number(process.env.FUZZ_SECONDS ?? 0);

test.runIf(nightSeconds > 0)("a night of it", { timeout: 1000 * nightSeconds + 600_000 }, () => {
  const began = performance.now();
  const share = () => (performance.now() - began) / (1000 * nightSeconds);
  const first = Number(process.env.FUZZ_SEED ?? 1000);
  const heap: number[] = [];
  let [seed, all, read] = [first, 0, 0];
  for (let tenth = 1; tenth <= 10; tenth++) {
    const played = play(seed, () => share() >= tenth / 10);
    seed = played.seed;
    all += played.inputs;
    read += played.accepted;
    heap.push(heapMegabytes());
    process.stdout.write(
      `seeds ${first} to ${seed - 1}: ${all} inputs, ${read} of them read; heap by tenths ${heap.join(", ")} MB\n`,
    );
  }
  expect(heap.at(-1)! - heap[1]!, `heap by tenths: ${heap.join(", ")}`).toBeLessThan(50);
});

function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return Math.round(process.memoryUsage().heapUsed / 1e5) / 10;
}
