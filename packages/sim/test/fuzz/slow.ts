// A disk that takes its time: whatever is asked of it is done a moment later, and answered a moment after that.

import type { Random } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { exponentialMs } from "./script.ts";

/** Of what is under way when a process is killed, no effect comes later than this. */
export const longestMs = 200;

export function slow<T extends object>(port: T, meanMs: () => number, clock: Clock, dice: Random): T {
  const moment = () => clock.sleep(Math.min(longestMs / 2, exponentialMs(meanMs(), dice)));
  return new Proxy(port, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        await moment();
        const answer: unknown = await Reflect.apply(method, target, args);
        await moment();
        return answer;
      };
    },
  });
}
