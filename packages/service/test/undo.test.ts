// Poisoned deltas in a run over the production's service: clipped [C26], held [C27], taken out again [C28].

import { type NamedTensors, namedTensors } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { exchangeOf } from "@homebody/dept";
import { events, type RunManifest, volunteerOf } from "@homebody/protocol";
import { expect, test } from "vitest";
import { deltaOf, secretOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { type FaultPoint, faultPoints } from "../src/index.ts";
import { type HostDisk, hostDisk } from "../src/memory/index.ts";
import { keepingAll, type Member, manifest, type Served, serve, token } from "./world.ts";

const nesterov = { kind: "nesterov", lr: 0.7, momentum: 0.9 } as const;
const run: RunManifest = manifest(
  { outer: nesterov, codec: "fp32", down: "int8" },
  { rounds: 4, keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 3 }, hold: { worsening: 0.25 } },
);
const three: RunManifest = { ...run, round: { ...run.round, minimum: 3 } };
const bad = volunteerOf(secretOf("bad"));

/** Every number about as far as a round's training may take it; each round's are its own, since copies are refused [P28]. */
function poison(of: RunManifest, round: number): Uint8Array {
  const sections = exchangeOf(of).sections.map(
    ({ codec, held }): { codec: typeof codec; numbers: NamedTensors } => ({
      codec,
      numbers: namedTensors(held, new Float32Array(held.size).fill(-5e-3 + 1e-6 * round)),
    }),
  );
  return encodeDelta(sections).bytes;
}

const people = [
  ["one", "a"],
  ["two", "b"],
  ["bad", "a"],
] as const;

async function joined(served: Served): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (const [name, source] of people) members.push(await served.join(name, source));
  await served.clock.advance(0);
  return members;
}

const measure = async (served: Served, members: readonly Member[], nats: number) => {
  const { number, id } = served.service().state().body;
  const scored = { body: number, id, nats, tokens: 50, bytes: 60 };
  for (const member of members) expect(await member.word(events.evaluation, scored)).toBe("ok");
};

async function round(served: Served, members: readonly Member[], number: number): Promise<void> {
  for (const [i, [name]] of people.entries()) {
    const delta = name === "bad" && number > 1 ? poison(three, number) : deltaOf(three, `${number} ${name}`);
    expect(await members[i]!.deliver(number, delta)).toBe("ok");
  }
  await served.clock.advance(0);
}

const act = (member: Member, what: object) => member.word(events.admin, { token, act: what });

test("[C26] [C27] [C28] one who poisons is clipped, the run holds itself, and the host takes its delta out of the body again", async () => {
  const served = await serve(keepingAll(three));
  const members = await joined(served);
  await measure(served, members, 100);
  await round(served, members, 1);
  await round(served, members, 2);
  const [second] = (await served.entries())
    .map(({ fact }) => fact)
    .filter((fact) => fact.kind === "published" && fact.round === 2);
  expect(second).toMatchObject({ clipped: [{ volunteer: bad }] });
  const { kept } = served
    .service()
    .figures()
    .deltas.find((one) => one.round === 2 && one.volunteer === bad)!;
  expect(kept).toBeLessThan(0.2);
  await measure(served, members, 200);
  expect(served.service().state().held).toEqual({ body: 2, sources: ["a", "b"] });
  expect(members[0]!.announcements.at(-1)).toMatchObject({ paused: true, held: { body: 2 } });
  expect(await act(members[0]!, { kind: "undo", to: 0, without: [bad] })).toBe("not-kept");
  expect(await act(members[0]!, { kind: "undo", to: 2, without: [bad] })).toBe("ok");
  await served.clock.advance(0);
  const { body, held, outer, past } = served.service().state();
  expect({ held, number: body.number }).toEqual({ held: null, number: 3 });
  expect(past.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
  expect(outer).not.toEqual(past[2]!.outer);
  await round(served, members, 4);
  expect(await assertMeans(await served.entries(), "any", served.blob)).toEqual([1, 2, 3, 4]);
  expect(served.troubles).toEqual([]);
  await served.close();
});

/** Two rounds, then back to body 1, and its words: killed once where it says. */
async function wentBack(disk: HostDisk, without: readonly string[], dies?: { at: FaultPoint; pass: number }) {
  let passed = 0;
  let died = false;
  let isGoing = false;
  const served = await serve(three, {
    disk,
    faults: (point) => {
      if (!isGoing || point !== dies?.at || ++passed !== dies.pass || died) return;
      died = true;
      served.kill();
    },
  });
  const members = await joined(served);
  await round(served, members, 1);
  await round(served, members, 2);
  isGoing = true;
  const asked = act(members[0]!, { kind: "undo", to: 2, without }).catch(() => "no answer");
  await served.clock.advance(1000);
  if (died) {
    await served.start();
    await served.clock.advance(5000);
    // The line was lost before an answer came, or the act before it was durable.
    if (served.service().state().body.number < 3) {
      const again = await joined(served);
      await act(again[0]!, { kind: "undo", to: 2, without });
      await served.clock.advance(5000);
    }
  } else expect(await asked).toBe("ok");
  const { body, outer } = served.service().state();
  await served.close();
  return { body, outer, died };
}

test("[C3] [C28] killed at any point of going back, it makes the same bytes", async () => {
  const without = [bad];
  const whole = await wentBack(hostDisk(), without);
  expect(whole.body.number).toBe(3);
  let deaths = 0;
  for (const at of faultPoints) {
    const one = await wentBack(hostDisk(), without, { at, pass: 1 });
    if (one.died) deaths += 1;
    expect({ at, body: one.body, outer: one.outer }).toEqual({ at, body: whole.body, outer: whole.outer });
  }
  expect(deaths).toBeGreaterThan(3);
});

test.each([
  ["fp32", three],
  ["fp16", { ...three, down: "off" }],
] as const)(
  "[C28] [C78] back to a body (%s) as it was: its very files, and what was kept beside it",
  async (body, run) => {
    const served = await serve(keepingAll({ ...run, body }));
    const members = await joined(served);
    await round(served, members, 1);
    const { body: first, outer } = served.service().state();
    await round(served, members, 2);
    await round(served, members, 3);
    expect(await act(members[1]!, { kind: "undo", to: 1, without: [] })).toBe("ok");
    await served.clock.advance(0);
    const state = served.service().state();
    expect(state.body).toEqual({ ...first, number: 4 });
    expect(state.outer).toEqual(outer);
    expect(await assertMeans(await served.entries(), "any", served.blob)).toEqual([1, 2, 3]);
    await served.close();
  },
);
