import fc from "fast-check";
import { expect, test } from "vitest";
import { type Timer, timerQueue } from "./timers.ts";

test("timers come as they are due, those that are due together as they were set, however they are mixed", () => {
  const act = fc.option(fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = timerQueue();
      let waiting: Timer[] = [];
      for (const [nth, at] of acts.entries()) {
        if (at !== null) {
          const timer = { at, nth, work: undefined };
          queue.push(timer);
          waiting.push(timer);
          continue;
        }
        const [first] = [...waiting].sort((a, b) => a.at - b.at || a.nth - b.nth);
        expect(queue.pop()).toBe(first);
        waiting = waiting.filter((timer) => timer !== first);
      }
    }),
  );
});
