// A WebSocket that says whatever a test wants said, below Socket.IO.

import type { Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";

export interface Raw {
  readonly web: WebSocket;
  /** What is below, for bytes that are no frames. */
  readonly tcp: Socket;
  /** Texts that came, oldest first. */
  readonly came: readonly string[];
  /** Resolves when it is over, however. */
  readonly ended: Promise<void>;
  isOver(): boolean;
  /** Until a text comes, or came, for which this holds. */
  heard(matches: (text: string) => boolean): Promise<void>;
}

/** Resolves when it is open; rejects with the status where it is not let in. */
export async function raw(url: string, options: ClientOptions = {}): Promise<Raw> {
  const web = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
    ...options,
  });
  const came: string[] = [];
  const looks = new Set<() => void>();
  web.on("message", (data) => {
    came.push(String(data));
    for (const look of looks) look();
  });
  let over = false;
  await new Promise<void>((resolve, reject) => {
    web.once("open", resolve);
    web.once("error", reject);
  });
  web.on("error", () => {}); // it is over, which `ended` says
  const tcp = (web as unknown as { readonly _socket: Socket })._socket;
  const ended = new Promise<void>((resolve) => {
    tcp.once("close", () => {
      over = true;
      resolve();
    });
  });
  const heard = (matches: (text: string) => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!came.some(matches)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
    });
  return { web, tcp, came, ended, isOver: () => over, heard };
}

/** Joined the namespace, so that requests are heard. */
export async function joined(url: string, options?: ClientOptions): Promise<Raw> {
  const one = await raw(url, options);
  one.web.send("40");
  await one.heard((text) => text.startsWith("40"));
  return one;
}

/** The bytes of a frame as a browser masks it, by a mask of nothing. */
export function frameOf(opcode: number, payload: Uint8Array, { fin = true, rsv1 = false } = {}): Uint8Array {
  const { length } = payload;
  const size =
    length < 126 ? [0x80 | length] : length < 65536 ? [0xfe, length >> 8, length & 255] : undefined;
  const long = () => {
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(BigInt(length));
    return [0xff, ...eight];
  };
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  return Buffer.concat([Buffer.from([first, ...(size ?? long()), 0, 0, 0, 0]), payload]);
}
