// The device of a cost model: what its steps come to is worked out here step by step, number by number.

import { memoryClock } from "@homebody/clock/memory";
import { modelConfig } from "@homebody/model/config";
import { groups, initialParameters } from "@homebody/model/parameters";
import { expect, test } from "vitest";
import { costedDevice } from "../src/memory/index.ts";

const overrides = { width: 8, heads: 1, hidden: 8 };
const config = modelConfig({ family: "gpt2", depth: 1, context: 8, overrides }, 16);
const adam = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, clip: 1 } as const;
const ids = (seed: number) => Int32Array.from({ length: 16 }, (_, i) => (seed * 5 + i * i) % 16);
const batchOf = (seed: number) => ({ inputs: ids(seed), targets: ids(seed + 1), rows: 2, context: 8 });

/** As costed-device.ts has it. */
function markOf({ inputs, targets }: ReturnType<typeof batchOf>): number {
  return inputs.reduce((sum, id, i) => (31 * sum + 7 * id + targets[i]!) % 1009, 0) / 1009;
}

test("steps go down the bowl, loss is what it was before each, and a group without a rate stands still", async () => {
  const clock = memoryClock();
  const times = { startMs: 0, stepMs: () => 100, evaluateMs: () => 30 };
  const trainer = costedDevice(clock, times).trainer({ config, ...adam });
  const values = new Map(groups.map((group) => [group, initialParameters(config, [group], "bowl").data]));
  for (const group of groups) trainer.load(group, initialParameters(config, [group], "bowl"));
  const all = () => [...values.values()].flatMap((data) => [...data]);
  const lossAt = (mark: number) => all().reduce((sum, p) => sum + (p - mark) ** 2 / 2, 0) / all().length;
  const losses: number[] = [];
  const done = (async () => {
    for (const [i, rates] of [0.1, { theta: 0.2, phi: null, psi: 0.3 }].entries())
      losses.push((await trainer.step(batchOf(i), rates)).loss);
    losses.push((await trainer.evaluate(batchOf(7))).nats / 16);
  })();
  await clock.advance(230);
  await done;
  const expected: number[] = [];
  for (const [i, rates] of [
    { theta: 0.1, phi: 0.1, psi: 0.1 },
    { theta: 0.2, phi: 0, psi: 0.3 },
  ].entries()) {
    const mark = markOf(batchOf(i));
    expected.push(lossAt(mark));
    for (const [group, data] of values)
      for (let j = 0; j < data.length; j++) data[j]! -= (rates[group] / 2) * (data[j]! - mark);
  }
  expected.push(lossAt(markOf(batchOf(7))));
  for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[i]!, 5);
  for (const [group, data] of values) {
    const read = (await trainer.read(group)).data;
    expect(read.length).toBe(data.length);
    for (let j = 0; j < data.length; j++) expect(read[j]).toBeCloseTo(data[j]!, 5);
  }
});

test("time passes as it is said, and a token that is none is refused", async () => {
  const clock = memoryClock();
  const trainer = costedDevice(clock, { startMs: 0, stepMs: () => 100, evaluateMs: () => 30 }).trainer({
    config,
    ...adam,
  });
  let ended = false;
  void trainer.step(batchOf(1), 0.1).then(() => {
    ended = true;
  });
  await clock.advance(99);
  expect(ended).toBe(false);
  await clock.advance(1);
  expect(ended).toBe(true);
  const wrong = { ...batchOf(1), inputs: new Int32Array(16).fill(16) };
  await expect(trainer.step(wrong, 0.1)).rejects.toThrow("tokens from 0 to 15");
});
