// Error feedback through the real rooms of a volunteer: what its deltas leave out, kept and carried on.

import { type NamedTensors, namedTensors } from "@homebody/base";
import { decodeDelta, encodeDelta, type Residual, withResidual } from "@homebody/codec";
import { exchangeFor, exchangeOf, rowMapFrom } from "@homebody/dept";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { storedNames } from "../src/stored-names.ts";
import { storedState } from "../src/stored-state.ts";
import type { Volunteer } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith, type RunOptions } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const feedback = { decay: 0.95, rounds: 4 };
const sparse: RunOptions = { codec: { kind: "sparse2", k: 1 }, errorFeedback: feedback };

function world(options: RunOptions = {}) {
  const host = new Host(manifestWith({ ...sparse, ...options }));
  const device = deviceOf(host);
  return {
    host,
    ...device,
    clock: host.clock,
    /** What is stored, once the device has said which rows it holds. */
    residual: async (round: number) => {
      const rows = host.hellos[0]?.rows;
      const map = rows === undefined ? null : rowMapFrom(rows, 300);
      return storedState(device.disk, exchangeFor(host.manifest, host.manifest.sources[0]!, map)).residual(
        round,
      );
    },
    start: async () => {
      const volunteer = await device.start();
      ends.push(() => device.close(volunteer));
      return volunteer;
    },
  };
}

type World = ReturnType<typeof world>;

/** Rounds that begin from one body, as nothing is averaged: so what they train does not follow from what was sent. */
async function deliver({ host, clock }: World, rounds: readonly number[]) {
  for (const round of rounds) {
    host.open(round);
    await clock.until(`delta ${round}`, () => host.accepted.has(round));
  }
}

/** By round, what is moved where this happens: a run in which nothing is left out says it. */
async function moved(play: (own: World) => Promise<void>): Promise<ReadonlyMap<number, NamedTensors>> {
  const exact = world({ codec: "fp32", errorFeedback: "off" });
  await exact.start();
  await play(exact);
  const [theta] = exchangeOf(exact.host.manifest).sections;
  const form = { codec: "fp32", layout: theta!.layout } as const;
  return new Map(
    [...exact.host.deltas].map(([round, bytes]) => [round, decodeDelta(bytes, [form])[0]!.numbers]),
  );
}

/** The bytes and the residual of a round, by hand. */
function expected(trained: NamedTensors, before: Residual | null, round: number) {
  const whole = withResidual(trained, before, round, feedback);
  const dropped = namedTensors(whole.layout);
  const section = { codec: sparse.codec!, numbers: whole };
  return { ...encodeDelta([section], [dropped.data]), residual: { round, numbers: dropped } };
}

const isSettled = (volunteer: Volunteer, rounds: number) => volunteer.view().roundsContributed === rounds;

test("[V47] what a delta leaves out goes into the next one, less for each round since", async () => {
  const rounds = [1, 2, 4];
  const trained = await moved((exact) => deliver(exact, rounds));
  const own = world();
  const volunteer = await own.start();
  await deliver(own, rounds);
  let before: Residual | null = null;
  for (const round of rounds) {
    const { bytes, residual } = expected(trained.get(round)!, before, round);
    expect(own.host.deltas.get(round)).toEqual(bytes);
    before = residual;
  }
  await own.clock.until("settled", () => isSettled(volunteer, 3));
  expect(await own.residual(4)).toEqual([before]);
});

