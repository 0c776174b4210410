// [V43] What a device keeps is a model by itself: through the real rooms, over ports in memory.

import { afterEach, expect, test } from "vitest";
import { ownModel } from "../src/own-model.ts";
import { deviceOf, Host, manifestWith, type RunOptions } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** One round, and the next body is evaluated. */
async function oneRound(options: RunOptions) {
  const host = new Host(manifestWith({ codec: "fp32", ...options }));
  const device = deviceOf(host);
  host.open(1);
  const volunteer = await device.start();
  ends.push(() => device.close(volunteer));
  await host.clock.until("settled", () => volunteer.view().roundsContributed === 1);
  host.next(1);
  host.announce({ paused: false, body: host.body, kind: "gathering", round: 2, ready: 1, minimum: 2 });
  await host.clock.until("body 1 is evaluated", () => host.evaluations.some(({ body }) => body === 1));
  return { host, ...device, volunteer };
}

const cases: readonly (RunOptions & {
  readonly name: string;
  readonly home: boolean;
  readonly allRows: boolean;
})[] = [
  { name: "SPEC, words of devices", home: true, allRows: true },
  { name: "SPEC, one vocabulary", vocabulary: "global", home: true, allRows: false },
  { name: "SPEC, words of sources", words: "source", home: false, allRows: true },
  { name: "GLOB", variant: "glob", home: false, allRows: true },
  { name: "TRIM", variant: "trim", home: false, allRows: true },
];

test.each(cases)(
  "[V43] $name: body, words and tokenizer, over the whole vocabulary",
  async ({ name: _, home, allRows, ...options }) => {
    const { host, disk, volunteer } = await oneRound(options);
    const model = (await ownModel(disk))!;
    const { manifest, source, config, parameters, tokenizer } = model;
    expect(manifest).toEqual(host.manifest);
    expect([source.id, config.vocab_size]).toEqual(["a", 300]);
    expect(parameters.theta.data).toEqual(host.numbers()[0]!.data);
    expect(model.body).toEqual({ number: 1, id: host.body.id });
    expect(model.wordsOfRound).toBe(home ? 1 : null);
    expect(parameters.phi.data.length).toBe(300 * 8);
    if (!home && allRows) expect(parameters.phi.data).toEqual(host.numbers()[1]!.data);
    if (allRows) expect(model.rows).toBeNull();
    else expect(model.rows!.held).toBeLessThan(model.rows!.of);
    expect(tokenizer.vocabularySize).toBeLessThanOrEqual(300);
    expect(() => tokenizer.toJson()).not.toThrow();
    expect(model.bitsPerByte).toBe(volunteer.view().scores.find(({ body }) => body === 1)!.bitsPerByte);
  },
);

test("[V43] of a row that no text needs it says that it has learnt nothing: it is as the seed draws it", async () => {
  const { disk } = await oneRound({ vocabulary: "global" });
  const { parameters, rows } = (await ownModel(disk))!;
  const small = Array.from({ length: 300 }, (_, row) => parameters.phi.data.subarray(8 * row, 8 * row + 8));
  expect(small.every((row) => row.some((value) => value !== 0))).toBe(true);
  expect(rows).toEqual({ held: expect.any(Number), of: 300 });
});

test("[V43] before words at home are trained there is none, and after forgetting there is none", async () => {
  const host = new Host(manifestWith());
  const device = deviceOf(host);
  host.open(1);
  const volunteer = await device.start();
  await host.clock.until("the body is evaluated", () => host.evaluations.length === 1);
  expect(await ownModel(device.disk)).toBeUndefined();
  await host.clock.until("settled", () => volunteer.view().roundsContributed === 1);
  expect(await ownModel(device.disk)).toBeDefined();
  const forgotten = volunteer.forget();
  await host.clock.advance(10_000);
  await forgotten;
  expect(await ownModel(device.disk)).toBeUndefined();
});

test("[V43] a body of which one section is not there yet is no body", async () => {
  const { disk, files } = await oneRound({ variant: "glob" });
  files.delete("body-phi.safetensors");
  expect(await ownModel(disk)).toBeUndefined();
});
