// Time in which nobody was here: a process that was stopped, a machine that slept, a clock that was set [C43].

import type { Millis } from "@homebody/base";
import { type MemoryClock, memoryClock } from "@homebody/clock/memory";
import { events } from "@homebody/protocol";
import { expect, test } from "vitest";
import { deltaOf } from "../../../test/deltas.ts";
import { manifest, serve, token } from "./world.ts";

const run = manifest();
const deadlineMs = 3_600_000;
const dayMs = 86_400_000;
const beatMs = 2000;

interface Hands extends MemoryClock {
  /** Sets what the clock shows. */
  set(byMs: number): void;
  /** So much time passes, of which the process sees nothing; what was due in it happens at its end. */
  stopFor(ms: number): Promise<void>;
}

function hands(): Hands {
  const inner = memoryClock();
  let shift = 0;
  let held: (() => void)[] | undefined;
  const clock: Hands = {
    ...inner,
    now: () => (inner.now() + shift) as Millis,
    after: (ms, work) => inner.after(ms, () => (held === undefined ? work() : held.push(work))),
    every: (ms, work) => {
      let cancel = () => {};
      const again = () => {
        cancel = clock.after(ms, again);
        work();
      };
      cancel = clock.after(ms, again);
      return () => cancel();
    },
    set: (byMs) => {
      shift += byMs;
    },
    stopFor: async (ms) => {
      held = [];
      await inner.advance(ms);
      const due = held;
      held = undefined;
      for (const work of due) work();
      await inner.advance(0);
    },
  };
  return clock;
}

async function inRound() {
  const clock = hands();
  const served = await serve(run, { clock, beatMs });
  const [a, b] = [await served.join("one", "a"), await served.join("two", "b")];
  await clock.advance(10_000);
  const left = () => {
    const { phase } = served.service().state();
    if (phase.kind !== "training") throw new Error(`expected a round, got ${phase.kind}`);
    return phase.deadline - clock.now();
  };
  const kinds = async () => (await served.entries()).map(({ fact }) => fact.kind);
  return { clock, served, a, b, left, kinds };
}

test.each([
  ["a process that was stopped for two hours", (clock: Hands) => clock.stopFor(2 * deadlineMs), beatMs],
  ["a clock that was set a day forward", async (clock: Hands) => clock.set(dayMs), 0],
  ["a clock that was set a day back", async (clock: Hands) => clock.set(-dayMs), 0],
  ["a machine that slept for half an hour", async (clock: Hands) => clock.set(deadlineMs / 2), 0],
])("[C12] [C43] %s costs the round nothing of its time", async (_, happens, lived) => {
  const { clock, served, a, b, left, kinds } = await inRound();
  const before = left();
  await happens(clock);
  await clock.advance(beatMs);
  expect(await kinds()).toEqual(["created", "opened", "restarted"]);
  expect(before - left()).toBeLessThanOrEqual(2 * beatMs + lived);
  expect(before - left()).toBeGreaterThanOrEqual(0);
  // And the deadline is still one.
  expect(await a.deliver(1, deltaOf(run, "a"))).toBe("ok");
  await clock.advance(deadlineMs);
  expect((await served.entries()).map(({ fact }) => fact)).toContainEqual(
    expect.objectContaining({ kind: "closed", reason: "deadline" }),
  );
  expect(b.isUp()).toBe(true);
  await served.close();
});

test("[C43] what comes first after it, be it a delta, finds the deadline moved", async () => {
  const { clock, served, a, kinds } = await inRound();
  clock.set(dayMs);
  expect(await a.deliver(1, deltaOf(run, "a"))).toBe("ok");
  expect(await kinds()).toEqual(["created", "opened", "restarted", "accepted"]);
  await served.close();
});

test("[C16] [C43] in a pause it costs the round nothing either, forward or back", async () => {
  for (const byMs of [dayMs, -dayMs]) {
    const { clock, served, a, left } = await inRound();
    const before = left();
    const act = async (kind: string) => {
      expect(await a.word(events.admin, { token, act: { kind } })).toBe("ok");
    };
    await act("pause");
    clock.set(byMs);
    await clock.advance(60_000);
    await act("resume");
    expect(Math.abs(before - left())).toBeLessThanOrEqual(beatMs);
    await served.close();
  }
});

test("[C43] a life without gaps leaves no such fact", async () => {
  const { clock, served, kinds } = await inRound();
  await clock.advance(deadlineMs / 2);
  expect(await kinds()).toEqual(["created", "opened"]);
  await served.close();
});
