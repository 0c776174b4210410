// A volunteer of bare messages: says on the wire whatever a test wants said, true or not.

import { abilities } from "@homebody/dept";
import {
  type Announcement,
  chunkBytes,
  events,
  type Hello,
  protocolVersion,
  type Reply,
  type RunManifest,
  type UploadOpened,
  type Welcome,
} from "@homebody/protocol";
import { io, type Socket } from "socket.io-client";
import { claimOf, secretOf } from "../../../test/deltas.ts";

export interface Client {
  readonly socket: Socket;
  readonly secret: string;
  readonly announcements: Announcement[];
  ask<T = object>(event: string, message: unknown): Promise<Reply<T>>;
  /** The word of a refusal; "ok" where there is none. */
  word(event: string, message: unknown): Promise<string>;
  hello(source: string, change?: Partial<Hello>): Promise<Reply<Welcome>>;
  /** Hello and ready. */
  join(source: string): Promise<void>;
  /** Waits for an announcement for which this holds, the last one included. */
  told(matches: (announcement: Announcement) => boolean): Promise<Announcement>;
  /** Opens, sends and commits: the word of the first refusal, or "ok". */
  deliver(round: number, delta: Uint8Array, change?: object): Promise<string>;
  close(): void;
}

export async function client(url: string, name: string): Promise<Client> {
  const manifest = (await (await fetch(`${url}/api/run`)).json()) as RunManifest;
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
  const secret = secretOf(name);
  const announcements: Announcement[] = [];
  const heard = new Set<() => void>();
  socket.on(events.announcement, (announcement: Announcement) => {
    announcements.push(announcement);
    for (const look of heard) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", () => resolve());
    socket.on("connect_error", reject);
  });
  const ask = <T>(event: string, message: unknown) =>
    socket.timeout(10_000).emitWithAck(event, message) as Promise<Reply<T>>;
  const word = async (event: string, message: unknown) => {
    const reply = await ask(event, message);
    return reply.ok ? "ok" : reply.refusal;
  };
  const hello = (source: string, change: Partial<Hello> = {}) => {
    const device = { backend: "wasm", host: "node" } as const;
    const message = {
      protocol: protocolVersion,
      run: manifest.run,
      secret,
      source,
      device,
      can: abilities,
      ...change,
    };
    return ask<Welcome>(events.hello, message);
  };
  return {
    socket,
    secret,
    announcements,
    ask,
    word,
    hello,
    join: async (source) => {
      const reply = await hello(source);
      if (!reply.ok) throw new Error(`hello: expected a welcome, got ${reply.refusal}`);
      announcements.push(reply.announcement);
      await word(events.ready, { ready: true });
    },
    told: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const last = announcements.at(-1);
          if (last === undefined || !matches(last)) return;
          heard.delete(look);
          resolve(last);
        };
        heard.add(look);
        look();
      }),
    deliver: async (round, delta, change = {}) => {
      const opened = await ask<UploadOpened>(events.open, { ...claimOf(round, delta), ...change });
      if (!opened.ok) return opened.refusal;
      const { upload } = opened;
      for (let offset = opened.offset; offset < delta.length; offset += chunkBytes) {
        const bytes = delta.subarray(offset, offset + chunkBytes);
        const sent = await word(events.chunk, { upload, offset, bytes });
        if (sent !== "ok") return sent;
      }
      return word(events.commit, { upload });
    },
    close: () => socket.disconnect(),
  };
}
