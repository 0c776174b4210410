// The rules of a volunteer through its real rooms, over ports in memory.

import { exchangeFor, wordsSeed } from "@homebody/dept";
import { initialParameters } from "@homebody/model/parameters";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { passedIn } from "../src/ledger.ts";
import { storedNames } from "../src/stored-names.ts";
import { storedState } from "../src/stored-state.ts";
import type { Volunteer } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith, type RunOptions, secret, wordsSecret } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function world(options: RunOptions = {}, own: Parameters<typeof deviceOf>[1] = {}) {
  const host = new Host(manifestWith(options));
  const device = deviceOf(host, own);
  return {
    host,
    ...device,
    clock: host.clock,
    stored: storedState(device.disk, exchangeFor(host.manifest, host.manifest.sources[0]!, null)),
    start: async (more: Parameters<typeof device.start>[0] = {}) => {
      const volunteer = await device.start(more);
      ends.push(() => device.close(volunteer));
      return volunteer;
    },
  };
}

const firstHome = (host: Host) => {
  const exchange = exchangeFor(host.manifest, host.manifest.sources[0]!, null);
  return initialParameters(exchange.config, ["phi"], wordsSeed(host.manifest.training.seed, "a", wordsSecret))
    .data;
};
const stepOf = (volunteer: Volunteer) => {
  const { activity } = volunteer.view();
  return activity.kind === "working" && activity.task.kind === "train" ? activity.task.done : -1;
};

test("[V1] one job at a time: a round that closes is given up, what it had reached is kept", async () => {
  const { host, clock, start, stored } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start();
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  host.closing(1);
  await clock.advance(60_000);
  expect(volunteer.view().activity.kind).toBe("waiting");
  const of = { round: 1, body: host.body.id, homeRound: 0 };
  expect((await stored.snapshot(of))!.done.steps).toBe(4); // the step that was under way is one of them
  host.open(1);
  await clock.until("the delta", () => host.accepted.has(1));
  expect(host.accepted.get(1)!.steps).toBe(10);
});

test("[V1] what is given up has ended before the other lane begins", async () => {
  const { host, clock, start } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start({ snapshotMs: 1e9 });
  host.refusals.set(events.evaluation, "too-many"); // the score stays unreported
  await clock.until("the report", () => host.count(events.evaluation) === 1);
  host.net.cut();
  host.refusals.clear();
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  host.net.mend(); // the report is due again: training is given up for it
  await clock.until("the delta", () => host.accepted.has(1));
  const order = host.log.map(({ what }) => what).filter((what) => /snapshot|evaluation/.test(what));
  expect(order).toEqual([events.evaluation, `write ${storedNames.snapshot}`, events.evaluation]);
});

test("[V1] where lanes overlap, the next round trains while a delta is on its way; where not, it waits", async () => {
  for (const overlap of [false, true]) {
    const { host, clock, start, device } = world({ overlap: overlap ? "eager" : "off" });
    host.byChunks = true;
    const release = host.hold(events.chunk);
    host.open(1);
    const volunteer = await start();
    await clock.until("the upload", () => host.count(events.chunk) === 1);
    host.next(1);
    host.open(2); // the first delta is late, but the host does not know it yet
    await clock.advance(60_000);
    expect(device.steps()).toBe(overlap ? 8 : 4);
    expect(volunteer.view().activity.kind).toBe("working"); // it still sends
    release();
    await clock.until("settled", () => volunteer.view().roundsContributed >= 1);
    await clock.advance(60_000);
    expect([...host.accepted.keys()]).toEqual([1, 2]);
    expect(volunteer.view().roundsContributed).toBe(2);
  }
});

test("[V2] nothing is done while it pauses, and after it stopped", async () => {
  const { host, clock, start, device } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start();
  await clock.until("step 2", () => stepOf(volunteer) === 2);
  volunteer.pause();
  await clock.advance(5000);
  const steps = device.steps();
  await clock.advance(3_600_000);
  expect([device.steps(), volunteer.view().activity.kind]).toEqual([steps, "paused"]);
  volunteer.resume();
  await clock.until("step 7", () => stepOf(volunteer) === 7);
  host.net.coordinator.tell(events.removed, { reason: "removed" });
  await clock.advance(5000);
  const last = device.steps();
  await clock.advance(3_600_000);
  expect([device.steps(), await volunteer.ended]).toEqual([last, "removed"]);
});

