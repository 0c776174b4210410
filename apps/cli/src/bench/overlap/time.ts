// What a simulated device spends its time on: it is noted as each step and each evaluated batch begins.

import type { Clock } from "@homebody/clock";
import type { MemberInputs } from "@homebody/sim";

/** Of one device, from its first step on. */
export interface Spent {
  firstMs: number;
  /** The end of its last step. */
  lastMs: number;
  steps: number;
  trainingMs: number;
  /** Before the last step. */
  evaluatingMs: number;
}

export function spending(
  device: MemberInputs["device"],
  world: Pick<Clock, "elapsed">,
  began: (spent: Spent) => void,
): MemberInputs["device"] {
  return (clock, times) => {
    const spent: Spent = { firstMs: -1, lastMs: 0, steps: 0, trainingMs: 0, evaluatingMs: 0 };
    let evaluated = 0;
    began(spent);
    return device(clock, {
      ...times,
      stepMs: () => {
        const ms = times.stepMs();
        if (spent.firstMs < 0) [spent.firstMs, evaluated] = [world.elapsed(), 0];
        spent.lastMs = world.elapsed() + ms;
        spent.steps += 1;
        spent.trainingMs += ms;
        spent.evaluatingMs = evaluated;
        return ms;
      },
      evaluateMs: () => {
        const ms = times.evaluateMs();
        evaluated += ms;
        return ms;
      },
    });
  };
}
