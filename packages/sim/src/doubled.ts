// Messages that arrive twice, as from a sender that did not hear whether the first one had arrived. Nothing may count twice.

import type { Random } from "@homebody/base";
import type { Entrance } from "@homebody/line";
import { events } from "@homebody/protocol";
import { happens } from "./conditions.ts";

/** Requests of volunteers and announcements to them, the given share of each. */
export function doubled(entrance: Entrance, share: number, dice: Random): Entrance {
  return {
    ...entrance,
    connected: (connection) => {
      const listener = entrance.connected({
        ...connection,
        send: (event, message) => {
          connection.send(event, message);
          if (event === events.announcement && happens(share, dice)) connection.send(event, message);
        },
      });
      return {
        ...listener,
        message: (event, message, answer) => {
          listener.message(event, message, answer);
          if (happens(share, dice)) listener.message(event, message, () => {});
        },
      };
    },
  };
}