test("[V25] it computes within its hours alone, says until when it waits, and goes on in the same round", async () => {
  const { host, clock, start, device } = world({ localSteps: 10 }, { stepMs: 1000 });
  let timeMs = 21.5 * 3_600_000 - clock.now(); // at half past nine
  const timeOfDay = (at: number) => (at + timeMs) % (24 * 3_600_000);
  host.open(1);
  const volunteer = await start({ hours: { hours: { from: 22 * 60, to: 7 * 60 }, timeOfDay } });
  await clock.advance(29 * 60_000);
  expect(device.steps()).toBe(0);
  expect(volunteer.view().activity).toMatchObject({ waiting: { for: "hours", opensAt: "22:00" } });
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  timeMs += 12 * 3_600_000; // somebody sets the clock, into the morning
  await clock.until("it waits", () => volunteer.view().activity.kind === "waiting");
  const steps = device.steps();
  await clock.advance(3_600_000);
  expect(device.steps()).toBe(steps);
  timeMs += 12 * 3_600_000;
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  expect(device.steps()).toBe(10);
});

test("[V3] what this device has of the run is taken from the disk", async () => {
  const { host, clock, start, close } = world();
  const downloads: string[] = [];
  const net = {
    ...host.net,
    download: (...args: Parameters<typeof host.net.download>) => {
      downloads.push(args[0].split("/")[1]!);
      return host.net.download(...args);
    },
  };
  host.open(1);
  const first = await start({ net });
  await clock.until("the delta", () => first.view().roundsContributed === 1);
  await close(first);
  const again = await start({ net });
  await clock.until("it waits", () => again.view().activity.kind === "waiting");
  expect(downloads).toEqual(["texts", "bodies"]);
  expect(again.view().ledger.received).toMatchObject(
    first.view().ledger.received.theta > 0 ? {} : { theta: -1 },
  );
  expect(host.evaluations).toHaveLength(2); // the score is reported again, and not made again
  expect(host.count("write text.safetensors")).toBe(1);
});

test("[V4] a stored delta is sent before everything else, whatever round it is of", async () => {
  const { host, clock, start, close } = world();
  host.byChunks = true;
  host.open(1);
  const first = await start();
  const release = host.hold(events.open);
  await clock.until("the upload", () => host.count(events.open) === 1);
  host.net.cut();
  release();
  await close(first);
  host.next(1);
  host.open(2);
  host.net.mend();
  const from = host.log.length;
  const again = await start();
  await clock.until("round 2", () => host.accepted.has(2));
  const asked = host.log.slice(from).map(({ what }) => what);
  expect(asked.filter((what) => what === events.open || what === events.evaluation)).toEqual([
    events.open, // of round 1: refused, since that is over
    events.evaluation,
    events.open,
  ]);
  expect(again.view().roundsContributed).toBe(1);
});

test("[V5] each body is evaluated once, before it is trained on; the last one under its own deadline", async () => {
  const { host, clock, start } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  await clock.until("the delta", () => volunteer.view().roundsContributed === 2);
  host.next(2);
  host.announce({
    paused: false,
    body: host.body,
    kind: "evaluating",
    remainingMs: 60_000,
    evaluated: false,
  });
  await clock.until("the last evaluation", () => host.evaluations.length === 3);
  await clock.advance(60_000);
  expect(host.evaluations.map(({ body }) => body)).toEqual([0, 1, 2]);
  const order = host.log
    .map(({ what }) => what)
    .filter((what) => [events.evaluation, events.open].includes(what as "open"));
  expect(order).toEqual([events.evaluation, events.open, events.evaluation, events.open, events.evaluation]);
});

