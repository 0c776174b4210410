// [V20] Words that nobody has trained fit the body before they count: through the real rooms, over ports in memory.

import type { NamedTensors } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { exchangeFor, formsOf, wordsSeed } from "@homebody/dept";
import { initialParameters } from "@homebody/model/parameters";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { storedNames } from "../src/stored-names.ts";
import { storedState } from "../src/stored-state.ts";
import type { Volunteer } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith, type RunOptions, wordsSecret } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const fitSteps = 10;

function world(options: RunOptions = {}) {
  const host = new Host(manifestWith({ fitSteps, codec: "fp32", ...options }));
  const device = deviceOf(host);
  const exchange = exchangeFor(host.manifest, host.manifest.sources[0]!, null);
  const readies = () =>
    host.net.coordinator.heard
      .filter(({ event }) => event === events.ready)
      .map(({ message }) => (message as { ready: boolean }).ready);
  return {
    host,
    ...device,
    clock: host.clock,
    exchange,
    readies,
    stored: storedState(device.disk, exchange),
    start: async (more: Parameters<typeof device.start>[0] = {}) => {
      const volunteer = await device.start(more);
      ends.push(() => device.close(volunteer));
      return volunteer;
    },
    firstHome: (group: "phi" | "psi") =>
      initialParameters(exchange.config, [group], wordsSeed(host.manifest.training.seed, "a", wordsSecret))
        .data,
    deltaOf: (round: number) =>
      decodeDelta(host.deltas.get(round)!, formsOf(exchange)).map(({ numbers }) => numbers.data),
  };
}

const fitStepOf = (volunteer: Volunteer) => {
  const { activity } = volunteer.view();
  return activity.kind === "working" && activity.task.kind === "fit" ? activity.task.done : -1;
};
const trainStepOf = (volunteer: Volunteer) => {
  const { activity } = volunteer.view();
  return activity.kind === "working" && activity.task.kind === "train" ? activity.task.done : -1;
};
const sum = (a: NamedTensors, b: Float32Array) => a.data.map((value, i) => value + b[i]!);

test("[V20] a newcomer is not ready before its words fit the body; they are stored, and its first round begins from them", async () => {
  const { host, clock, start, stored, readies, firstHome, device } = world();
  host.trainedByOthers(4);
  host.open(5, { assigned: false });
  const volunteer = await start();
  await clock.until("step 3 of the fit", () => fitStepOf(volunteer) === 3);
  expect([readies(), host.evaluations]).toEqual([[false], []]);
  await clock.until("it is ready", () => readies().length === 2);
  expect([readies(), device.steps(), await stored.homeRound()]).toEqual([[false, true], fitSteps, 0]);
  const fitted = (await stored.home(0))!.values;
  for (const group of ["phi", "psi"] as const) expect(fitted.get(group)!.data).not.toEqual(firstHome(group));
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  expect(host.evaluations[0]!.body).toBe(4);
  host.trainedByOthers(5);
  host.open(6);
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect(device.steps()).toBe(fitSteps + 4);
  expect((await stored.home(6))!.values.get("phi")!.data).not.toEqual(fitted.get("phi")!.data);
});

/** The words that a newcomer of body 4 has when it is ready, and the steps that it took. */
async function fitted(
  meanwhile: (now: ReturnType<typeof world> & { readonly volunteer: Volunteer }) => Promise<void>,
  more: Parameters<ReturnType<typeof world>["start"]>[0] = {},
) {
  const own = world();
  const { host, clock, start, stored, readies, device } = own;
  host.trainedByOthers(4);
  host.open(5, { assigned: false });
  const volunteer = await start(more);
  await clock.until("step 3 of the fit", () => fitStepOf(volunteer) === 3);
  await meanwhile({ ...own, volunteer });
  await clock.until("it is ready", () => readies().at(-1) === true);
  const { values } = (await stored.home(0))!;
  return { words: [values.get("phi")!.data, values.get("psi")!.data], steps: device.steps() };
}

test("words that stay home begin from a secret that is never sent: neither the run nor the identity tells them", async () => {
  const [one, again, other] = [
    await fitted(async () => {}),
    await fitted(async () => {}, { secret: "a7".repeat(32) }),
    await fitted(async () => {}, { wordsSecret: "a7".repeat(32) }),
  ];
  expect(again.words).toEqual(one.words);
  for (const group of [0, 1]) expect(other.words[group]).not.toEqual(one.words[group]);
});

