// What every clock owes a session.

import { describe, expect, test } from "vitest";
import type { Clock } from "../src/ports.ts";

/** `pass` lets time go by, and all that is due in it happen. */
export function clockContract(
  name: string,
  fresh: () => { readonly clock: Clock; readonly pass: (ms: number) => Promise<void> },
): void {
  describe(name, () => {
    test("both times go on by what passes", async () => {
      const { clock, pass } = fresh();
      const [now, elapsed] = [clock.now(), clock.elapsed()];
      await pass(40);
      expect([clock.now() - now, clock.elapsed() - elapsed]).toEqual([40, 40]);
    });

    test("sleepers wake at their time, in its order, and see it", async () => {
      const { clock, pass } = fresh();
      const began = clock.now();
      const woke: [string, number][] = [];
      const sleep = async (who: string, ms: number) => {
        await clock.sleep(ms);
        woke.push([who, clock.now() - began]);
      };
      void sleep("long", 30);
      void sleep("short", 10).then(() => sleep("again", 10));
      await pass(9);
      expect(woke).toEqual([]);
      await pass(21);
      expect(woke).toEqual([
        ["short", 10],
        ["again", 20],
        ["long", 30],
      ]);
    });

    test("a sleep of no time needs none; one that is given up ends at once", async () => {
      const { clock, pass } = fresh();
      const given = new AbortController();
      const ended: string[] = [];
      void clock.sleep(0).then(() => ended.push("none"));
      void clock.sleep(1000, given.signal).then(() => ended.push("given up"));
      await pass(0);
      expect(ended).toEqual(["none"]);
      given.abort();
      await clock.sleep(1000, given.signal);
      await pass(0);
      expect(ended).toEqual(["none", "given up"]);
    });
  });
}