test("[V6] it trains in a round only if it is assigned, and once", async () => {
  const { host, clock, start, device } = world();
  host.open(1, { assigned: false });
  const volunteer = await start();
  await clock.advance(120_000);
  expect(device.steps()).toBe(0);
  host.open(2);
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  host.announce(); // the same once more, as after a lost connection, and the host forgot what it took
  await clock.advance(120_000);
  expect(device.steps()).toBe(4);
});

test("[V7] a round goes on from its snapshot after a reload, and ends in the same delta", async () => {
  const run = async (reload: boolean) => {
    const { host, clock, start, close, device } = world({ localSteps: 8, moments: "kept" });
    host.open(1);
    const first = await start({ snapshotMs: 0 });
    if (reload) {
      await clock.until("step 3", () => stepOf(first) === 3);
      await close(first);
      await start({ snapshotMs: 0 });
    }
    await clock.until("the delta", () => host.accepted.has(1));
    await clock.advance(1000);
    return { delta: host.accepted.get(1)!, steps: device.steps() };
  };
  const [whole, reloaded] = [await run(false), await run(true)];
  expect(reloaded.delta).toEqual(whole.delta);
  expect(reloaded.steps).toBe(8);
});

test("[V8] delta and home tensors are stored together before the first byte leaves", async () => {
  const { host, clock, start, slowWrites, stored } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("it trains", () => stepOf(volunteer) === 1);
  slowWrites(2500);
  host.hold(events.open);
  await clock.until("the upload", () => host.count(events.open) === 1);
  const order = host.log.map(({ what }) => what);
  const [stores, opens] = [order.indexOf(`write ${storedNames.delta(1)}`), order.indexOf(events.open)];
  expect(stores).toBeGreaterThan(-1);
  expect(opens).toBeGreaterThan(stores);
  expect(host.log[opens]!.at).toBeGreaterThanOrEqual(host.log[stores]!.at);
  // One write has both.
  expect(order.slice(0, opens).filter((what) => what.startsWith("write home"))).toEqual([]);
  expect((await stored.home(1))!.values.get("phi")!.data).not.toEqual(firstHome(host));
});

test("[V8] what cannot be stored is not sent", async () => {
  const { host, clock, start, disk } = world();
  let isFull = true;
  const full = {
    ...disk,
    write: (name: string, bytes: Uint8Array) =>
      isFull && name.startsWith("delta")
        ? Promise.reject(new Error("the disk is full"))
        : disk.write(name, bytes),
  };
  host.open(1);
  const volunteer = await start({ disk: full });
  await clock.until("it fails", () => volunteer.view().activity.kind === "failed");
  expect(host.count(events.open)).toBe(0);
  isFull = false;
  await clock.until("the delta", () => host.accepted.has(1));
});

test("[V9] an accepted delta makes its home tensors this device's own", async () => {
  const { host, clock, start, stored, files } = world({ moments: "kept" });
  host.open(1);
  const volunteer = await start();
  const release = host.hold(events.open);
  await clock.until("stored", () => files.has(storedNames.delta(1)));
  const made = (await stored.home(1))!;
  release();
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect(files.has(storedNames.delta(1))).toBe(false);
  const home = (await stored.home(1))!;
  expect(home.values.get("phi")!.data).toEqual(made.values.get("phi")!.data);
  expect(home.moments).toEqual(made.moments);
  expect(home.values.get("phi")!.data).not.toEqual(firstHome(host));
  expect(await stored.homeRound()).toBe(1);
});

test("[V9] [V11] a refused one leaves them as they were, and the next round is trained", async () => {
  const { host, clock, start, files, device } = world();
  host.refusals.set(events.commit, "too-far");
  host.open(1);
  const volunteer = await start();
  await clock.until("the refusal", () => volunteer.view().refusal?.reason === "too-far");
  await clock.advance(1000);
  expect([files.has(storedNames.delta(1)), files.has(storedNames.home)]).toEqual([false, false]);
  expect(volunteer.view().roundsContributed).toBe(0);
  const steps = device.steps();
  host.refusals.clear();
  host.open(2);
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  expect(device.steps()).toBe(steps + 4);
});

