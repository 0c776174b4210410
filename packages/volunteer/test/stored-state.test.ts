import { decodeSafetensors, InputError, namedTensors, sha256Of } from "@homebody/base";
import { exchangeFor } from "@homebody/dept";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryDisk } from "../src/memory/index.ts";
import type { Disk } from "../src/ports.ts";
import { bytesEntry, decodeStored, encodeStored } from "../src/stored-file.ts";
import { storedNames } from "../src/stored-names.ts";
import {
  type Kept,
  type KeptOfDelta,
  layoutOfMoments,
  type StoredDelta,
  storedState,
} from "../src/stored-state.ts";
import { manifestWith } from "./world.ts";

const manifest = manifestWith();
const exchange = exchangeFor(manifest, manifest.sources[0]!, null);
const { config } = exchange;
const everything = layoutOfMoments(config);

const filled = (group: Group, from: number) => {
  const tensors = namedTensors(groupLayout(config, group));
  for (let i = 0; i < tensors.data.length; i++) tensors.data[i] = from + i / 7;
  return tensors;
};
const moments = {
  steps: { theta: 12, phi: 34, psi: 34 },
  first: namedTensors(
    everything,
    Float32Array.from({ length: everything.size }, (_, i) => i),
  ),
  second: namedTensors(
    everything,
    Float32Array.from({ length: everything.size }, (_, i) => -i),
  ),
};
const keptOf = (wanted: readonly Group[], from: number, withMoments = true): KeptOfDelta => ({
  values: new Map(wanted.map((group) => [group, filled(group, from)])),
  moments: withMoments ? moments : null,
  residual: null,
});
const bytes = Uint8Array.of(1, 2, 3, 4);
const deltaOf = (round: number): StoredDelta => ({
  homeRound: round - 1,
  pending: { round, delta: sha256Of(bytes), sizeBytes: 4, steps: 2, tokens: 30, loss: 2.5 },
  sections: [{ name: "theta", sizeBytes: 4 }],
  bytes,
});

let disk = memoryDisk();
let stored = storedState(disk, exchange);
beforeEach(() => {
  disk = memoryDisk();
  stored = storedState(disk, exchange);
});

const show = ({ values, moments }: Kept) => ({
  values: [...values].map(([group, { layout, data }]) => [group, layout.slots.map(({ name }) => name), data]),
  moments: moments && [moments.steps, moments.first.data, moments.second.data],
});

