// Rounds with a time box [V61-V64], through a volunteer's real rooms, over ports in memory.

import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import type { MemoryDeviceOptions } from "../src/memory/index.ts";
import { deviceOf, Host, manifestWith } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function boxed(seconds: number, options: MemoryDeviceOptions & { readonly leastSteps?: number } = {}) {
  const { leastSteps = 1, ...own } = options;
  const host = new Host(manifestWith({ localSteps: 100, timeBox: { seconds, leastSteps } }));
  const device = deviceOf(host, own);
  const start = async (more: Parameters<typeof device.start>[0] = {}) => {
    const volunteer = await device.start(more);
    ends.push(() => device.close(volunteer));
    return volunteer;
  };
  const delivered = async (round: number) => {
    await host.clock.until(`delta ${round}`, () => host.accepted.has(round));
    const { steps, tokens } = host.accepted.get(round)!;
    return { steps, tokens, atSeconds: host.clock.elapsed() / 1000 };
  };
  return { host, clock: host.clock, start, close: device.close, delivered };
}

test("[V61] a slow device and a fast one end together, and each says how many steps and tokens it made", async () => {
  const play = async (stepMs: number) => {
    const { host, start, delivered } = boxed(20, { stepMs, evaluateMs: 1 });
    host.open(1);
    await start();
    return delivered(1);
  };
  const [fast, slow] = [await play(400), await play(4000)];
  expect([fast.steps, slow.steps]).toEqual([49, 4]);
  expect(fast.tokens).toBeGreaterThan(10 * slow.tokens);
  for (const { atSeconds } of [fast, slow]) {
    expect(atSeconds).toBeGreaterThan(20 - 4.1);
    expect(atSeconds).toBeLessThan(20.1);
  }
});

test("[V61] no step begins that would not end in time: by the speed that is known, rests included, over a reload too", async () => {
  const { host, start, close, delivered } = boxed(12, { stepMs: 5000, evaluateMs: 1 });
  host.open(1);
  const first = await start();
  expect((await delivered(1)).steps).toBe(2);
  await host.clock.until("settled", () => first.view().roundsContributed === 1);
  await close(first);
  host.next(1);
  const again = await start({ intensity: "balanced" });
  await host.clock.until("nothing to do", () => again.view().activity.kind === "waiting");
  host.open(2);
  // A step of five seconds takes eight and a third: the second would end after sixteen.
  expect((await delivered(2)).steps).toBe(1);
});

test("[V61] what it will make is shown as it trains, and is told", async () => {
  const { host, start, clock } = boxed(20, { stepMs: 1000, evaluateMs: 1 });
  host.open(1);
  const volunteer = await start();
  await clock.until("step 3", () => (volunteer.view().round?.step ?? 0) === 3);
  expect(volunteer.view().round).toMatchObject({ stage: "train", step: 3, localSteps: 19 });
});

test("[V34] [V61] the page's curve goes on from round to round, step by step of this device", async () => {
  const { host, start, clock, delivered } = boxed(10, { stepMs: 1000, evaluateMs: 1 });
  host.open(1);
  const volunteer = await start();
  const first = (await delivered(1)).steps;
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  const second = (await delivered(2)).steps;
  const steps = volunteer.view().losses.map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: first + second }, (_, i) => i + 1));
});

test("[V61] never more than the round's local steps", async () => {
  const { host, start, delivered } = boxed(20, { stepMs: 100, evaluateMs: 1 });
  host.open(1);
  await start();
  const { steps, atSeconds } = await delivered(1);
  expect(steps).toBe(100);
  expect(atSeconds).toBeLessThan(11);
});

test("[V62] a round that was interrupted has the time that is left: it goes on from its snapshot, or sends that", async () => {
  const { host, start, close, clock, delivered } = boxed(20, { stepMs: 1000, evaluateMs: 1 });
  host.open(1);
  const first = await start({ snapshotMs: 0 });
  await clock.until("step 5", () => (first.view().round?.step ?? 0) === 5);
  await close(first);
  await clock.advance(10_000);
  const { boxMs, ...others } = host.announcement as typeof host.announcement & { boxMs: number };
  host.announcement = { ...others, boxMs: boxMs - clock.elapsed() } as typeof host.announcement;
  const again = await start({ snapshotMs: 0 });
  const made = (await delivered(1)).steps;
  expect(made).toBeGreaterThan(6);
  expect(made).toBeLessThan(11);
  await clock.until("settled", () => again.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  await clock.until("step 5", () => (again.view().round?.step ?? 0) === 5);
  again.pause();
  await clock.advance(60_000);
  const resumedAt = clock.elapsed();
  again.resume();
  const late = await delivered(2);
  expect(late.steps).toBeLessThanOrEqual(6); // the step that was under way is one of them
  expect(late.atSeconds * 1000 - resumedAt).toBeLessThan(1000);
});

test("[V63] it makes the least steps however long they take", async () => {
  const { host, start, delivered } = boxed(20, { stepMs: 9000, evaluateMs: 1, leastSteps: 3 });
  host.open(1);
  await start();
  expect((await delivered(1)).steps).toBe(3);
});

test.each([
  [1, 4],
  [12, 12],
])(
  "[V64] finish: with the least steps (%i) it sends what it has (%i), and leaves",
  async (leastSteps, made) => {
    const { host, start, clock } = boxed(60, { stepMs: 1000, evaluateMs: 1, leastSteps });
    host.open(1);
    const volunteer = await start();
    await clock.until("step 3", () => (volunteer.view().round?.step ?? 0) === 3);
    volunteer.finish();
    let ending: string | undefined;
    void volunteer.ended.then((how) => {
      ending = how;
    });
    await clock.until("it left", () => ending !== undefined);
    expect([ending, host.accepted.get(1)!.steps, host.count(events.leave)]).toEqual(["asked", made, 1]);
  },
);