test("[V10] identity, text, tokenizer, home tensors and an unsent delta survive a reload", async () => {
  const { host, clock, start, close, stored, files } = world();
  host.open(1);
  const first = await start();
  await clock.until("settled", () => first.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  const release = host.hold(events.open);
  await clock.until("stored", () => files.has(storedNames.delta(2)));
  host.net.cut();
  release();
  await close(first);
  const [text, home, delta] = [
    files.get("text.safetensors")!.slice(),
    (await stored.home(1))!.values.get("phi")!.data,
    (await stored.delta(2))!,
  ];
  host.net.mend();
  const again = await start();
  await clock.until("the unsent delta", () => host.accepted.has(2));
  await clock.until("settled", () => again.view().roundsContributed === 2);
  expect(host.deltas.get(2)).toEqual(delta.bytes);
  expect(host.accepted.get(2)).toEqual(delta.pending);
  expect(files.get("text.safetensors")).toEqual(text);
  expect(home).not.toEqual(firstHome(host));
  expect(new Set(host.hellos.map((hello) => hello.secret))).toEqual(new Set([secret]));
  expect(again.view().volunteer).toBe(first.view().volunteer);
});

test("[V10] forgetting deletes all of it, and nothing is written afterwards", async () => {
  const { host, clock, start, files, slowWrites } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start({ snapshotMs: 0 });
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  slowWrites(50);
  let isOver = false;
  const forgotten = volunteer.forget().then(() => {
    isOver = true;
  });
  await clock.until("forgotten", () => isOver);
  await forgotten;
  await clock.advance(3_600_000);
  expect([...files.keys()]).toEqual([]);
  expect(host.count(events.leave)).toBe(1);
});

test("[V11] a loss that is not finite ends the round for this volunteer alone; the next one is trained", async () => {
  const { host, clock, start, files, device } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("step 2", () => stepOf(volunteer) === 2);
  device.fail("not-finite");
  await clock.advance(120_000);
  expect([host.count(events.open), files.has(storedNames.home)]).toEqual([0, false]);
  expect(volunteer.view().activity.kind).toBe("waiting");
  host.open(2);
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  expect(host.accepted.get(2)!.steps).toBe(4);
});

test("[V12] what failed is tried again after 1 s, then 2, 4, up to 60", async () => {
  const { host, clock, start } = world();
  const at: number[] = [];
  const net = {
    ...host.net,
    download: (...args: Parameters<typeof host.net.download>) => {
      if (args[0].startsWith("/bodies/")) at.push(clock.elapsed());
      return host.net.download(...args);
    },
  };
  const [path] = [...host.net.coordinator.files.keys()].filter((name) => name.startsWith("/bodies/"));
  const body = host.net.coordinator.files.get(path!)!;
  host.net.coordinator.files.delete(path!);
  host.open(1);
  const volunteer = await start({ net });
  await clock.until("nine tries", () => at.length === 9);
  expect(at.slice(1).map((time, i) => time - at[i]!)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
  ]);
  host.net.coordinator.files.set(path!, body);
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
});

test("[V13] a lost connection stops nothing but sending; it is introduced again, and the upload goes on", async () => {
  const { host, clock, start, device, views } = world({ localSteps: 6 });
  host.byChunks = true;
  host.open(1);
  const volunteer = await start();
  await clock.until("step 2", () => stepOf(volunteer) === 2);
  host.net.cut();
  await clock.advance(60_000);
  expect([device.steps(), volunteer.view().line?.kind, host.count(events.open)]).toEqual([6, "lost", 0]);
  const release = host.hold(events.chunk);
  host.net.mend();
  await clock.until("a chunk", () => host.count(events.chunk) === 1);
  host.net.cut(); // the chunk is there, its acknowledgement is lost
  await clock.advance(10_000);
  // What was shown last is what is: nothing is sent while there is no line.
  expect(views.at(-1)!.activity).toMatchObject({ kind: "waiting", waiting: { for: "connection" } });
  release();
  host.net.mend();
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  expect([host.hellos.length, host.count(events.chunk)]).toEqual([3, 1]);
});