test("[V20] a reload, a pause, a lost device and another body in the middle of it change nothing of what comes of it", async () => {
  const whole = await fitted(async () => {});
  expect(whole.steps).toBe(fitSteps);
  const reloaded = await fitted(async ({ close, volunteer, start, files }) => {
    await close(volunteer);
    expect([...files.keys()].filter((name) => /home|snapshot/.test(name))).toEqual([]);
    await start();
  });
  const paused = await fitted(async ({ volunteer, clock }) => {
    volunteer.pause();
    await clock.advance(60_000);
    volunteer.resume();
  });
  const lost = await fitted(async ({ device }) => device.fail("lost"));
  for (const { words } of [reloaded, paused, lost]) expect(words).toEqual(whole.words);
  expect(reloaded.steps).toBeGreaterThan(fitSteps); // begun again, from the first words
  const another = await fitted(async ({ host }) => {
    host.trainedByOthers(5);
    host.open(6, { assigned: false });
  });
  expect(another).toEqual(whole);
});

test("[V20] a body that is gone before it came: the fit is to the newest one", async () => {
  const { host, clock, start, device } = world();
  host.trainedByOthers(4);
  host.net.coordinator.files.delete(`/bodies/${host.body.sections[0]!.sha256}`);
  host.open(5, { assigned: false });
  const volunteer = await start();
  await clock.until("it fails", () => volunteer.view().activity.kind === "failed");
  host.trainedByOthers(9);
  host.open(10, { assigned: false });
  await clock.until("it is evaluated", () => host.evaluations.length === 1);
  expect([host.evaluations[0]!.body, device.steps()]).toEqual([9, fitSteps]);
});

test("[V20] who trains from the first body on fits nothing", async () => {
  const { host, clock, start, close, device, readies, files } = world();
  host.open(1);
  const volunteer = await start();
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.open(2);
  await clock.until("settled", () => volunteer.view().roundsContributed === 2);
  await close(volunteer);
  host.closing(2);
  const again = await start();
  await clock.until("it waits", () => again.view().activity.kind === "waiting");
  expect([device.steps(), files.has(storedNames.home)]).toEqual([8, true]);
  expect(readies()).toEqual([false, true, false, true]); // not before its text is there, twice
});

test("[V20] a delta of the first body that is accepted after a reload: its words count, and no fit touches them", async () => {
  const { host, clock, start, close, stored, device } = world();
  host.open(1);
  const first = await start();
  const release = host.hold(events.commit);
  await clock.until("the delta", () => host.accepted.has(1));
  const words = (await stored.home(1))!.values.get("phi")!.data;
  host.net.cut(); // the answer is lost
  release();
  await close(first);
  host.next(1);
  host.open(2);
  host.net.mend();
  const again = await start();
  await clock.until("round 2", () => trainStepOf(again) === 1);
  expect([device.steps(), await stored.homeRound()]).toEqual([5, 1]);
  expect((await stored.home(1))!.values.get("phi")!.data).toEqual(words);
});

test("[V20] a first delta that is refused leaves the fitted words, and they are fitted no more", async () => {
  const { host, clock, start, close, stored, device } = world();
  host.trainedByOthers(4);
  const volunteer = await start();
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  const words = (await stored.home(0))!.values.get("phi")!.data;
  host.refusals.set(events.commit, "too-far");
  host.open(5);
  await clock.until("the refusal", () => volunteer.view().refusal?.reason === "too-far");
  await clock.advance(1000);
  expect((await stored.home(0))!.values.get("phi")!.data).toEqual(words);
  host.refusals.clear();
  await close(volunteer);
  host.trainedByOthers(5);
  host.open(6);
  const again = await start();
  await clock.until("settled", () => again.view().roundsContributed === 1);
  expect(device.steps()).toBe(fitSteps + 4 + 4);
});

test("[V20] a delta of the first body that is refused: the words fit the next one", async () => {
  const { host, clock, start, device, readies } = world();
  host.refusals.set(events.commit, "too-far");
  host.open(1);
  const volunteer = await start();
  await clock.until("the refusal", () => volunteer.view().refusal?.reason === "too-far");
  host.trainedByOthers(1);
  host.refusals.clear();
  host.open(2, { assigned: false });
  // Not before its text is there, and not while its words are fitted.
  await clock.until("it is ready again", () => readies().length === 4);
  expect([readies(), device.steps()]).toEqual([[false, true, false, true], 4 + fitSteps]);
  await clock.until("the evaluation", () => host.evaluations.length === 2);
  expect(volunteer.view().roundsContributed).toBe(0);
});

