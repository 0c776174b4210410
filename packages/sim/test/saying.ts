// Volunteers that say something else than the production's: on its way out a message is changed.

import type { MemoryNet } from "@homebody/line/memory";
import { events, type OpenMessage, type Verdict } from "@homebody/protocol";
import type { MemberInputs } from "../src/index.ts";

/** Their deltas never ride in their opening, as larger ones do not: they are sent in chunks, then committed. */
export function inChunks(member: MemberInputs): MemberInputs {
  return saying(member, events.open, ({ bytes: _, ...claim }: OpenMessage) => claim);
}

/** Of each peer's delta that they measure they say that it does harm. */
export function lying(member: MemberInputs): MemberInputs {
  return saying(member, events.verdict, (verdict: Verdict): Verdict => {
    return { ...verdict, natsWith: 1.5 * verdict.natsWithout };
  });
}

function saying<T>(
  { host, ...member }: MemberInputs,
  changed: string,
  change: (message: T) => unknown,
): MemberInputs {
  const changing = (net: MemoryNet): MemoryNet => ({
    ...net,
    connect: (listener) => {
      const line = net.connect(listener);
      return {
        ...line,
        ask: (event, message) => line.ask(event, event === changed ? change(message as T) : message),
      };
    },
  });
  return { ...member, host: { ...host, net: (...line) => changing(host.net(...line)) } };
}