describe("stored state", () => {
  test("home, snapshot and delta come back as they were", async () => {
    const [home, all] = [keptOf(["phi", "psi"], 1), keptOf(groups, 2)];
    expect([await stored.homeRound(), await stored.home(0)]).toEqual([0, undefined]);
    await stored.saveHome(3, home);
    expect(await stored.homeRound()).toBe(3);
    expect(show((await stored.home(3))!)).toEqual(show(home));
    const of = { round: 4, body: manifest.run as never, homeRound: 3 };
    const done = { steps: 1, tokens: 20, nats: 60 };
    await stored.saveSnapshot({ ...of, done }, all);
    const snapshot = (await stored.snapshot(of))!;
    expect([show(snapshot), snapshot.done]).toEqual([show(all), done]);
    stored.saveDelta(deltaOf(4), keptOf(["phi", "psi"], 5, false));
    expect(await stored.delta(4)).toEqual(deltaOf(4));
    expect(show((await stored.home(4))!)).toEqual(show(keptOf(["phi", "psi"], 5, false)));
    expect([...disk.files.keys()].sort()).toEqual([storedNames.delta(4), storedNames.home]);
  });

  test("[V8] what a delta left is there at once, and whoever takes the delta waits until it is on the disk", async () => {
    let go: () => void = () => {};
    const slow: Disk = {
      ...disk,
      read: () => Promise.reject(new Error("read")),
      write: async (name, bytes) => {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        await disk.write(name, bytes);
      },
    };
    const own = storedState(slow, exchange);
    const kept = { ...keptOf(["phi", "psi"], 1), residual: [filled("theta", 6)] };
    own.saveDelta(deltaOf(4), kept);
    expect(show((await own.home(4))!)).toEqual(show(kept));
    expect((await own.residual(4))!.map(({ numbers }) => numbers.data)).toEqual([filled("theta", 6).data]);
    const taken = own.delta(4).then((delta) => [delta, disk.files.has(storedNames.delta(4))]);
    expect(await Promise.race([taken, Promise.resolve("waits")])).toBe("waits");
    go();
    expect(await taken).toEqual([deltaOf(4), true]);
    expect(show((await storedState(disk, exchange).home(4))!)).toEqual(show(kept));
  });

  test("[V8] a delta that the disk did not take is tried again by whoever asks for it, and before a snapshot that goes on from it", async () => {
    let isFull = true;
    const full: Disk = {
      ...disk,
      write: (name, bytes) => (isFull ? Promise.reject(new Error("full")) : disk.write(name, bytes)),
    };
    const own = storedState(full, exchange);
    const of = { round: 4, body: manifest.run as never, homeRound: 3 };
    const snapshot = { ...of, done: { steps: 1, tokens: 20, nats: 60 } };
    await stored.saveSnapshot(snapshot, keptOf(groups, 2));
    own.saveDelta(deltaOf(4), keptOf(["phi", "psi"], 1));
    await own.written();
    await expect(own.delta(4)).rejects.toThrow("full");
    const next = { ...snapshot, round: 5, homeRound: 4 };
    await expect(own.saveSnapshot(next, keptOf(groups, 3))).rejects.toThrow("full");
    expect(await own.snapshot({ ...of, round: 5, homeRound: 4 })).toBeUndefined();
    // A reload now goes on from the snapshot of the round.
    expect((await storedState(disk, exchange).snapshot(of))!.done).toEqual(snapshot.done);
    isFull = false;
    await own.saveSnapshot(next, keptOf(groups, 3));
    expect([...disk.files.keys()].sort()).toEqual([storedNames.delta(4), storedNames.snapshot]);
    expect(await own.delta(4)).toEqual(deltaOf(4));
  });

  test("[V9] a refused delta that never came to the disk leaves nothing", async () => {
    const own = storedState({ ...disk, write: () => Promise.reject(new Error("full")) }, exchange);
    own.saveDelta(deltaOf(4), keptOf(["phi", "psi"], 1));
    await own.settle(4, false);
    expect(await own.delta(4)).toBeUndefined();
    await expect(own.home(4)).rejects.toThrow("home tensors of round 4");
    expect(disk.files.size).toBe(0);
  });

  test("a snapshot of another round, body or beginning is of no use, and goes", async () => {
    const of = { round: 4, body: manifest.run as never, homeRound: 3 };
    for (const other of [{ round: 5 }, { body: "0".repeat(64) as never }, { homeRound: 2 }]) {
      await stored.saveSnapshot({ ...of, done: { steps: 1, tokens: 1, nats: 1 } }, keptOf(groups, 2));
      expect(await stored.snapshot({ ...of, ...other })).toBeUndefined();
      expect(disk.files.size).toBe(0);
    }
  });

  test("[V59] a snapshot of a round that was begun ahead has what it started from, and goes on from one delta alone", async () => {
    const ahead = { own: sha256Of(bytes), sources: 2, isStep: true };
    const body = { number: 2, id: manifest.run as never, sections: [] };
    const order = {
      ...{ round: 4, body, homeRound: 3, slot: 0, slots: 1 },
      ...{ localSteps: 4, stepsBefore: 12, totalSteps: 40, ahead },
    };
    const start = { numbers: [filled("theta", 9)], body: 2 };
    const of = { round: 4, body: body.id, homeRound: 3 };
    const done = { steps: 1, tokens: 20, nats: 60 };
    await stored.saveSnapshot({ ...of, done }, keptOf(groups, 2), { order, start });
    expect(await stored.orderAhead()).toEqual(order);
    const { begunAhead } = (await stored.snapshot({ ...of, ahead }))!;
    expect(begunAhead!.start.numbers[0]!.data).toEqual(start.numbers[0]!.data);
    expect([begunAhead!.start.body, begunAhead!.order]).toEqual([2, order]);
    const other = { ...ahead, own: "0".repeat(64) as never };
    expect(await stored.snapshot({ ...of, ahead: other })).toBeUndefined();
    expect(await stored.orderAhead()).toBeNull();
    await stored.saveSnapshot({ ...of, done }, keptOf(groups, 2), { order, start });
    expect(await stored.snapshot(of)).toBeUndefined(); // one that starts from the body
  });

  test("[V7] [V20] where words are fitted, the snapshot that began without them goes", async () => {
    const of = { round: 4, body: manifest.run as never, homeRound: 0 };
    const words = keptOf(["phi", "psi"], 1, false);
    for (const save of [() => stored.saveHome(0, words), () => stored.saveFitted(words)]) {
      await stored.saveSnapshot({ ...of, done: { steps: 1, tokens: 1, nats: 1 } }, keptOf(groups, 2));
      await save();
      expect(await stored.snapshot(of)).toBeUndefined();
    }
    expect(show((await stored.fitted(["psi"]))!)).toEqual(show(keptOf(["psi"], 1, false)));
    expect(await stored.hasHome()).toBe(true);
  });

  test("deltas are listed by round; [V9] settling takes one's home tensors, or leaves them, and the delta goes", async () => {
    for (const round of [10, 9]) stored.saveDelta(deltaOf(round), keptOf(["phi", "psi"], round));
    expect((await stored.deltas()).map(({ pending }) => pending.round)).toEqual([9, 10]);
    await stored.settle(9, false);
    expect([await stored.homeRound(), (await stored.deltas()).length]).toEqual([0, 1]);
    await stored.settle(10, true);
    await stored.settle(10, true); // again, after a crash: nothing is left to do
    expect([await stored.homeRound(), (await stored.deltas()).length]).toEqual([10, 0]);
    expect(show((await stored.home(10))!)).toEqual(show(keptOf(["phi", "psi"], 10)));
  });

  test("[V47] what a delta left out is stored with it, goes into home when it is accepted, and stays what it was when not", async () => {
    const leaving = (from: number) => ({
      ...keptOf(["phi", "psi"], from),
      residual: [filled("theta", from)],
    });
    const shown = async (round: number) =>
      (await stored.residual(round))?.map(({ round, numbers }) => [round, numbers.data]);
    expect(await stored.residual(0)).toBeNull();
    stored.saveDelta(deltaOf(3), leaving(1));
    expect([await shown(0), await shown(3)]).toEqual([undefined, [[3, filled("theta", 1).data]]]);
    await stored.settle(3, true);
    stored.saveDelta(deltaOf(5), leaving(2));
    expect([await shown(3), await shown(5)]).toEqual([
      [[3, filled("theta", 1).data]],
      [[5, filled("theta", 2).data]],
    ]);
    await stored.settle(5, false);
    expect(await shown(3)).toEqual([[3, filled("theta", 1).data]]);
    // [V9] Whoever goes on from it is given up.
    for (const read of [stored.residual, stored.home])
      await expect(read(5)).rejects.toThrow("expected home tensors of round 5, got those of round 3");
    stored.saveDelta(deltaOf(7), keptOf(["phi", "psi"], 3));
    await stored.settle(7, true);
    expect(await stored.residual(7)).toBeNull();
  });

  test("tensors go by name: others may stand beside them, and become part of home with the rest", async () => {
    stored.saveDelta(deltaOf(1), keptOf(["phi", "psi"], 1));
    await stored.written();
    const file = decodeStored<object>(disk.files.get(storedNames.delta(1))!, "delta");
    const other = bytesEntry(Uint8Array.of(7));
    const tensors = new Map([["other/theta", other], ...[...file.tensors].reverse()]);
    await disk.write(storedNames.delta(1), encodeStored({ ...file, tensors }));
    const again = storedState(disk, exchange);
    expect(show((await again.home(1))!)).toEqual(show(keptOf(["phi", "psi"], 1)));
    await again.settle(1, true);
    const names = [...decodeSafetensors(disk.files.get(storedNames.home)!).tensors.keys()];
    expect(names).toContain("other/theta");
    expect(names).not.toContain("delta");
  });

  test.each([
    ["missing", (tensors: Map<string, unknown>) => tensors.delete("phi/transformer.wte.weight"), "nothing"],
    [
      "misshapen",
      (tensors: Map<string, unknown>) =>
        tensors.set("phi/transformer.wte.weight", { shape: [2], data: new Float32Array(2) }),
      "F32 [2]",
    ],
    [
      "of another type",
      (tensors: Map<string, unknown>) =>
        tensors.set("phi/transformer.wte.weight", { shape: [300, 8], data: new Int32Array(2400) }),
      "I32 [300, 8]",
    ],
  ])("a tensor that is %s is an InputError that names it", async (_, spoil, got) => {
    await stored.saveHome(1, keptOf(["phi", "psi"], 1));
    const file = decodeStored<object>(disk.files.get(storedNames.home)!, "home");
    const tensors = new Map(file.tensors);
    spoil(tensors);
    await disk.write(storedNames.home, encodeStored({ ...file, tensors }));
    const error = await stored.home(1).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toBe(
      `home.safetensors, tensor phi/transformer.wte.weight: expected F32 [300, 8], got ${got}`,
    );
  });
});