test.each(["removed", "replaced"] as const)(
  "[V14] %s ends the session, and it stays away",
  async (reason) => {
    const { host, clock, start } = world({ localSteps: 10 });
    host.open(1);
    const volunteer = await start();
    await clock.until("step 2", () => stepOf(volunteer) === 2);
    host.net.coordinator.tell(events.removed, { reason });
    expect(await volunteer.ended).toBe(reason);
    host.open(2);
    await clock.advance(3_600_000);
    expect(host.count(events.open)).toBe(0);
  },
);

test("[V14] a run that is over ends the session", async () => {
  const { host, clock, start } = world();
  const volunteer = await start();
  await clock.until("it waits", () => volunteer.view().activity.kind === "waiting");
  host.announce({ paused: false, body: host.body, kind: "finished", rounds: 0 });
  expect(await volunteer.ended).toBe("finished");
});

test("[V4] [V14] a device that comes back after the end hears first what became of its delta", async () => {
  const { host, clock, start, close, stored, files } = world();
  host.open(1);
  const first = await start();
  const release = host.hold(events.open);
  await clock.until("the delta", () => host.accepted.has(1));
  host.net.cut(); // it counts, which this device does not hear
  release();
  await close(first);
  expect(files.has(storedNames.delta(1))).toBe(true);
  host.announce({ paused: false, body: host.body, kind: "finished", rounds: 1 });
  host.net.mend();
  expect(await (await start()).ended).toBe("finished");
  expect([await stored.homeRound(), files.has(storedNames.delta(1))]).toEqual([1, false]);
});

test("[V15] when the deadline comes too close, training ends early and what there is is sent", async () => {
  const { host, clock, start } = world({ localSteps: 100 });
  host.open(1, { remainingMs: 30_000 });
  const volunteer = await start();
  await clock.until("the delta", () => host.accepted.has(1));
  const { steps } = host.accepted.get(1)!;
  // Six seconds are left for sending; one step takes one, and the body was evaluated before.
  expect(steps).toBeGreaterThanOrEqual(20);
  expect(steps).toBeLessThanOrEqual(24);
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  const late = world({ localSteps: 100 });
  late.host.open(1, { remainingMs: 1000 });
  await late.start();
  await late.clock.until("the delta", () => late.host.accepted.has(1));
  expect(late.host.accepted.get(1)!.steps).toBe(1);
});

test("[V15] where steps are slow, four of them are left for sending", async () => {
  const { host, clock, start } = world({ localSteps: 100 }, { stepMs: 10_000 });
  host.open(1, { remainingMs: 100_000 });
  await start();
  await clock.until("the delta", () => host.accepted.has(1));
  expect(host.accepted.get(1)!.steps).toBe(6);
});

test("[V16] finish: the round it is in is still trained and sent, then it leaves", async () => {
  const { host, clock, start, device } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("step 1", () => stepOf(volunteer) === 1);
  volunteer.finish();
  let ending: string | undefined;
  void volunteer.ended.then((how) => {
    ending = how;
  });
  await clock.until("it left", () => ending !== undefined);
  expect([ending, device.steps(), host.accepted.get(1)!.steps]).toEqual(["asked", 4, 4]);
  expect(host.count(events.leave)).toBe(1);
});

test.each([
  ["full", 1],
  ["balanced", 0.6],
  ["quiet", 0.25],
] as const)("[V17] %s: at work %d of the time", async (intensity, share) => {
  const { host, clock, start } = world({ localSteps: 12 });
  host.open(1);
  const volunteer = await start({ intensity });
  await clock.until("step 1", () => stepOf(volunteer) === 1);
  const began = clock.elapsed();
  await clock.until("step 11", () => stepOf(volunteer) === 11);
  expect((10 * 1000) / (clock.elapsed() - began)).toBeCloseTo(share, 2);
});

