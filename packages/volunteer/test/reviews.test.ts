// A volunteer that is asked to measure a peer's delta, through its real rooms over ports in memory.

import { namedTensors, sha256Of } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { exchangeFor } from "@homebody/dept";
import { events, type ReviewOrder } from "@homebody/protocol";
import { NotFiniteError } from "@homebody/train";
import { afterEach, expect, test } from "vitest";
import { passedIn } from "../src/ledger.ts";
import type { MemoryDeviceOptions } from "../src/memory/index.ts";
import type { Device, DeviceTrainer } from "../src/ports.ts";
import type { Volunteer } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith, type RunOptions } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const review = { quarantineAfter: 2, tolerance: 0.01, rows: 4 };
const rounds = ({ roundsContributed }: ReturnType<Volunteer["view"]>) => roundsContributed;

/** A device that has delivered in the first round, and the body that came of it. */
async function delivered(
  options: RunOptions = {},
  own: MemoryDeviceOptions = {},
  around: (trainer: DeviceTrainer) => DeviceTrainer = (trainer) => trainer,
) {
  const host = new Host(manifestWith({ words: "source", codec: "fp32", review, ...options }));
  const device = deviceOf(host, own);
  const from = host.body.id;
  host.open(1);
  const trainer: Device["trainer"] = (...given) => around(device.device.trainer(...given));
  const volunteer = await device.start({ device: { ...device.device, trainer } });
  ends.push(() => device.close(volunteer));
  await host.clock.until("the first delta", () => rounds(volunteer.view()) === 1);
  host.next(1);
  return { host, volunteer, from, clock: host.clock };
}

/** A peer's delta that moves all numbers by so much, as it is served; and how it is asked to be measured. */
function peers(host: Host, by: number, change: Partial<ReviewOrder>): ReviewOrder {
  const exchange = exchangeFor(host.manifest, host.manifest.sources[0]!, null);
  const { bytes } = encodeDelta(
    exchange.sections.map(({ codec, held }) => ({
      codec,
      numbers: namedTensors(held, new Float32Array(held.size).fill(by)),
    })),
  );
  const delta = sha256Of(bytes);
  host.net.coordinator.files.set(`/deltas/${delta}`, bytes);
  return { delta, sizeBytes: bytes.length, from: host.body.id, share: 0.5, ...change };
}

test("[V67] a peer's delta is measured on the body that it started from, without and with a share of it, before anything else of the next round", async () => {
  for (const [by, isHarm] of [
    [0.2, false],
    [-0.2, true],
  ] as const) {
    const { host, volunteer, from, clock } = await delivered();
    const order = peers(host, by, { from });
    const asked = host.log.length;
    host.open(2, { review: order });
    await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
    const [verdict, ...more] = host.verdicts;
    expect(more).toEqual([]);
    expect(verdict!.delta).toBe(order.delta);
    expect(verdict!.bytes).toBeGreaterThan(0);
    expect(verdict!.natsWith > verdict!.natsWithout).toBe(isHarm); // the marks of the text are above what the body has
    const after = host.log.slice(asked).map(({ what }) => what);
    expect(after.indexOf(events.verdict)).toBeGreaterThanOrEqual(0);
    expect(after.indexOf(events.verdict)).toBeLessThan(after.indexOf(events.evaluation));
    expect(host.evaluations.at(-1)).toMatchObject({ body: 1, id: host.body.id }); // of the body as it is
  }
});

test("[V67] of a delta so much is added as the coordinator asks", async () => {
  const measured: number[] = [];
  for (const [by, share] of [
    [0.4, 0.25],
    [0.1, 1],
    [0.1, 0.5],
  ] as const) {
    const { host, from, clock } = await delivered();
    host.open(2, { review: peers(host, by, { from, share }) });
    await clock.until("the verdict", () => host.verdicts.length === 1);
    measured.push(host.verdicts[0]!.natsWith);
  }
  expect(measured[1]).toBeCloseTo(measured[0]!, 4);
  expect(measured[2]).not.toBeCloseTo(measured[0]!, 2);
});

test("[V67] the rounds after it train from what they would have without it", async () => {
  const deltas: unknown[] = [];
  for (const isAsked of [false, true]) {
    const { host, volunteer, from, clock } = await delivered({ words: "device" });
    host.open(2, isAsked ? { review: peers(host, 0.2, { from }) } : {});
    await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
    expect(host.verdicts).toHaveLength(Number(isAsked));
    deltas.push(host.deltas.get(2));
  }
  expect(deltas[1]).toEqual(deltas[0]);
});

