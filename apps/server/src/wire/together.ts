// What is said to many connections, the very same message, is written once for all of them: a report to a thousand watchers
// costs little more than one to one of them. Each connection hears everything in the order in which it was said.

import type { Server, Socket } from "socket.io";

export interface Together {
  /** `mayBeLost`: it is, where the connection has not read what came before. */
  say(socket: Socket, event: string, message: unknown, mayBeLost: boolean): void;
  /** All that was said is on its way. It is soon by itself; before anything is sent by another road it has to be. */
  flush(): void;
}

interface Said {
  readonly event: string;
  readonly message: unknown;
  readonly mayBeLost: boolean;
  readonly to: Socket["id"][];
}

export function together(io: Server): Together {
  const nothing: Said = { event: "", message: undefined, mayBeLost: true, to: [] };
  let last = nothing;

  function flush(): void {
    const { event, message, mayBeLost, to } = last;
    if (to.length === 0) return;
    last = nothing;
    const audience = io.to(to);
    (mayBeLost ? audience.volatile : audience).emit(event, message);
  }

  return {
    flush,
    say(socket, event, message, mayBeLost) {
      if (last.message === message && last.event === event && last.mayBeLost === mayBeLost) {
        last.to.push(socket.id);
        return;
      }
      flush();
      last = { event, message, mayBeLost, to: [socket.id] };
      queueMicrotask(flush);
    },
  };
}
