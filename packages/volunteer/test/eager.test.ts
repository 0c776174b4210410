// An eager run through the real rooms of a volunteer: it trains on while the line is slow, from what it makes of what it has.

import type { NamedTensors } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { exchangeOf, formsOf, startAhead } from "@homebody/dept";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import type { DeviceTrainer } from "../src/ports.ts";
import { storedNames } from "../src/stored-names.ts";
import type { Volunteer } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith, type RunOptions } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function world(options: RunOptions = {}) {
  const host = new Host(manifestWith({ codec: "fp32", overlap: "eager", ...options }));
  const own = deviceOf(host);
  /** What a round's first step found on the device, each time that one was loaded. */
  const starts: Float32Array[] = [];
  const device: typeof own.device = {
    ...own.device,
    trainer: (...inputs) => watched(own.device.trainer(...inputs), starts),
  };
  const start = async () => {
    const volunteer = await own.start({ device });
    ends.push(() => own.close(volunteer));
    return volunteer;
  };
  return { ...own, host, clock: host.clock, start, starts };
}

function watched(trainer: DeviceTrainer, starts: Float32Array[]): DeviceTrainer {
  let theta: Float32Array | null = null;
  return {
    ...trainer,
    load: (group, numbers) => {
      if (group === "theta") theta = numbers.data.slice();
      trainer.load(group, numbers);
    },
    step: (...batch) => {
      if (theta !== null) starts.push(theta);
      theta = null;
      return trainer.step(...batch);
    },
  };
}

type World = ReturnType<typeof world>;

const isSettled = (volunteer: Volunteer, rounds: number) => volunteer.view().roundsContributed === rounds;
const reached = ({ device, clock }: World, steps: number) =>
  clock.until(`step ${steps}`, () => device.steps() === steps);

function deltaOf({ host }: World, round: number): NamedTensors {
  return decodeDelta(host.deltas.get(round)!, formsOf(exchangeOf(host.manifest)))[0]!.numbers;
}

/** Two rounds of this many volunteers, of whom the others move nothing, and the third one ahead. */
async function threeRounds(own: World, slots: number) {
  const { host, clock } = own;
  const volunteer = await own.start();
  const bodies = [host.numbers()[0]!];
  for (const round of [1, 2]) {
    host.open(round, { slots });
    await clock.until(`delta ${round}`, () => host.accepted.has(round));
    await reached(own, 4 * round + 1); // of the next round
    host.next(round);
    bodies.push(host.numbers()[0]!);
    host.announce({
      paused: false,
      body: host.body,
      kind: "gathering",
      round: round + 1,
      ready: 1,
      minimum: 2,
    });
  }
  await reached(own, 12);
  await clock.advance(60_000);
  return { bodies, volunteer };
}

test("[V54] [V55] [V57] the next round trains while a delta is on its way, and its delta waits for it to open", async () => {
  const own = world();
  const { host, clock, device } = own;
  host.byChunks = true;
  const release = host.hold(events.chunk);
  host.open(1);
  const volunteer = await own.start();
  await clock.until("the upload", () => host.count(events.chunk) === 1);
  await reached(own, 8);
  await clock.advance(60_000);
  expect([device.steps(), host.accepted.size]).toEqual([8, 0]);
  release();
  await clock.until("settled", () => isSettled(volunteer, 1));
  await clock.advance(60_000);
  expect([device.steps(), host.count(events.open)]).toEqual([8, 1]);
  host.next(1);
  host.open(2);
  await clock.until("settled", () => isSettled(volunteer, 2));
  expect(host.accepted.get(1)).not.toHaveProperty("body");
  expect(host.accepted.get(2)).toMatchObject({ body: 0 });
});

test.each([1, 2])(
  "[V55] among %i volunteers it starts from the body, its late step and the fresh delta",
  async (slots) => {
    const own = world();
    const { bodies } = await threeRounds(own, slots);
    const [first, second] = [deltaOf(own, 1), deltaOf(own, 2)];
    const [none, before, body] = bodies as [NamedTensors, NamedTensors, NamedTensors];
    const share = 1 / slots;
    expect(own.starts).toHaveLength(3);
    expect(own.starts[0]).toEqual(none.data);
    const known = { body: none, before: null, own: first, ownBefore: null };
    expect(own.starts[1]).toEqual(startAhead(known, share).data);
    const next = { body: before, before: none, own: second, ownBefore: first };
    expect(own.starts[2]).toEqual(startAhead(next, share).data);
    // Alone, that is the next body, as well as its numbers can say.
    const off = Math.max(...own.starts[2]!.map((value, i) => Math.abs(value - body.data[i]!)));
    if (slots === 1) expect(off).toBeLessThan(1e-6);
    else expect(off).toBeGreaterThan(1e-4);
  },
);

