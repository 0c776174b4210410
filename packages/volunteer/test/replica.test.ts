// The replica by itself, as somebody drives it who brings batches and home tensors of their own: no session, no text.

import { InputError, namedTensors, sha256Of } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { decodeDelta } from "@homebody/codec";
import { encodeSection, exchangeFor, firstNumbers, formsOf } from "@homebody/dept";
import { scriptedNet } from "@homebody/line/memory";
import { groupLayout, initialParameters } from "@homebody/model/parameters";
import { type BodyRef, bodyId } from "@homebody/protocol";
import {
  createReplica,
  type Device,
  type DeviceTrainer,
  type Disk,
  engineDevice,
  type Work,
} from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";
import { expect, test } from "vitest";
import { manifestWith } from "./world.ts";

const manifest = manifestWith({ codec: "fp32" });
const source = manifest.sources[0]!;
const exchange = exchangeFor(manifest, source, null);
const [theta] = exchange.sections;
const start = firstNumbers(manifest, theta!);
const bytes = encodeSection(manifest, 0, theta!, start);
const section = { name: "theta", sha256: sha256Of(bytes), sizeBytes: bytes.length } as const;
const body: BodyRef = { number: 0, id: bodyId([section]), sections: [section] };

const work: Work = {
  report: () => {},
  stepped: () => {},
  keeping: async () => {},
  signal: new AbortController().signal,
  duty: () => 1,
  isLineBusy: () => false,
  deadline: () => null,
  boxEnds: () => null,
  pace: () => [],
};
const order = {
  round: 1,
  body,
  homeRound: 0,
  slot: 0,
  slots: 1,
  localSteps: 3,
  stepsBefore: 0,
  totalSteps: 12,
  ahead: null,
};
const batchOf = (step: number) => {
  const ids = Int32Array.from({ length: 16 }, (_, i) => (i * i + step) % 300);
  return { inputs: ids, targets: ids.map((id) => (id + 1) % 300), rows: 2, context: 8 };
};

const batches = { training: batchOf, fitting: batchOf };

function replicaOn(served = bytes, run = manifest) {
  const net = scriptedNet();
  net.coordinator.files.set(`/bodies/${section.sha256}`, served);
  const device = engineDevice("wasm", { threads: 1 });
  const ports = { net, disk: memoryDisk(), device, clock: systemClock };
  return {
    ports,
    start: () => createReplica({ manifest: run, source, exchange, wordsSeed: "words at home", ...ports }),
  };
}

/** The device, whose trainers do some of it otherwise. */
const withTrainer = (
  device: Device,
  otherwise: (trainer: DeviceTrainer) => Partial<DeviceTrainer>,
): Device => ({
  ...device,
  trainer: (...options) => {
    const trainer = device.trainer(...options);
    return { ...trainer, ...otherwise(trainer) };
  },
});

test("given batches and home tensors are what it trains, with the engine", async () => {
  const { ports, start: begin } = replicaOn();
  await ports.device.start();
  const replica = begin();
  const phi = namedTensors(groupLayout(exchange.config, "phi"));
  phi.data.forEach((_, i) => {
    phi.data[i] = ((i * 37) % 101) / 1000;
  });
  const psi = namedTensors(groupLayout(exchange.config, "psi"));
  const values = new Map([
    ["phi", phi],
    ["psi", psi],
  ] as const);
  await replica.stored.saveHome(0, { values, moments: null });
  const pending = await replica.train(order, batches, work);
  expect(pending).toMatchObject({ round: 1, steps: 3, tokens: 48 });

  const expected = ports.device.trainer({ config: exchange.config, ...manifest.training });
  for (const [group, tensors] of [["theta", start], ...values] as const) expected.load(group, tensors);
  for (let step = 0; step < 3; step++) {
    const done = Math.PI * (step / 12);
    await expected.step(batchOf(step), 0.01 * (0.1 + (0.9 * (1 + Math.cos(done))) / 2));
  }
  const stored = (await replica.stored.delta(1))!;
  expect(sha256Of(stored.bytes)).toBe(pending.delta);
  const [delta] = decodeDelta(stored.bytes, formsOf(exchange));
  const moved = (await expected.read("theta")).data.map((value, i) => value - start.data[i]!);
  expect(delta!.numbers.data).toEqual(moved);
  await replica.stored.settle(1, true);
  expect((await replica.stored.home(1))!.values.get("phi")!.data).toEqual((await expected.read("phi")).data);
  await replica.dispose();
  expected.dispose();
});

