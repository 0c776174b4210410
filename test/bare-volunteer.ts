// A volunteer of bare messages: says on its line whatever a test wants said, true or not.

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
import { claimOf, secretOf } from "./deltas.ts";

export interface BareVolunteer {
  readonly secret: string;
  readonly announcements: readonly Announcement[];
  ask<T = object>(event: string, message: unknown): Promise<Reply<T>>;
  /** The word of a refusal; "ok" where there is none. */
  word(event: string, message: unknown): Promise<string>;
  hello(source: string, change?: Partial<Hello>): Promise<Reply<Welcome>>;
  /** Hello and ready. */
  join(source: string, change?: Partial<Hello>): Promise<void>;
  /** Waits for an announcement for which this holds, the last one included. */
  told(matches: (announcement: Announcement) => boolean): Promise<Announcement>;
  /** Opens, sends and commits: the word of the first refusal, or "ok". */
  deliver(round: number, delta: Uint8Array, change?: object): Promise<string>;
  /** The same by one message, which has the whole delta. */
  deliverAtOnce(round: number, delta: Uint8Array, change?: object): Promise<string>;
  /** An announcement came. */
  hear(announcement: Announcement): void;
}

export function bareVolunteer(
  { run }: Pick<RunManifest, "run">,
  name: string,
  line: (event: string, message: unknown) => Promise<unknown>,
): BareVolunteer {
  const secret = secretOf(name);
  const announcements: Announcement[] = [];
  const heard = new Set<() => void>();
  const hear = (announcement: Announcement) => {
    announcements.push(announcement);
    for (const look of heard) look();
  };
  const ask = <T>(event: string, message: unknown) => line(event, message) as Promise<Reply<T>>;
  const word = async (event: string, message: unknown) => {
    const reply = await ask(event, message);
    return reply.ok ? "ok" : reply.refusal;
  };
  const hello = (source: string, change: Partial<Hello> = {}) => {
    const device = { backend: "wasm", host: "node" } as const;
    const own = { protocol: protocolVersion, run, secret, source, device, can: abilities };
    return ask<Welcome>(events.hello, { ...own, ...change });
  };
  return {
    secret,
    announcements,
    ask,
    word,
    hello,
    hear,
    join: async (source, change) => {
      const reply = await hello(source, change);
      if (!reply.ok) throw new Error(`hello: expected a welcome, got ${reply.refusal}`);
      hear(reply.announcement);
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
    deliverAtOnce: async (round, delta, change = {}) => {
      const reply = await ask<UploadOpened>(events.open, {
        ...claimOf(round, delta),
        bytes: delta,
        ...change,
      });
      if (!reply.ok) return reply.refusal;
      return reply.accepted ? "ok" : `open at ${reply.offset}`;
    },
  };
}