test("[V68] a verdict is said once, by the next connection where the line is lost; each delta is measured once", async () => {
  const { host, volunteer, from, clock } = await delivered();
  const order = peers(host, 0.2, { from });
  const release = host.hold(events.verdict);
  host.open(2, { review: order });
  await clock.until("the verdict", () => host.count(events.verdict) === 1);
  host.net.cut();
  release();
  await clock.advance(2000);
  host.net.mend();
  await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
  expect(new Set(host.verdicts.map(({ delta }) => delta))).toEqual(new Set([order.delta]));
  const said = host.verdicts.length;
  host.announce({ ...host.announcement });
  await clock.advance(60_000);
  expect(host.verdicts).toHaveLength(said);
});

test("[V68] whatever the coordinator answers to a verdict, it is not said again, and the round goes on", async () => {
  for (const refusal of ["wrong-review", "implausible", "too-many"] as const) {
    const { host, volunteer, from, clock } = await delivered();
    host.refusals.set(events.verdict, refusal);
    host.open(2, { review: peers(host, 0.2, { from }) });
    await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
    expect(host.count(events.verdict)).toBe(1);
    expect(volunteer.view().refusal).toBeNull();
  }
});

test("[V69] who cannot measure it says nothing, tries nothing again, and trains", async () => {
  const wrong: Readonly<Record<string, (order: ReviewOrder, host: Host) => ReviewOrder>> = {
    "the delta is gone": (order, host) => {
      host.net.coordinator.files.delete(`/deltas/${order.delta}`);
      return order;
    },
    "it is no delta": (order, host) => {
      const bytes = new Uint8Array(order.sizeBytes).fill(7);
      const delta = sha256Of(bytes);
      host.net.coordinator.files.set(`/deltas/${delta}`, bytes);
      return { ...order, delta };
    },
    "its bytes are others": (order, host) => {
      host.net.coordinator.files.set(`/deltas/${order.delta}`, new Uint8Array(order.sizeBytes));
      return order;
    },
    "the body is one that this device does not have": (order) => ({
      ...order,
      from: sha256Of(new Uint8Array(1)),
    }),
  };
  for (const spoilt of Object.values(wrong)) {
    const { host, volunteer, from, clock } = await delivered();
    host.open(2, { review: spoilt(peers(host, 0.2, { from }), host) });
    const began = clock.elapsed();
    await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
    expect(host.verdicts).toEqual([]);
    expect(clock.elapsed() - began).toBeLessThan(10_000);
  }
});

test("[V69] a review that takes longer than half a minute is given up", async () => {
  const { host, volunteer, from, clock } = await delivered({}, { evaluateMs: 20_000 });
  host.open(2, { review: peers(host, 0.2, { from }) });
  const began = clock.elapsed();
  const doing = () => (volunteer.view().activity as { task?: { kind: string } }).task?.kind;
  await clock.until("it measures", () => doing() === "review");
  await clock.until("it measures no more", () => doing() !== "review");
  expect(clock.elapsed() - began).toBeLessThan(30_000 + 20_000 + 1000); // the batch under way comes to its end
  await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
  expect(host.verdicts).toEqual([]);
});

test("[V67] a delta with which the model computes nothing finite is as bad as can be", async () => {
  let isSpoilt = false;
  const { host, volunteer, from, clock } = await delivered({}, {}, (trainer) => ({
    ...trainer,
    evaluate: (batch) => {
      if (isSpoilt) throw new NotFiniteError("loss", Number.NaN);
      return trainer.evaluate(batch);
    },
    load: (group, numbers) => {
      isSpoilt = numbers.data.some((x) => x > 1e5);
      trainer.load(group, numbers);
    },
  }));
  host.open(2, { review: peers(host, 1e6, { from }) });
  await clock.until("the second delta", () => rounds(volunteer.view()) === 2);
  expect(host.verdicts).toMatchObject([{ natsWith: Number.MAX_VALUE }]);
});

test("[V70] a volunteer whose deltas do not count is told so, for as long as it is so", async () => {
  const { host, volunteer, clock } = await delivered();
  host.open(2, { quarantined: true });
  await clock.until("it knows", () => volunteer.view().quarantined);
  await clock.until("the second delta", () => rounds(volunteer.view()) === 2); // it goes on all the same
  host.next(2);
  host.open(3);
  await clock.until("it counts again", () => !volunteer.view().quarantined);
});

test("[V53] [V67] bytes of a peer's delta are counted as what came of the body, not as text", async () => {
  const { host, volunteer, from, clock } = await delivered();
  const order = peers(host, 0.2, { from });
  const before = volunteer.view().ledger;
  host.open(2, { review: order });
  await clock.until("the verdict", () => host.verdicts.length === 1);
  const { ledger } = volunteer.view();
  expect(ledger.received.texts).toBe(before.received.texts);
  const came = passedIn(ledger).receivedBytes - passedIn(before).receivedBytes;
  expect(came).toBeGreaterThanOrEqual(order.sizeBytes);
});
