// A process in memory that ends, and time that stands still while something goes on outside of it.

import { expect, test } from "vitest";
import { life, memoryClock } from "../src/memory.ts";

test("a process that is over: its timers do nothing, what it sleeps for never comes, a port of its is not asked", async () => {
  const world = memoryClock();
  const own = life();
  const clock = own.clock(world);
  const happened: string[] = [];
  const port = own.port({
    write: async (what: string) => {
      happened.push(`write ${what}`);
      await world.sleep(20);
      return what;
    },
  });
  clock.after(10, () => happened.push("after"));
  clock.every(10, () => happened.push("every"));
  void clock.sleep(10).then(() => happened.push("slept"));
  void port.write("answered").then((what) => happened.push(what));
  await world.advance(25);
  void port.write("half-way").then((what) => happened.push(what));
  void clock.sleep(10).then(() => happened.push("slept again"));
  clock.after(10, () => happened.push("after again"));
  own.end();
  void port.write("too late").then((what) => happened.push(what));
  await world.advance(100);
  expect(happened).toEqual([
    ...["write answered", "after", "every", "slept"],
    ...["answered", "every"], // both are due at 20 ms
    "write half-way",
  ]);
  // Nothing of it is left that would go off for ever.
  await expect(world.until("a timer", () => false)).rejects.toThrow("no timer that is set");
});

test("it may end at each moment before a call has its effect, and before its answer arrives", async () => {
  for (const [last, wanted] of [
    [1, []],
    [2, ["effect"]],
    [3, ["effect", "answer"]],
  ] as const) {
    const own = life();
    const happened: string[] = [];
    let moments = 0;
    const moment = () => {
      moments += 1;
      if (moments === last) own.end();
    };
    const port = own.port({ ask: async () => void happened.push("effect") }, moment);
    void port.ask().then(() => happened.push("answer"));
    await memoryClock().advance(0);
    expect(happened).toEqual(wanted);
  }
});

test("time stands still while a machine computes", async () => {
  const clock = memoryClock();
  const happened: string[] = [];
  const machine = new Promise<void>((resolve) => void setTimeout(resolve, 5)).then(() =>
    happened.push("computed"),
  );
  clock.after(1, () => happened.push("a millisecond"));
  void clock.standsStill(machine);
  await clock.advance(1);
  expect(happened).toEqual(["computed", "a millisecond"]);
});