test("a body that was evaluated is trained without being loaded again, and loaded again after that", async () => {
  const { ports } = replicaOn();
  await ports.device.start();
  let loads = 0;
  const counting = withTrainer(ports.device, (trainer) => ({
    load: (...of) => {
      loads += 1;
      trainer.load(...of);
    },
  }));
  const begin = () =>
    createReplica({
      ...{ manifest, source, exchange, wordsSeed: "words at home", ...ports },
      ...{ disk: memoryDisk(), device: counting },
    });
  const stream = Uint16Array.from({ length: 33 }, (_, i) => (i * i) % 300);
  const heldOut = { context: 8, rows: 4, stream, rowBytes: new Uint32Array(4).fill(8) };

  const trained = begin();
  const { delta } = await trained.train(order, batches, work);
  const ofOne = loads; // theta, phi and psi
  await trained.dispose();

  const replica = begin();
  loads = 0;
  const before = await replica.evaluate(body, 0, heldOut, work);
  expect((await replica.train(order, batches, work)).delta).toBe(delta);
  expect(loads).toBe(ofOne);
  expect(await replica.evaluate(body, 0, heldOut, work)).toEqual(before);
  expect(loads).toBe(2 * ofOne);
  await replica.dispose();
});

test("a section that is not what its hash says, or is missing, is an InputError", async () => {
  const damaged = replicaOn(bytes.slice().fill(1, 200));
  await damaged.ports.device.start();
  const replica = damaged.start();
  await expect(replica.train(order, batches, work)).rejects.toThrow(/section theta of body 0: expected hash/);
  const without = { ...order, body: { ...body, id: bodyId([]), sections: [] } };
  await expect(replica.train(without, batches, work)).rejects.toThrow(InputError);
  await replica.dispose();
});

test("[V20] a fit moves embeddings alone, on a short schedule of its own; theta stands still, bit for bit", async () => {
  const training = { ...manifest.training, fitSteps: 12, weightDecay: 0.1 };
  const { ports, start: begin } = replicaOn(bytes, { ...manifest, training });
  await ports.device.start();
  const replica = begin();
  await replica.fit(body, batchOf, work);
  await replica.fit(body, batchOf, work); // the same once more, as where the page was closed before it was noted
  expect((await replica.trainer.read("theta")).data).toEqual(start.data);

  const expected = ports.device.trainer({ config: exchange.config, ...training });
  const firsts = new Map(
    (["phi", "psi"] as const).map((group) => [
      group,
      initialParameters(exchange.config, [group], "words at home"),
    ]),
  );
  expected.load("theta", start);
  for (const [group, tensors] of firsts) expected.load(group, tensors);
  for (let step = 0; step < 12; step++) {
    // Two steps of warm-up, a tenth of twelve, then a cosine to a tenth of the peak.
    const cosine = 0.1 + (0.9 * (1 + Math.cos((Math.PI * (step - 2)) / 10))) / 2;
    const rate = 0.01 * (step < 2 ? (step + 1) / 2 : cosine);
    await expected.step(batchOf(step), { theta: null, phi: rate, psi: rate });
  }
  const { values, moments } = (await replica.stored.home(0))!;
  expect(moments).toBeNull();
  for (const [group, first] of firsts) {
    expect(values.get(group)!.data).toEqual((await expected.read(group)).data);
    expect(values.get(group)!.data).not.toEqual(first.data);
  }
  await replica.dispose();
  expected.dispose();
});

test("moments that are kept are loaded only where others are on the device: a reload goes on with the same", async () => {
  const run = { ...manifest, training: { ...manifest.training, moments: "kept" as const } };
  const { ports } = replicaOn();
  await ports.device.start();
  let loads = 0;
  const counting = withTrainer(ports.device, (trainer) => ({
    loadMoments: (moments) => {
      loads += Number(moments !== null);
      trainer.loadMoments(moments);
    },
  }));
  const beginOn = (disk: Disk) =>
    createReplica({
      ...{ manifest: run, source, exchange, wordsSeed: "words at home", ...ports },
      ...{ disk, device: counting },
    });
  const next = { ...order, round: 2, homeRound: 1, stepsBefore: 3 };
  const third = { ...order, round: 3, homeRound: 1, stepsBefore: 6 };
  const disk = memoryDisk();
  const replica = beginOn(disk);
  const first = await replica.train(order, batches, work);
  await replica.stored.delta(1);
  const before = memoryDisk(new Map(disk.files));
  const second = await replica.train(next, batches, work);
  expect(loads).toBe(0);
  // The second delta is refused: the third round goes on from the first one's moments.
  await replica.stored.settle(2, false);
  const again = await replica.train(third, batches, work);
  expect(loads).toBe(1);
  await replica.dispose();

  for (const [going, delta] of [
    [next, second.delta],
    [third, again.delta],
  ] as const) {
    const reloaded = beginOn(memoryDisk(new Map(before.files)));
    loads = 0;
    expect((await reloaded.train(going, batches, work)).delta).toBe(delta);
    expect(loads).toBe(1);
    await reloaded.dispose();
  }
  expect(first.delta).not.toBe(second.delta);
});
