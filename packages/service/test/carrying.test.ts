// Error feedback as the coordinator sees it: who may carry how much, and how it is clipped.

import { namedTensors, random } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { exchangeOf } from "@homebody/dept";
import { expect, test } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { reachOf } from "../src/inbox/reach.ts";
import { keepingAll, manifest, serve } from "./world.ts";

const run = keepingAll(manifest({ codec: "int2" }, { rounds: 5 }));
const { localSteps } = run.training;
const [theta] = exchangeOf(run).sections;

/** All numbers so many times as far as the training of a round can move them, by signs of a seed. */
function delta(round: number, times: number, seed: string): Uint8Array {
  const [stepsBefore, totalSteps] = [localSteps * (round - 1), localSteps * run.rounds];
  const steps = { steps: localSteps, localSteps, stepsBefore, totalSteps };
  const reach = reachOf(run.training, theta!, steps);
  const dice = random(seed);
  const numbers = namedTensors(theta!.layout);
  for (const { shape, offset, size } of theta!.layout.slots)
    for (let i = offset; i < offset + size; i++)
      numbers.data[i] = (dice.below(2) - 0.5) * 2 * times * reach({ shape }, 0).rootMeanSquare;
  return encodeDelta([{ codec: "int2", numbers }]).bytes;
}

test("[P56] [C61] [C62] whoever delivered may carry what it left out, after a restart too, and a newcomer nothing", async () => {
  const served = await serve(run);
  const one = await served.join("one", "a");
  const two = await served.join("two", "b");
  await served.clock.advance(1000);
  for (const [i, member] of [one, two].entries())
    expect(await member.deliver(1, delta(1, 0.9, `1 ${i}`))).toBe("ok");
  await served.clock.advance(1000);
  served.kill();
  await served.start();
  const members = [await served.join("one", "a"), await served.join("two", "b")];
  const three = await served.join("three", "a");
  const four = await served.join("four", "b");
  await served.clock.advance(1000);
  for (const [i, member] of members.entries())
    expect(await member.deliver(2, delta(2, 1.4, `2 ${i}`))).toBe("ok");
  await served.clock.advance(1000);
  expect(await members[0]!.deliver(3, delta(3, 4, "too much"))).toBe("too-far");
  expect(await members[0]!.deliver(3, delta(3, 2, "three rounds"))).toBe("ok");
  expect(await three.deliver(3, delta(3, 1.4, "nothing yet"))).toBe("too-far");
  expect(await three.deliver(3, delta(3, 0.2, "its own"))).toBe("ok");
  expect(await four.deliver(3, delta(3, 0.2, "its own, too"))).toBe("ok");
  expect(await members[1]!.deliver(3, delta(3, 0.2, "no more"))).toBe("ok");
  await served.clock.advance(1000);
  const entries = await served.entries();
  const carried = entries.flatMap(({ fact }) => (fact.kind === "accepted" ? [fact.carriesFrom] : []));
  expect(carried).toEqual([null, null, 1, 1, 2, null, null, 2]);
  // Among as many newcomers as others it may be 1.65 times as long as they may: three times the median, of which it had ten.
  const { clipped } = entries.findLast(({ fact }) => fact.kind === "published")!.fact as {
    readonly clipped: readonly { readonly kept: number }[];
  };
  expect(clipped.map(({ kept }) => kept)).toEqual([
    expect.closeTo(0.3 * Math.sqrt(1 + 0.95 ** 2 + 0.95 ** 4), 1),
  ]);
  expect(await assertMeans(entries, "any", served.blob)).toEqual([1, 2, 3]);
  expect(served.troubles).toEqual([]);
  await served.close();
});
