// Socket.IO as the coordinator's end of the line: WebSockets alone, everything that a connection may hold or send bounded [P16]
// [P30].

import type { Server as HttpServer } from "node:http";
import type { Entrance } from "@homebody/line";
import { maxFrameBytes } from "@homebody/protocol";
import { Server, type Socket } from "socket.io";
import { WebSocketServer } from "ws";
import { type FrameLimits, frameBounds } from "./frames.ts";
import { networkOf } from "./network.ts";
import { together } from "./together.ts";
import type { Visitors } from "./visitors.ts";

export interface LinesOptions {
  /** One proxy, our own, stands in front: it says where a connection comes from. */
  readonly trustProxy: boolean;
  readonly limits: FrameLimits;
  readonly visitors: Pick<Visitors, "whyNot">;
  /** A connection held or sent more than it may. */
  readonly ended: () => void;
}

export interface Lines {
  /** Bytes that wait to be read, of all connections. */
  waitingBytes(): number;
  /** Ends all connections. The HTTP server is whoever's who gave it. */
  close(): void;
}

/**
 * A message comes in few pieces, as every WebSocket in use sends it: a piece of a byte takes a hundred times its size. Who does
 * not read that the connection is over learns it soon all the same.
 */
class FewPieces extends WebSocketServer {
  constructor(options: ConstructorParameters<typeof WebSocketServer>[0]) {
    const bounds: object = { maxFragments: 64, maxBufferedChunks: 4096, closeTimeout: 2000 }; // not all are in its types
    super({ ...options, ...bounds });
  }
}

export function openLines(server: HttpServer, entrance: Entrance, options: LinesOptions): Lines {
  const io = new Server(server, {
    serveClient: false,
    transports: ["websocket"],
    wsEngine: FewPieces,
    maxHttpBufferSize: maxFrameBytes,
    pingInterval: 2500, // a volunteer's page says within five seconds that nothing comes any more [V30]
    pingTimeout: 20_000,
    connectTimeout: 10_000,
    perMessageDeflate: false,
    // Asked once a connection, before there is one.
    allowRequest: (request, done) => {
      const { headers, socket } = request;
      const wrong = options.visitors.whyNot(request);
      const admitted = wrong === undefined && entrance.admits(addressOf(headers, socket.remoteAddress));
      done(admitted ? null : (wrong?.sentence ?? "too-many"), admitted);
    },
  });
  const frames = frameBounds(options.limits, options.ended);
  const all = together(io);

  function addressOf(headers: Record<string, unknown>, remote: string | undefined): string {
    const forwarded = options.trustProxy ? headers["x-forwarded-for"] : undefined;
    // The last address is the one that our own proxy wrote; those before it are the visitor's claim.
    return networkOf(typeof forwarded === "string" ? forwarded.split(",").at(-1)!.trim() : remote);
  }

  // Below Socket.IO: a connection that never says a word of it is one too.
  io.engine.on("connection", (connection: Socket["conn"]) => {
    connection.once(
      "close",
      entrance.opened(addressOf(connection.request.headers, connection.remoteAddress)),
    );
    frames.bound(connection);
  });

  io.on("connection", (socket) => {
    const close = () => {
      all.flush();
      socket.disconnect(true);
    };
    const listener = entrance.connected({
      address: addressOf(socket.handshake.headers, socket.conn.remoteAddress),
      send: (event, message) => all.say(socket, event, message, false),
      tell: (event, message) => all.say(socket, event, message, true),
      waiting: () => (socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0,
      close,
    });
    socket.onAny((event: string, ...rest: unknown[]) => {
      const acknowledge = rest.at(-1);
      listener.message(event, rest[0], (reply) => {
        all.flush();
        if (typeof acknowledge === "function") acknowledge(reply);
      });
    });
    socket.on("disconnect", () => {
      listener.closed();
      socket.conn.close(); // a line that is over does not begin again on the same connection
    });
  });

  return {
    waitingBytes: frames.waitingBytes,
    close() {
      all.flush();
      io.disconnectSockets(true);
      io.engine.close(); // not io.close(): the HTTP server is not ours to end
    },
  };
}
