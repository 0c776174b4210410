// A coordinator whose answers whoever holds it gives: for tests of the volunteer's end alone.

import { memoryClock } from "@homebody/clock/memory";
import type { Connection, Entrance } from "../ports.ts";
import { type MemoryNet, memoryNet } from "./net.ts";

export interface ScriptedCoordinator {
  /** What is there to download, by path. */
  readonly files: Map<string, Uint8Array>;
  /** Everything that came, in order. */
  readonly heard: readonly Heard[];
  /** How requests are answered. One that never is ends with the connection. */
  answer: (event: string, message: unknown) => unknown;
  /** To everybody who is connected. */
  tell(event: string, message: unknown): void;
}

export interface Heard {
  readonly event: string;
  readonly message: unknown;
}

export interface ScriptedNet extends MemoryNet {
  readonly coordinator: ScriptedCoordinator;
}

/** Nothing takes any time on it. */
export function scriptedNet(): ScriptedNet {
  const connections = new Set<Connection>();
  const heard: Heard[] = [];
  const files = new Map<string, Uint8Array>();
  const coordinator: ScriptedCoordinator = {
    files,
    heard,
    answer: () => ({ ok: true }),
    tell: (event, message) => {
      for (const connection of connections) connection.send(event, message);
    },
  };
  const entrance: Entrance = {
    admits: () => true,
    opened: () => () => {},
    connected: (connection) => {
      connections.add(connection);
      return {
        message: (event, message, answer) => {
          heard.push({ event, message });
          void Promise.resolve()
            .then(() => coordinator.answer(event, message))
            .then(answer);
        },
        closed: () => void connections.delete(connection),
      };
    },
  };
  const file = async (path: string) => files.get(path)?.slice();
  return { coordinator, ...memoryNet({ entrance, clock: memoryClock(), file }) };
}