test("[V17] evaluation rests as training does", async () => {
  const took = async (intensity: "full" | "quiet") => {
    const { host, clock, start } = world({}, { evaluateMs: 400 });
    await start({ intensity });
    await clock.until("the evaluation", () => host.evaluations.length === 1);
    return clock.elapsed();
  };
  const full = await took("full");
  expect(full / (await took("quiet"))).toBeCloseTo(0.25, 2);
});

test("[V18] a device that is gone is started again, and the round goes on from its snapshot", async () => {
  const run = async (isLost: boolean) => {
    const { host, clock, start, device } = world({ localSteps: 8, moments: "kept" });
    host.open(1);
    const volunteer = await start({ snapshotMs: 0 });
    await clock.until("step 3", () => stepOf(volunteer) === 3);
    if (isLost) device.fail("lost");
    await clock.until("the delta", () => host.accepted.has(1));
    return { delta: host.accepted.get(1)!, starts: device.starts(), steps: device.steps() };
  };
  const [whole, lost] = [await run(false), await run(true)];
  expect(lost.delta).toEqual(whole.delta);
  expect([lost.starts, lost.steps]).toEqual([2, 8]);
});

test("the ledger counts what passed, by section; what stays home was not sent", async () => {
  const { host, clock, start } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  const { sent, received } = volunteer.view().ledger;
  expect(sent).toMatchObject({ theta: host.deltas.get(1)!.length, phi: 0, psi: 0 });
  expect(sent.messages).toBeGreaterThan(100);
  expect(received).toMatchObject({ theta: host.body.sections[0]!.sizeBytes, phi: 0, psi: 0 });
});

test("[V53] with each delta the device says what passed since the last one, after a reload too; no text", async () => {
  const { host, clock, start, close } = world();
  const said = (round: number) => host.passed.get(round)!;
  host.open(1);
  const first = await start();
  await clock.until("settled", () => first.view().roundsContributed === 1);
  const theta = host.body.sections[0]!.sizeBytes;
  expect(said(1).receivedBytes).toBeGreaterThan(theta);
  expect(said(1).receivedBytes).toBeLessThan(theta + 1000);
  expect(said(1).sentBytes).toBeGreaterThan(host.deltas.get(1)!.length);
  await close(first);
  host.next(1);
  host.open(2);
  const again = await start();
  await clock.until("settled", () => again.view().roundsContributed === 2);
  const { sentBytes, receivedBytes } = passedIn(again.view().ledger!);
  expect(said(1).sentBytes + said(2).sentBytes).toBeLessThanOrEqual(sentBytes);
  expect(said(1).sentBytes + said(2).sentBytes).toBeGreaterThan(sentBytes - 1000);
  const received = said(1).receivedBytes + said(2).receivedBytes;
  expect(received).toBeLessThanOrEqual(receivedBytes);
  expect(received).toBeGreaterThan(receivedBytes - 1000);
});

test("[V30] a line that goes silent, or is lost, is shown at once, and what computes goes on", async () => {
  const { host, clock, start } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start();
  await clock.until("step 2", () => stepOf(volunteer) === 2);
  expect(volunteer.view().line?.kind).toBe("up");
  host.net.hush();
  const { line } = volunteer.view();
  expect(line).toEqual({ kind: "silent", since: clock.now() });
  await clock.until("step 4", () => stepOf(volunteer) === 4);
  host.net.cut();
  expect(volunteer.view().line).toEqual({ kind: "lost", since: line!.since }); // one outage
  await clock.until("the delta", () => volunteer.view().activity.kind === "waiting");
  expect(volunteer.view().activity).toMatchObject({ waiting: { for: "connection" } });
  expect(volunteer.view().round).toMatchObject({ stage: "send", step: 10 });
  host.net.mend();
  await clock.until("the delta is in", () => host.accepted.has(1));
  expect(volunteer.view().line?.kind).toBe("up");
});

test("[V30] a coordinator that was never reached is shown as such", async () => {
  const { host, clock, start } = world();
  host.net.cut();
  const volunteer = await start();
  await clock.advance(10_000);
  expect(volunteer.view().line?.kind).toBe("connecting");
});

