// The network of browsers and of Node: fetch for what is large on its way down, Socket.IO for all else.
//
// WebSocket only: an upload over long polling would be base64 and out of order. Socket.IO comes back by itself after
// a lost connection, but not after one that the coordinator ended; that is done here.

import { systemClock } from "@homebody/clock";
import { listenToEngine } from "@homebody/line";
import { events } from "@homebody/protocol";
import { io } from "socket.io-client";
import { downloadsFrom } from "./downloads.ts";
import { type Line, type LineListener, type Net, NetError, type Piece } from "./ports.ts";

const answerMs = 60_000;
const reconnectMs = 2000;

export function webNet(base: string): Net {
  return {
    download: downloadsFrom(base),
    connect: (listener) => connect(base, listener),
  };
}

function connect(base: string, listener: LineListener): Line {
  const socket = io(base, { transports: ["websocket"], reconnectionDelayMax: 10_000 });
  let closed = false;
  socket.on("connect", () => {
    const { engine } = socket.io;
    listenToEngine(systemClock, engine, (isSilent) => listener.silent?.(isSilent)); // [V30]
    engine.on("packetCreate", ({ data }: { data?: unknown }) => {
      if (isPiece(data)) listener.passed("sent", data);
    });
    engine.on("packet", ({ data }: { data?: unknown }) => {
      if (isPiece(data)) listener.passed("received", data);
    });
    listener.up();
  });
  socket.on("disconnect", (reason) => {
    listener.down();
    if (reason === "io server disconnect" && !closed)
      setTimeout(() => !closed && socket.connect(), reconnectMs);
  });
  for (const name of [events.announcement, events.removed])
    socket.on(name, (message: unknown) => listener.event(name, message));

  return {
    ask: async (event, message) => {
      if (!socket.connected) throw new NetError(`${event}: no connection to the coordinator`);
      try {
        return await socket.timeout(answerMs).emitWithAck(event, message);
      } catch (cause) {
        throw new NetError(`${event}: the connection was lost before the answer`, { cause });
      }
    },
    tell: (event, message) => {
      if (socket.connected) socket.volatile.emit(event, message);
    },
    close: () => {
      closed = true;
      socket.close();
    },
  };
}

function isPiece(data: unknown): data is Piece {
  return typeof data === "string" || data instanceof ArrayBuffer || ArrayBuffer.isView(data);
}
