// What is below Socket.IO, where nothing else counts [P30]: bytes that wait for a connection to read them, messages that it has
// begun and not finished, and every frame that it sends, those included that are answered without anybody being asked. A
// connection beyond its bound is ended at once; where all together are beyond theirs, the one that holds the most is.

import type { Socket as TcpSocket } from "node:net";
import { chunkBytes } from "@homebody/protocol";
import { bucket, type Limits } from "@homebody/service";
import type { Socket } from "socket.io";
import type { WebSocket } from "ws";
import { type Tally, tally } from "./tally.ts";

export type FrameLimits = Pick<
  Limits,
  "waitingBytes" | "waitingBytesInAll" | "unfinishedBytesInAll" | "framesPerSecond"
>;

export interface Frames {
  /** From now on this connection is bounded. */
  bound(connection: Connection): void;
  /** Bytes that wait to be read, of all connections. */
  waitingBytes(): number;
}

type Connection = Socket["conn"];
interface Packet {
  readonly type: string;
  readonly data?: string | Uint8Array;
}

/** No message is longer but for the bytes that come with it, in a frame of their own. */
const textMost = 16 * 1024;
/** What a packet that waits takes beside its text. */
const packetBytes = 256;
/** What a message takes in memory for each character, once it is read. */
const readBytes = 32;
/** Frames at once, in seconds of their rate. */
const atOnceSeconds = 10;

/** `ended` is told of each connection that went too far. */
export function frameBounds(limits: FrameLimits, ended: () => void): Frames {
  const waiting = tally(limits.waitingBytesInAll);
  const unfinished = tally(limits.unfinishedBytesInAll);

  function bound(connection: Connection): void {
    const tcp = connection.request.socket;
    const frames = bucket(limits.framesPerSecond, limits.framesPerSecond * atOnceSeconds);
    const end = () => {
      if (connection.readyState !== "open") return;
      ended();
      connection.close(true);
      tcp.destroy(); // what waited goes with it
    };
    const pay = (cost: number) => {
      if (!frames.take(performance.now(), cost)) end();
    };
    const out = waiting.of(end);
    const coming = unfinished.of(end);
    connection.once("close", () => {
      out.set(0);
      coming.set(0);
    });
    countOut(connection, tcp, out, () => out.bytes() > limits.waitingBytes && end());
    countIn(connection, tcp, coming, { pay, end });
  }

  return { bound, waitingBytes: waiting.bytes };
}

/** What is written waits in a batch of packets, then in the socket, until the other end reads. */
function countOut(connection: Connection, tcp: TcpSocket, out: Tally, look: () => void): void {
  let [queued, written] = [0, 0];
  const count = () => {
    if (connection.readyState === "closed") return;
    out.set(queued + Math.max(written, tcp.writableLength));
    look();
  };
  connection.on("packetCreate", ({ data }: Packet) => {
    queued += packetBytes + (data?.length ?? 0);
    count();
  });
  connection.on("flush", () => {
    written += queued;
    queued = 0;
  });
  connection.transport.on("drain", () => {
    written = 0;
    count();
  });
  tcp.on("data", count); // the answers to WebSocket's own pings are in no packet
}

/** Bytes that came and make no whole message yet, and what each frame costs. */
function countIn(
  connection: Connection,
  tcp: TcpSocket,
  coming: Tally,
  { pay, end }: { readonly pay: (cost: number) => void; readonly end: () => void },
): void {
  let [partial, awaiting, isWhole] = [0, 0, false];
  const web = (connection.transport as unknown as { readonly socket: WebSocket }).socket;
  web.on("ping", () => pay(1));
  web.on("pong", () => pay(1));
  connection.on("packet", ({ type, data }: Packet) => {
    if (type === "ping") return end(); // it is ours to ask whether anybody is there
    isWhole = true;
    awaiting = 0;
    if (typeof data !== "string") return pay(1 - (2 * (data?.length ?? 0)) / chunkBytes);
    if (!isOurs(data)) return end();
    if (hasBytes(data)) awaiting = data.length * readBytes;
    pay(1);
  });
  tcp.on("data", (piece: Uint8Array) => {
    partial = isWhole ? piece.length : partial + piece.length;
    isWhole = false;
    if (connection.readyState !== "closed") coming.set(partial + awaiting);
  });
}

/** Of the one namespace that there is, with bytes in one piece at most. */
const isOurs = (text: string) => text.length <= textMost && /^(?:[0-4]|[56]1-)(?!\/)/.test(text);
const hasBytes = (text: string) => text.startsWith("5") || text.startsWith("6");