test("[V47] closed at any moment and opened again, it sends the same deltas, and keeps the same residual", async () => {
  const rounds = [1, 2];
  const undisturbed = world();
  const volunteer = await undisturbed.start();
  for (const round of rounds) {
    await deliver(undisturbed, [round]);
    undisturbed.host.next(round);
  }
  await undisturbed.clock.until("settled", () => isSettled(volunteer, 2));
  const moments = undisturbed.host.log.length;
  for (let moment = 1; moment < moments; moment++) {
    const own = world();
    const { host, clock } = own;
    let running = await own.start();
    let closed = false;
    for (const round of rounds) {
      host.open(round);
      await clock.until(
        "the moment, or the delta",
        () => host.accepted.has(round) || (!closed && host.log.length >= moment),
      );
      if (!closed && host.log.length >= moment) {
        closed = true;
        await own.close(running);
        running = await own.start();
        await clock.until("the delta", () => host.accepted.has(round));
      }
      host.next(round);
    }
    await clock.until("settled", () => isSettled(running, 2));
    expect([...host.deltas], `closed at ${host.log[moment]!.what}`).toEqual([...undisturbed.host.deltas]);
    expect(await own.residual(2)).toEqual(await undisturbed.residual(2));
    await own.close(running);
  }
});

test("[V48] a delta that is refused leaves the residual as it was before the round", async () => {
  const trained = await moved((exact) => deliver(exact, [1, 3])); // words are what round 1 left
  const own = world();
  const { host, clock, files } = own;
  const volunteer = await own.start();
  await deliver(own, [1]);
  await clock.until("settled", () => isSettled(volunteer, 1));
  const { residual } = expected(trained.get(1)!, null, 1);
  const home = files.get(storedNames.home)!.slice();
  host.refusals.set(events.open, "too-far");
  host.open(2);
  await clock.until("the refusal", () => volunteer.view().refusal?.reason === "too-far");
  await clock.until("settled", () => !files.has(storedNames.delta(2)));
  expect(files.get(storedNames.home)).toEqual(home);
  expect(await own.residual(1)).toEqual([residual]);
  host.refusals.clear();
  await deliver(own, [3]);
  expect(host.deltas.get(3)).toEqual(expected(trained.get(3)!, residual, 3).bytes);
});

test("[V49] a residual that is too old is dropped", async () => {
  const trained = await moved((exact) => deliver(exact, [1, 6]));
  const own = world();
  await own.start();
  await deliver(own, [1, 6]);
  expect(own.host.deltas.get(6)).toEqual(expected(trained.get(6)!, null, 6).bytes);
});

test("[V49] a round whose delta was lost carries nothing of it when it is trained once more", async () => {
  const lose = async (own: World) => {
    const { host, clock, files } = own;
    await deliver(own, [1]);
    await clock.until("settled", () => files.has(storedNames.home));
    host.accepted.clear();
    if (host.announcement.kind === "training") host.announce({ ...host.announcement, lost: true });
    await clock.until("the delta", () => host.accepted.has(1));
  };
  const trained = await moved(lose);
  const own = world();
  await own.start();
  await lose(own);
  expect(own.host.deltas.get(1)).toEqual(expected(trained.get(1)!, null, 1).bytes);
});

test("[V49] forgetting deletes the residual with the words", async () => {
  const own = world();
  const volunteer = await own.start();
  await deliver(own, [1]);
  await own.clock.until("settled", () => isSettled(volunteer, 1));
  expect(await own.residual(1)).not.toBeNull();
  await volunteer.forget();
  await expect(own.residual(1)).rejects.toThrow("expected home tensors of round 1");
  expect(own.files.size).toBe(0);
});

test.each(["glob", "trim"] as const)(
  "[V47] %s: of every section that travels, in the rows that are held",
  async (variant) => {
    const own = world({ variant });
    const volunteer = await own.start();
    await deliver(own, [1, 2]);
    await own.clock.until("settled", () => isSettled(volunteer, 2));
    const residual = (await own.residual(2))!;
    expect(residual.map(({ round }) => round)).toEqual([2, 2, 2]);
    const { layout } = residual[1]!.numbers;
    const whole = exchangeOf(own.host.manifest).sections[1]!.layout;
    expect(layout.slots[0]!.shape[0] === whole.slots[0]!.shape[0]).toBe(variant === "glob");
    for (const { numbers } of residual) expect(numbers.data.some((x) => x !== 0)).toBe(true);
  },
);
