// What every clock owes whoever is given it.

import { describe, expect, test } from "vitest";
import type { Clock } from "../src/index.ts";

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

    test("timers go off at their time, once or again and again", async () => {
      const { clock, pass } = fresh();
      const began = clock.now();
      const went: [string, number][] = [];
      const note = (what: string) => () => void went.push([what, clock.now() - began]);
      const stop = clock.every(10, note("every"));
      clock.after(15, note("after"));
      clock.after(0, note("at once"));
      expect(went).toEqual([]); // never before whoever set it goes on
      await pass(25);
      expect(went).toEqual([
        ["at once", 0],
        ["every", 10],
        ["after", 15],
        ["every", 20],
      ]);
      stop();
      await pass(100);
      expect(went).toHaveLength(4);
    });

    test("a timer that is cancelled does nothing, also by another that is due with it", async () => {
      const { clock, pass } = fresh();
      const went: string[] = [];
      const stop = clock.every(10, () => {
        went.push("once");
        stop();
      });
      const never = clock.after(30, () => went.push("never"));
      clock.after(20, () => never());
      await pass(100);
      expect(went).toEqual(["once"]);
      never();
    });

    test("a timer may be set for longer than those of the machine", async () => {
      const { clock, pass } = fresh();
      const weeks = 2 ** 31 + 5000;
      let went = 0;
      clock.after(weeks, () => {
        went += 1;
      });
      await pass(weeks - 1);
      expect(went).toBe(0);
      await pass(1);
      expect(went).toBe(1);
    });
  });
}
