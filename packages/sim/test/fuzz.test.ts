// Small runs by the hundred, each by a seed: volunteers come, go and stop dead, lines are lost, messages late and doubled, the host
// acts, disks fail, and the coordinator is killed between any two calls of its disk. SIM_SECONDS=3600 makes nights of it.

import { random } from "@homebody/base";
import { expect, test } from "vitest";
import type { Texts } from "../src/index.ts";
import { longRun, longScript } from "./fuzz/long.ts";
import { type Played, play } from "./fuzz/play.ts";
import { carrying, type Script, scriptOf } from "./fuzz/script.ts";
import { drawnTexts } from "./fuzz/texts.ts";
import { course, undisturbed } from "./fuzz/undisturbed.ts";

let prepared: Promise<readonly Texts[]> | undefined;
const texts = () => {
  const { manifest, newcomer } = scriptOf(0);
  prepared ??= drawnTexts(manifest, [...manifest.sources, newcomer]);
  return prepared;
};

/** What fails says of which script. */
async function of<T>(script: Script, playing: () => Promise<T>): Promise<T> {
  try {
    return await playing();
  } catch (error) {
    const { manifest, ...rest } = script;
    const { variant, codec, down, outer, overlap, weighting, rounds, round, training } = manifest;
    const shown = { ...rest, variant, codec, down, outer, overlap, weighting, rounds, round, training };
    throw new Error(`seed ${script.seed}\n${JSON.stringify(shown, null, 1)}\n${(error as Error).stack}`, {
      cause: error,
    });
  }
}

async function played(seed: number): Promise<Played> {
  const script = scriptOf(seed);
  const own = await texts();
  return of(script, () => play(script, own));
}

/** Seeds that once failed, and what was wrong. */
const oldFailures: readonly (readonly [seed: number, what: string])[] = [
  [100_007, "a run that was ended in an open round kept its spools until it was evaluated"],
];

for (const [seed, what] of oldFailures)
  test(`once: ${what} (seed ${seed})`, async () => {
    await played(seed);
  });

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

test("[C1] [C3] [C6] [C7] [C8] [C10] [C14] [C16] [C17] [C18] [C21] [C27] [C28] [C29] [C50] [C52] [C61] [C77] [C78] [C79] [C81] [C85] [C86] [C89] [C90] [C92] [C93] [C94] [P5] [P10] [P13] [P17] [V4] [V7] [V9] [V47] [V48] [V51] [V54] [V55] [V56] [V59] whatever happens, the rules hold", {
  timeout: 300_000,
}, async () => {
  const all: Played[] = [];
  for (const seed of seeds) all.push(await played(seed));
  const sum = (of: (one: Played) => number) => all.reduce((total, one) => total + of(one), 0);
  // It is not vacuous.
  expect(sum(({ published }) => published)).toBeGreaterThan(seeds.length);
  expect(sum(({ lapsed }) => lapsed)).toBeGreaterThan(20);
  expect(sum(({ letIn }) => letIn)).toBeGreaterThan(20);
  expect(sum(({ reviewed }) => reviewed)).toBeGreaterThan(20);
  expect(sum(({ quarantined }) => quarantined)).toBeGreaterThan(0);
  expect(sum(({ kills }) => kills)).toBeGreaterThan(100);
  expect(sum(({ failures }) => failures)).toBeGreaterThan(100);
  expect(sum(({ stepsTaken }) => stepsTaken)).toBeGreaterThan(seeds.length / 2);
  expect(sum(({ acts }) => acts)).toBeGreaterThan(100);
  expect(sum(({ ahead }) => ahead)).toBeGreaterThan(20);
  expect(sum(({ finished }) => Number(finished))).toBeGreaterThan(seeds.length / 2);
});

/** Kills the coordinator of one run, at events that are drawn from all over it. */
async function killed(script: Script, kills: number): Promise<void> {
  const { seed } = script;
  const own = await texts();
  const whole = await of(script, () => course(script, own));
  expect(whole.bodies).toHaveLength(script.manifest.rounds + 1);
  if (script.manifest.errorFeedback !== "off") expect(whole.residuals).not.toContain(null);
  const dice = random(`events of ${seed}`);
  for (let i = 0; i < kills; i++) {
    const at = 1 + Math.floor(((i + dice.uniform()) * whole.events) / kills);
    const { bodies, residuals } = await of(script, () => course(script, own, at));
    expect({ bodies, residuals }, `seed ${seed}, killed at event ${at} of ${whole.events}`).toEqual({
      bodies: whole.bodies,
      residuals: whole.residuals,
    });
  }
}

