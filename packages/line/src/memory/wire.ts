// One connection in memory, from its first moment to its last: two ends, a queue each way.

import type { Clock } from "@homebody/clock";
import {
  type Connection,
  type ConnectionListener,
  type Entrance,
  type Line,
  type LineListener,
  NetError,
  type Piece,
  pieceBytes,
} from "../ports.ts";
import { queue } from "./queue.ts";

/** How many milliseconds so many bytes are on their way; a download comes down. */
export type Travel = (direction: "up" | "down", bytes: number) => number;

export interface WireInputs {
  readonly entrance: Entrance;
  readonly clock: Clock;
  readonly address?: string;
  readonly travel: Travel;
  /** Of the volunteer. */
  readonly listener: LineListener;
  /** It is over, and not because the volunteer closed it. */
  readonly over: () => void;
}

/** Where so many wait already, as on a socket that is busy, what may be lost is lost. */
const mostTold = 16;

/** The volunteer's end while the connection lasts. */
export interface Wire extends Line {
  /** Lost, and what is on its way with it. */
  cut(): void;
  /** Nothing arrives either way until it `speaks` again; nothing of it is lost. */
  hush(): void;
  speak(): void;
}

/** Undefined where the coordinator does not let it in. */
export function wire(inputs: WireInputs): Wire | undefined {
  const { entrance, clock, address = "memory", travel, listener, over } = inputs;
  if (!entrance.admits(address)) return undefined;
  const gone = entrance.opened(address);
  const up = queue(clock);
  const down = queue(clock);
  /** Requests that wait for an answer. */
  const asked = new Set<(error: NetError) => void>();
  let isOpen = true;

  function sendUp(event: string, message: unknown, arrive: (copy: unknown) => void): void {
    const { pieces, bytes, copy } = packed(event, message);
    for (const piece of pieces) listener.passed("sent", piece);
    up.send(travel("up", bytes), () => arrive(copy));
  }

  function sendDown(event: string, message: unknown, arrive: (copy: unknown) => void): void {
    const { pieces, bytes, copy } = packed(event, message);
    down.send(travel("down", bytes), () => {
      for (const piece of pieces) listener.passed("received", piece);
      arrive(copy);
    });
  }

  const connection: Connection = {
    address,
    send: (event, message) => {
      if (isOpen) sendDown(event, message, (copy) => listener.event(event, copy));
    },
    tell: (event, message) => {
      if (down.size < mostTold) connection.send(event, message);
    },
    waiting: () => down.size,
    close: () => {
      if (!ended()) return;
      up.lose();
      down.send(travel("down", 0), lostToVolunteer);
    },
  };
  const host: ConnectionListener = entrance.connected(connection);

  /** Tells the coordinator, once. */
  function ended(): boolean {
    if (!isOpen) return false;
    isOpen = false;
    host.closed();
    gone();
    return true;
  }

  function forgotten(): void {
    for (const reject of asked) reject(new NetError("the connection was lost before the answer"));
    asked.clear();
  }

  function lostToVolunteer(): void {
    forgotten();
    over();
  }

  return {
    ask: (event, message) =>
      new Promise((resolve, reject) => {
        asked.add(reject);
        sendUp(event, message, (copy) =>
          host.message(event, copy, (reply) => {
            if (isOpen) sendDown(event, reply, (answer) => asked.delete(reject) && resolve(answer));
          }),
        );
      }),
    tell: (event, message) => sendUp(event, message, (copy) => host.message(event, copy, () => {})),
    close: () => {
      down.lose();
      forgotten();
      up.send(travel("up", 0), ended);
    },
    hush: () => {
      up.hold();
      down.hold();
    },
    speak: () => {
      up.release();
      down.release();
    },
    cut: () => {
      up.lose();
      down.lose();
      ended();
      lostToVolunteer();
    },
  };
}

/** As on a real wire: what is no bytes is JSON, and bytes go beside it. */
function packed(event: string, message: unknown) {
  const fields = typeof message === "object" && message !== null ? Object.entries(message) : [];
  const views = fields.filter((field): field is [string, Uint8Array] => field[1] instanceof Uint8Array);
  const without = Object.fromEntries(views.map(([key]) => [key, null]));
  const text = JSON.stringify(
    views.length === 0 ? (message ?? null) : { ...(message as object), ...without },
  );
  const copy: unknown = JSON.parse(text);
  for (const [key, view] of views) (copy as Record<string, unknown>)[key] = view.slice();
  const head = `["${event}",${text}]`;
  const pieces: readonly Piece[] = views.length === 0 ? [head] : [head, ...views.map(([, view]) => view)];
  return { copy, pieces, bytes: pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0) };
}
