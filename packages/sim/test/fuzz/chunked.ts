// Volunteers whose deltas never ride in their opening, as larger ones do not: they are sent in chunks, then committed.

import type { MemoryNet } from "@homebody/line/memory";
import { events, type OpenMessage } from "@homebody/protocol";
import type { MemberInputs } from "../../src/index.ts";

export function inChunks({ host, ...member }: MemberInputs): MemberInputs {
  return { ...member, host: { ...host, net: (...line) => withoutBytes(host.net(...line)) } };
}

function withoutBytes(net: MemoryNet): MemoryNet {
  return {
    ...net,
    connect: (listener) => {
      const line = net.connect(listener);
      return {
        ...line,
        ask: (event, message) => {
          if (event !== events.open) return line.ask(event, message);
          const { bytes: _, ...claim } = message as OpenMessage;
          return line.ask(event, claim);
        },
      };
    },
  };
}