/** Of GLOB, SPEC and TRIM. */
const killedSeeds = [0, 2, 3];
const killsOfEach = 60;

test.each(killedSeeds)(
  "[C1] [C3] killed at any event and started again: the same bodies (seed %i)",
  {
    timeout: 120_000,
  },
  (seed) => killed(undisturbed(scriptOf(seed)), killsOfEach),
);

/** With what sparse deltas leave out carried on, over three rounds. */
function sparsely(script: Script): Script {
  const manifest = carrying(script.manifest, { kind: "sparse2", k: 64 }, 20);
  return { ...script, manifest: { ...manifest, rounds: 3 } };
}

test.each(killedSeeds)(
  "[C1] [C3] [V47] [V48] with error feedback, killed at any event: the same bodies and the same residuals (seed %i)",
  {
    timeout: 120_000,
  },
  (seed) => killed(sparsely(undisturbed(scriptOf(seed))), killsOfEach / 3),
);

function eagerly(script: Script): Script {
  const { manifest } = sparsely(script);
  return { ...script, manifest: { ...manifest, overlap: "eager", rounds: 4 } };
}

/** The same of an eager run: where a body comes late, rounds start from others, so bodies may differ, and nothing else. */
async function killedAhead(script: Script, kills: number): Promise<void> {
  const { seed } = script;
  const own = await texts();
  const whole = await of(script, () => course(script, own));
  expect(whole.ahead).toBeGreaterThan(0);
  const dice = random(`events of ${seed}`);
  for (let i = 0; i < kills; i++) {
    const at = 1 + Math.floor(((i + dice.uniform()) * whole.events) / kills);
    const { bodies, counted, bodiesOfDevices, residuals } = await of(script, () => course(script, own, at));
    const where = `seed ${seed}, killed at event ${at} of ${whole.events}`;
    expect(counted, where).toEqual(counted.map(() => [1, 2, 3, 4]));
    expect([bodies.length, new Set(bodiesOfDevices).size], where).toEqual([5, 1]);
    expect(residuals, where).not.toContain(null);
  }
}

test.each(killedSeeds)(
  "[C1] [C3] [C10] [C81] [V54] [V57] an eager run killed at any event: every round counts once, and all end with one body (seed %i)",
  {
    timeout: 120_000,
  },
  (seed) => killedAhead(eagerly(undisturbed(scriptOf(seed))), killsOfEach / 3),
);

// Of so many the cost model's deltas, of two magnitudes each, would be copies of each other.
test("[C1] [C3] [V47] [V48] the same of fifty volunteers who really train", { timeout: 120_000 }, () => {
  const script = sparsely(undisturbed(scriptOf(2), 50)); // of SPEC
  const { manifest } = script;
  const training = { ...manifest.training, localSteps: 2 };
  return killed({ ...script, stubTraining: false, manifest: { ...manifest, training } }, 3);
});

test.each([0, 2])(
  "[C24] [P17] what is held at the end of 60 rounds is what was held after twenty (seed %i)",
  {
    timeout: 60_000,
  },
  async (seed) => {
    const script = longScript(scriptOf(seed), 60);
    const own = await texts();
    const { early, late, stayed, expected } = await of(script, () => longRun(script, own, 20));
    const { connections, volunteers, remembered, blobs, state } = early; // of uploads at once chance has a part in it
    expect(late).toMatchObject({ connections, volunteers, remembered, blobs, state });
    expect(stayed).toBe(expected);
  },
);

const nightSeconds = Number(process.env.SIM_SECONDS ?? 0);

test.runIf(nightSeconds > 0)("a night of it", { timeout: 1000 * nightSeconds + 600_000 }, async () => {
  const end = performance.now() + 1000 * nightSeconds;
  const first = Number(process.env.SIM_SEED ?? 1000);
  let seed = first;
  for (; performance.now() < end; seed++) {
    await played(seed);
    if (seed % 100 !== 0) continue;
    await killed(undisturbed(scriptOf(seed)), 2 * killsOfEach);
    await killed(sparsely(undisturbed(scriptOf(seed))), 2 * killsOfEach);
    await killedAhead(eagerly(undisturbed(scriptOf(seed))), 2 * killsOfEach);
  }
  process.stderr.write(`seeds ${first} to ${seed - 1}: the rules held\n`);
});
