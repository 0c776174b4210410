// The network of browsers and of Node: fetch for what is large on its way down, Socket.IO for all else.
//
// WebSocket only: an upload over long polling would be base64 and out of order. Socket.IO comes back by itself after
// a lost connection, but not after one that the coordinator ended; that is done here.

import { joinedBytes } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { listenToEngine } from "@homebody/line";
import { events } from "@homebody/protocol";
import { io } from "socket.io-client";
import { type Line, type LineListener, type Net, NetError, type Piece } from "./ports.ts";

const answerMs = 60_000;
const reconnectMs = 2000;

export function webNet(base: string): Net {
  return {
    download: (path, sizeBytes, progress, signal) =>
      download(new URL(path, base).href, sizeBytes, progress, signal),
    connect: (listener) => connect(base, listener),
  };
}

async function download(
  url: string,
  sizeBytes: number | null,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null)
      throw new NetError(`${url}: expected the file, got status ${response.status}`);
    const pieces: Uint8Array[] = [];
    let done = 0;
    for (const reader = response.body.getReader(); ; ) {
      const { done: over, value } = await reader.read();
      if (over) break;
      pieces.push(value);
      done += value.length;
      if (sizeBytes !== null && done > sizeBytes)
        throw new NetError(`${url}: expected ${sizeBytes} bytes, got more`);
      progress(done);
    }
    return joinedBytes(pieces);
  } catch (cause) {
    if (cause instanceof NetError || signal.aborted) throw cause;
    throw new NetError(`${url}: the coordinator was not reached`, { cause });
  }
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