test("[P63] [V54] when its round opens, the delta goes with the body that it names, and the next round is trained ahead", async () => {
  const own = world();
  const { volunteer } = await threeRounds(own, 2);
  const { host, clock } = own;
  host.open(3);
  await clock.until("settled", () => isSettled(volunteer, 3));
  expect(host.accepted.get(3)).toMatchObject({ body: 1, steps: 4 });
  await reached(own, 16);
});

test("[V59] closed in a round ahead and opened again, it goes on from there, and the delta is the same", async () => {
  const whole = world({ localSteps: 6 });
  const play = async (own: World, closedAt: number | null) => {
    const { host, clock } = own;
    host.open(1);
    const first = await own.start();
    await clock.until("settled", () => isSettled(first, 1));
    if (closedAt !== null) {
      await reached(own, closedAt);
      expect(first.view().round).toEqual({
        ...{ round: 2, localSteps: 6, stage: "train", step: closedAt - 6, deadline: null },
      });
      await own.close(first);
      await own.start();
    }
    await reached(own, 12);
    host.next(1);
    host.open(2);
    await clock.until("the delta", () => host.accepted.has(2));
    return host.accepted.get(2)!;
  };
  const expected = await play(whole, null);
  expect(expected).toMatchObject({ body: 0, steps: 6 });
  for (const closedAt of [8, 11]) expect(await play(world({ localSteps: 6 }), closedAt)).toEqual(expected);
});

test("[V9] [V48] [V56] a delta that is refused takes the round ahead with it, and home and residual are as they were", async () => {
  const own = world({ codec: { kind: "sparse2", k: 1 }, errorFeedback: { decay: 0.95, rounds: 4 } });
  const { host, clock, files } = own;
  host.open(1);
  const volunteer = await own.start();
  await clock.until("settled", () => isSettled(volunteer, 1));
  const home = files.get(storedNames.home)!.slice();
  host.next(1);
  host.refusals.set(events.open, "stale");
  host.open(2);
  await clock.until("the refusal", () => volunteer.view().refusal?.reason === "stale");
  await clock.until("settled", () => !files.has(storedNames.delta(2)));
  host.refusals.clear();
  await clock.advance(60_000);
  expect(files.get(storedNames.home)).toEqual(home);
  expect([...files.keys()].filter((name) => name.startsWith("delta"))).toEqual([]);
  host.open(3);
  await clock.until("settled", () => isSettled(volunteer, 2));
  expect(host.accepted.get(3)).not.toHaveProperty("body");
});

test("[V4] [V9] [V47] closed at any moment and opened again, every round counts once, and home follows the last one", async () => {
  const play = async (closedAt: number | null) => {
    const own = world({ codec: { kind: "sparse2", k: 1 }, errorFeedback: { decay: 0.95, rounds: 4 } });
    const { host, clock } = own;
    let running = await own.start();
    for (const round of [1, 2, 3]) {
      host.open(round);
      const isClosed = () => closedAt !== null && host.log.length >= closedAt;
      await clock.until("the moment, or the delta", () => host.accepted.has(round) || isClosed());
      if (isClosed()) {
        closedAt = null;
        await own.close(running);
        running = await own.start();
        await clock.until("the delta", () => host.accepted.has(round));
      }
      host.next(round);
    }
    await clock.until("settled", () => isSettled(running, 3));
    const home = new TextDecoder().decode(own.files.get(storedNames.home)!.subarray(0, 4000));
    expect(home).toContain('\\"round\\":3');
    await own.close(running);
    return host.log.length;
  };
  const moments = await play(null);
  for (let moment = 1; moment < moments; moment++) await play(moment);
});

test("[V60] the body that came while it trained is evaluated between two rounds, and once", async () => {
  const own = world();
  const { host, clock } = own;
  await threeRounds(own, 2);
  expect(host.evaluations.map(({ body }) => body)).toEqual([0, 1, 2]);
  host.open(3);
  await reached(own, 16);
  await clock.advance(60_000);
  expect(host.evaluations).toHaveLength(3);
});

test("[V55] a body that comes again, as of a body that stands still, is one that a round ahead may start from", async () => {
  const own = world();
  const { host, clock } = own;
  const volunteer = await own.start();
  for (const round of [1, 2, 3]) {
    host.open(round, { slots: 2 });
    await clock.until(`delta ${round}`, () => host.accepted.has(round));
    await reached(own, 4 * round + 1);
    host.deltas.clear(); // nothing is averaged: the next body is the same one
    host.next(round);
  }
  await clock.until("settled", () => isSettled(volunteer, 3));
  expect([...host.accepted.values()].map(({ body }) => body)).toEqual([undefined, 0, 1]);
});
