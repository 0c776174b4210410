// Socket.IO as the coordinator's end of the line: WebSockets alone, frames bounded [P16].

import type { Server as HttpServer } from "node:http";
import type { Entrance } from "@homebody/line";
import { maxFrameBytes } from "@homebody/protocol";
import { Server, type Socket } from "socket.io";

export interface LinesOptions {
  /** One proxy, our own, stands in front: it says where a connection comes from. */
  readonly trustProxy: boolean;
}

export interface Lines {
  /** Ends all connections. The HTTP server is whoever's who gave it. */
  close(): void;
}

export function openLines(server: HttpServer, entrance: Entrance, { trustProxy }: LinesOptions): Lines {
  const io = new Server(server, {
    serveClient: false,
    transports: ["websocket"],
    maxHttpBufferSize: maxFrameBytes,
    pingInterval: 10_000,
    pingTimeout: 20_000,
    connectTimeout: 10_000,
    perMessageDeflate: false,
    // Asked once a connection, before there is one.
    allowRequest: ({ headers, socket }, done) => {
      const admitted = entrance.admits(addressOf(headers, socket.remoteAddress));
      done(admitted ? null : "too-many", admitted);
    },
  });

  function addressOf(headers: Record<string, unknown>, remote: string | undefined): string {
    const forwarded = trustProxy ? headers["x-forwarded-for"] : undefined;
    // The last address is the one that our own proxy wrote; those before it are the visitor's claim.
    return typeof forwarded === "string" ? forwarded.split(",").at(-1)!.trim() : (remote ?? "unknown");
  }

  // Below Socket.IO: a connection that never says a word of it is one too.
  io.engine.on("connection", (connection: Socket["conn"]) => {
    connection.once(
      "close",
      entrance.opened(addressOf(connection.request.headers, connection.remoteAddress)),
    );
  });

  io.on("connection", (socket) => {
    const listener = entrance.connected({
      address: addressOf(socket.handshake.headers, socket.conn.remoteAddress),
      send: (event, message) => void socket.emit(event, message),
      tell: (event, message) => void socket.volatile.emit(event, message),
      waiting: () => (socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0,
      close: () => void socket.disconnect(true),
    });
    socket.onAny((event: string, ...rest: unknown[]) => {
      const acknowledge = rest.at(-1);
      listener.message(event, rest[0], (reply) => {
        if (typeof acknowledge === "function") acknowledge(reply);
      });
    });
    socket.on("disconnect", () => listener.closed());
  });

  return {
    close() {
      io.disconnectSockets(true);
      io.engine.close(); // not io.close(): the HTTP server is not ours to end
    },
  };
}
