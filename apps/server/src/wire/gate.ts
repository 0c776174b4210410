// TCP connections, counted before a byte of them is read [P33]: so many from one network, and of those on which no whole head
// of a request has come yet fewer. Whoever opens more is let go without a word, since each word would cost more than it says.

import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { counters, type Limits } from "@homebody/service";
import { networkOf } from "./network.ts";

export interface GateInputs {
  readonly limits: Pick<Limits, "sockets" | "socketsPerAddress" | "unspokenPerAddress" | "headMs">;
  /** Connections are the proxy's: it is in all alone that they are counted. */
  readonly trustProxy: boolean;
  readonly turnedAway: () => void;
}

/** How often Node looks for requests whose head is overdue. */
export const overdueEveryMs = 1000;

export function keepGate(server: Server, { limits, trustProxy, turnedAway }: GateInputs): void {
  server.maxConnections = limits.sockets;
  server.headersTimeout = limits.headMs;
  server.on("drop", turnedAway);
  if (trustProxy) return;
  const [open, unspoken] = [counters(), counters()];
  const waiting = new Map<string, () => void>();

  server.on("connection", (socket: Socket) => {
    const network = networkOf(socket.remoteAddress);
    const isFull =
      open.of(network) >= limits.socketsPerAddress || unspoken.of(network) >= limits.unspokenPerAddress;
    if (isFull) {
      turnedAway();
      socket.destroy();
      return;
    }
    const end = endOf(socket);
    open.add(network, 1);
    unspoken.add(network, 1);
    const spoke = () => {
      if (waiting.delete(end)) unspoken.add(network, -1);
    };
    waiting.set(end, spoke);
    socket.once("close", () => {
      spoke();
      open.add(network, -1);
    });
  });
  const heard = ({ socket }: IncomingMessage) => waiting.get(endOf(socket))?.();
  server.on("request", heard);
  server.on("upgrade", heard);
}

/** Names a connection; over TLS the socket of its requests is another one than that of the connection. */
const endOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