test("[V31] a score that was measured while the line was lost is sent when it is back", async () => {
  const { host, clock, start } = world({ localSteps: 10 }, { evaluateMs: 1000 });
  host.open(1);
  const volunteer = await start();
  const task = () => {
    const { activity } = volunteer.view();
    return activity.kind === "working" ? activity.task.kind : null;
  };
  await clock.until("it measures", () => task() === "evaluate");
  host.net.cut();
  await clock.until("it trains", () => stepOf(volunteer) >= 1);
  expect([host.evaluations.length, volunteer.view().scores.length]).toEqual([0, 1]);
  host.net.mend();
  await clock.until("the report", () => host.evaluations.length === 1);
  expect(host.evaluations[0]!.body).toBe(0);
});

test("[V31] each connection is told the score of the body that there is, and nothing is given up for it", async () => {
  const { host, clock, start, device } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start({ snapshotMs: 1e9 });
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  expect(host.evaluations).toHaveLength(1);
  host.net.cut();
  await clock.advance(2000);
  host.net.mend(); // it may be another process by now, which knows of no score
  await clock.until("it is said again", () => host.evaluations.length === 2);
  await clock.until("the delta", () => host.accepted.has(1));
  expect(host.evaluations[1]).toEqual(host.evaluations[0]);
  expect([device.steps(), host.count(`write ${storedNames.snapshot}`)]).toEqual([10, 0]);
  host.next(1);
  host.closing(1);
  host.net.cut();
  host.net.mend();
  await clock.advance(1000);
  expect(host.evaluations).toHaveLength(2); // of another body it means nothing
});

test("[V32] what was reached in a round is shown while nothing is computed", async () => {
  const { host, clock, start } = world({ localSteps: 10 });
  host.open(1);
  const volunteer = await start();
  const reached = () => volunteer.view().round;
  expect(reached()).toBeNull();
  await clock.until("the body is measured", () => volunteer.view().scores.length === 1);
  expect(reached()).toMatchObject({ stage: "get", step: 0 });
  await clock.until("step 4", () => stepOf(volunteer) === 4);
  volunteer.pause();
  await clock.advance(60_000);
  expect(reached()).toMatchObject({ stage: "train", step: 5 }); // the step that was under way is one of them
  volunteer.resume();
  await clock.until("the delta", () => host.accepted.has(1));
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect(reached()).toMatchObject({ stage: "wait", step: 10 });
});