test("[V20] words of a source: the fit is the device's until its first delta, which has it", async () => {
  const { host, clock, start, stored, deltaOf, device, files, exchange } = world({ words: "source" });
  expect(exchange.sections.map(({ name }) => name)).toEqual(["theta", "phi/a", "psi/a"]);
  const first = host.numbers();
  host.trainedByOthers(4);
  const volunteer = await start();
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  expect([device.steps(), files.has(storedNames.home)]).toEqual([fitSteps, false]);
  const words = (await stored.fitted(["phi", "psi"]))!.values;

  // What is evaluated are the fitted words: the body's own come to another loss.
  const [raw] = await evaluationsOf({ fitSteps: 0, words: "source" });
  expect(host.evaluations[0]!.nats).toBeLessThan(raw!);

  host.open(5);
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  const [, phi, psi] = deltaOf(5);
  const fit = (group: "phi" | "psi", i: number) =>
    words.get(group)!.data.map((value, j) => value - first[i]!.data[j]!);
  for (const [group, delta, i] of [
    ["phi", phi!, 1],
    ["psi", psi!, 2],
  ] as const) {
    // Four steps of at most 0.01 lie between the fit and the delta; the fit itself is up to ten.
    const far = fit(group, i).map((value, j) => Math.abs(value - delta[j]!));
    expect(Math.max(...far)).toBeLessThan(4 * 0.0101);
    expect(Math.max(...delta.map(Math.abs))).toBeGreaterThan(4 * 0.0101);
  }
  host.next(5);
  expect(host.numbers()[1]!.data).toEqual(sum(first[1]!, phi!));
});

/** What a newcomer of body 4 says of it. */
async function evaluationsOf(options: RunOptions): Promise<readonly number[]> {
  const { host, clock, start } = world(options);
  host.trainedByOthers(4);
  await start();
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  return host.evaluations.map(({ nats }) => nats);
}

test("[V20] words of a source that others have trained: a newcomer begins from them, and fits nothing", async () => {
  const { host, clock, start, close, deltaOf, device, files } = world({ words: "source" });
  host.trainedByOthers(4, true);
  const volunteer = await start();
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  host.open(5);
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect([device.steps(), files.has(storedNames.fitted)]).toEqual([4, false]);
  for (const delta of deltaOf(5)) expect(Math.max(...delta.map(Math.abs))).toBeLessThan(4 * 0.0101);
  await close(volunteer);
  host.closing(5);
  const again = await start();
  await clock.until("it waits", () => again.view().activity.kind === "waiting");
  expect(device.steps()).toBe(4);
});

test("[V20] words of a source that were fitted here are let go when others have trained them", async () => {
  const { host, clock, start, device, deltaOf, close } = world({ words: "source" });
  host.trainedByOthers(4);
  const volunteer = await start();
  await clock.until("the evaluation", () => host.evaluations.length === 1);
  expect(device.steps()).toBe(fitSteps);
  host.trainedByOthers(5, true);
  host.open(6);
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  for (const delta of deltaOf(6)) expect(Math.max(...delta.map(Math.abs))).toBeLessThan(4 * 0.0101);
  await close(volunteer);
  host.closing(6);
  const again = await start();
  await clock.until("it waits", () => again.view().activity.kind === "waiting");
  expect(device.steps()).toBe(fitSteps + 4);
});

test.each(["device", "source"] as const)(
  "[V20] refitSteps, words of the %s: each round on a trained body begins with steps in which the body stands still",
  async (words) => {
    const run = async (refitSteps: number) => {
      const own = world({ words, fitSteps: 0, refitSteps });
      const { host, clock, start, device } = own;
      host.open(1);
      const volunteer = await start();
      await clock.until("settled", () => volunteer.view().roundsContributed === 1);
      host.next(1);
      host.open(2);
      await clock.until("settled", () => volunteer.view().roundsContributed === 2);
      return { steps: device.steps(), deltas: [own.deltaOf(1), own.deltaOf(2)], host };
    };
    const [without, refitted] = [await run(0), await run(3)];
    expect([without.steps, refitted.steps]).toEqual([8, 11]);
    expect(refitted.deltas[0]).toEqual(without.deltas[0]);
    // The device of these tests moves each number by itself: theta is where it would be without the refit.
    expect(refitted.deltas[1]![0]).toEqual(without.deltas[1]![0]);
    if (words === "source") expect(refitted.deltas[1]![1]).not.toEqual(without.deltas[1]![1]);
    expect(refitted.host.accepted.get(2)!.steps).toBe(4); // steps of the round alone are claimed
  },
);

test("[V20] GLOB: embeddings that all share are never fresh", async () => {
  const { host, clock, start, device } = world({ variant: "glob" });
  host.trainedByOthers(4);
  host.open(5);
  const volunteer = await start();
  await clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect(device.steps()).toBe(4);
});
