// Facts that strangers would leave without bound: each is refused before it is one, and honest volunteers beside them are
// served as if nobody else were there.

import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { secretOf } from "../../../../test/deltas.ts";
import type { Client } from "../client.ts";
import { evaluate, type OpenRun, openRun, takePart } from "./open-run.ts";

const unlimited = { messagesPerSecond: 1e6, newPerSecond: 1e6 };
let run: OpenRun;
afterEach(() => run.close());

/** Both are assigned to round 1. */
async function pair(): Promise<readonly [Client, Client]> {
  const [a, b] = [await run.join("honest a", "a"), await run.join("honest b", "b")] as const;
  for (const one of [a, b]) await one.told(({ kind }) => kind === "training");
  return [a, b];
}

async function publishes(honest: readonly Client[]): Promise<void> {
  const words = await Promise.all(honest.map((one) => takePart(one, run, 1)));
  expect(words).toEqual(honest.map(() => "ok"));
  await honest[0]!.told(({ body }) => body.number === 1);
}

const count = async (kind: string) => (await run.entries()).filter(({ fact }) => fact.kind === kind).length;

/** Comes as somebody new, on a line that is there or on one of its own. */
const comings = {
  "on one line": async () => {
    const line = await run.meet("loop");
    return async (i: number) => ({ one: line, said: await line.hello("a", { secret: secretOf(`${i}`) }) });
  },
  "on a line each": async () => async (i: number) => {
    const one = await run.meet(`loop ${i}`);
    return { one, said: await one.hello("b") };
  },
};

test.each(Object.entries(comings))(
  "[C33] %s: hello, ready, evaluation and leave in a loop, beside a round that is open, leave no fact",
  async (_, coming) => {
    run = await openRun({ rounds: 1 }, unlimited);
    const honest = await pair();
    const before = (await run.entries()).length;
    const come = await coming();
    for (let i = 0; i < 60; i++) {
      const { one, said } = await come(i);
      if (!said.ok) continue;
      await one.word(events.ready, { ready: i % 2 === 0 });
      expect(await evaluate(one, run)).toBe("ok"); // heard, and kept for a round that counts on it
      await one.word(events.ready, { ready: false });
      await one.word(events.leave, {});
    }
    expect((await run.entries()).length).toBe(before);
    await publishes(honest);
  },
);

test("[C33] one that is assigned leaves an evaluation and a departure, however often it says so", async () => {
  run = await openRun(
    { rounds: 1, round: "{ minimum: 3, deadlineSeconds: 3600, evaluationSeconds: 3600, minimumSeconds: 0 }" },
    unlimited,
  );
  const loud = await run.join("loud", "a");
  const honest = await pair();
  const before = (await run.entries()).length;
  for (let i = 0; i < 50; i++) {
    await loud.hello("a");
    await loud.word(events.ready, { ready: true });
    await evaluate(loud, run, { nats: 100 + i });
    await loud.word(events.leave, {});
  }
  const kinds = (await run.entries()).slice(before).map(({ fact }) => fact.kind);
  expect(kinds).toEqual(["evaluated", "left"]);
  await publishes(honest);
});

test.each([
  ["one and the same", (_: number) => secretOf("the same")],
  ["somebody new each time", (i: number) => secretOf(`new ${i}`)],
])(
  "[C34] a round that opens for %s, who leaves it, opens ever more rarely; who means it takes part",
  async (_, secret) => {
    const round = "{ minimum: 1, deadlineSeconds: 4, evaluationSeconds: 3600, minimumSeconds: 0 }";
    run = await openRun({ rounds: 1, round }, unlimited);
    for (let i = 0; i < 60; i++) {
      const one = await run.meet(`leaver ${i}`);
      await one.hello("a", { secret: secret(i) });
      await one.word(events.ready, { ready: true });
      await evaluate(one, run);
      await one.word(events.leave, {});
      one.close();
    }
    const opened = (await run.entries()).filter(({ fact }) => fact.kind === "opened");
    // By the journal's own times: at once, at once, then 1, 3, 4, 4, ... seconds after the one before.
    for (const [i, { at }] of opened.entries())
      if (i >= 2) expect(at - opened[i - 1]!.at).toBeGreaterThanOrEqual(1000 * Math.min(2 ** (i - 1) - 1, 4));
    const facts = (await run.entries()).length;
    expect(facts).toBeLessThanOrEqual(1 + 4 * opened.length);
    const honest = await run.join("honest", "a");
    await publishes([honest]);
    expect(await count("accepted")).toBe(1);
  },
);