test("[V7] the curve goes on over a reload, without a gap and without a step twice", async () => {
  const { host, clock, start, close, files } = world({ localSteps: 10 });
  host.open(1);
  const first = await start({ snapshotMs: 2000 });
  await clock.until("step 7", () => stepOf(first) === 7);
  const kept = new Map(files); // the page is gone in this moment, and says nothing
  await close(first);
  files.clear();
  for (const [name, bytes] of kept) files.set(name, bytes);
  const again = await start();
  await clock.until("the delta", () => host.accepted.has(1));
  expect(again.view().losses.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("[V33] after the end of the run, and a reload, what is on the device is there, and can be tried", async () => {
  const { host, clock, start, close } = world();
  host.open(1);
  const first = await start();
  await clock.until("the delta", () => first.view().roundsContributed === 1);
  host.next(1);
  const last = { paused: false, body: host.body } as const;
  host.announce({ ...last, kind: "evaluating", remainingMs: 1e6, evaluated: false });
  await clock.until("the last score", () => host.evaluations.length === 2);
  host.announce({ ...last, kind: "finished", rounds: 1 });
  expect(await first.ended).toBe("finished");
  const { losses, scores, ledger } = first.view();
  await close(first);
  const steps = host.count("open");

  const again = await start();
  await clock.until("it is ready", () => again.view().vocabulary !== null);
  expect(again.view()).toMatchObject({
    activity: { kind: "finished" },
    roundsContributed: 1,
    losses,
    scores,
  });
  expect(again.view().ledger.sent.theta).toBe(ledger.sent.theta);
  await again.sample("one body", 5);
  expect(again.view().sampling).toMatchObject({ done: true, body: 1 });
  expect([host.count("open"), host.evaluations.length]).toEqual([steps, 2]); // nothing else is done
});

test("[V33] who has no work in a run that is over prepares nothing for it", async () => {
  const { host, clock, start } = world();
  host.announce({ paused: false, body: host.body, kind: "finished", rounds: 1 });
  const volunteer = await start();
  await clock.until("it is over", () => volunteer.view().activity.kind === "finished");
  await clock.advance(60_000);
  expect(volunteer.view().vocabulary).toBeNull();
});

/** In the middle of the second round, with a sample's first token there. */
async function sampling(tokens: number) {
  const { host, clock, start, close } = world({ localSteps: 40 }, { readMs: 200 });
  host.open(1);
  const volunteer = await start();
  await clock.until("the delta", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  await clock.until("step 3", () => stepOf(volunteer) === 3);
  const sample = volunteer.sample("one body", tokens);
  await clock.until("some text", () => (volunteer.view().sampling?.text ?? "") !== "");
  return { clock, close, volunteer, sample };
}

test("[V38] before and now go on side by side from one prompt, by numbers that stand still", async () => {
  const { clock, volunteer, sample } = await sampling(30);
  const first = volunteer.view().sampling!;
  expect(first.before).not.toBe("");
  await clock.until("the end of the sample", () => volunteer.view().sampling!.done);
  await sample;
  const { text, before, prompt, body } = volunteer.view().sampling!;
  expect([prompt, body]).toEqual(["one body", 1]);
  expect(text).not.toBe(before);
  expect([text.startsWith(first.text), before!.startsWith(first.before!)]).toEqual([true, true]);
});

test("[V39] training goes on between tokens", async () => {
  const { clock, volunteer, sample } = await sampling(30);
  expect(volunteer.view().sampling!.done).toBe(false);
  const step = stepOf(volunteer)!;
  await clock.until("the end of the sample", () => volunteer.view().sampling!.done);
  await sample;
  expect(stepOf(volunteer)).toBeGreaterThan(step + 5);
});

test("[V40] a sample is stopped by its volunteer, by another one, and by the end; what was written stays", async () => {
  const { clock, close, volunteer, sample } = await sampling(300);
  const { text } = volunteer.view().sampling!;
  volunteer.stopSample();
  await clock.until("it to stop", () => volunteer.view().sampling!.done);
  await sample;
  expect(volunteer.view().sampling!.text.startsWith(text)).toBe(true);
  const second = volunteer.sample("many words", 300);
  await clock.until("the second", () => volunteer.view().sampling!.text !== "");
  const third = volunteer.sample("one", 300);
  await clock.until("the third", () => volunteer.view().sampling!.prompt === "one");
  let over = 0;
  for (const one of [second, third]) void one.then(() => (over += 1));
  const at = clock.now();
  await clock.until("the second to end", () => over === 1);
  expect(clock.now() - at).toBeLessThan(10_000); // not all of it
  expect(volunteer.view().sampling).toMatchObject({ prompt: "one", done: false });
  await close(volunteer);
  await clock.until("the third to end", () => over === 2);
  expect(volunteer.view().sampling!.done).toBe(true);
});

test("[V36] a pause outlives a reload, and ends when the volunteer resumes or contributes anew", async () => {
  const { host, clock, start, close, device } = world({ localSteps: 10 });
  host.open(1);
  const first = await start();
  await clock.until("step 3", () => stepOf(first) === 3);
  first.pause();
  await clock.advance(5000);
  await close(first);
  const steps = device.steps();
  const again = await start();
  await clock.advance(3_600_000);
  expect([again.view().activity.kind, device.steps()]).toEqual(["paused", steps]);
  again.resume();
  await clock.until("the delta", () => host.accepted.has(1));
  expect(device.steps()).toBe(10);
  again.pause();
  host.net.coordinator.tell(events.removed, { reason: "removed" });
  await again.ended;
  await close(again);
  const anew = await start();
  await clock.advance(1000);
  expect(anew.view().activity.kind).not.toBe("paused");
});
