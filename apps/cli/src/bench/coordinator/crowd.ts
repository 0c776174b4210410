// A process of volunteers that train nothing: each has a socket of its own to the coordinator, and one to each echo.

import { sha256OfText } from "@homebody/base";
import { abilities } from "@homebody/dept";
import {
  type Announcement,
  events,
  protocolVersion,
  type Reply,
  type RunManifest,
  type Welcome,
} from "@homebody/protocol";
import { io, type Socket } from "socket.io-client";
import { deliver, requireOk } from "./deliver.ts";
import { type BenchDelta, deltasOf } from "./deltas.ts";
import type { Passage } from "./figures.ts";
import type { FromCrowd, Target, ToCrowd } from "./messages.ts";
import { answer } from "./processes.ts";
import { sourceOf } from "./run.ts";

interface Volunteer {
  readonly index: number;
  readonly lines: Readonly<Record<Target, Socket>>;
  announcement: Announcement;
  delta: BenchDelta | undefined;
}

let crowd: readonly Volunteer[] = [];
let deltaOf: (volunteer: Volunteer, round: number) => BenchDelta;
let heard = () => {};

answer<ToCrowd, FromCrowd>(async (message) => {
  switch (message.kind) {
    case "join":
      await join(message);
      return null;
    case "prepare":
      await prepare(message.round);
      return null;
    case "send":
      return send(message.round, message.to);
    default:
      message satisfies never;
      throw new Error("unknown message");
  }
});

async function join({ urls, manifest, of, first, last }: Extract<ToCrowd, { kind: "join" }>): Promise<void> {
  const make = deltasOf(manifest);
  deltaOf = ({ index }, round) => make(round * of + index);
  const all: Volunteer[] = [];
  for (let index = first; index < last; index++) all.push(await volunteer(urls, manifest, index));
  crowd = all;
}

async function volunteer(
  urls: Readonly<Record<Target, string>>,
  { run }: RunManifest,
  index: number,
): Promise<Volunteer> {
  const lines = {
    coordinator: await connected(urls.coordinator),
    echo: await connected(urls.echo),
    equippedEcho: await connected(urls.equippedEcho),
  };
  const device = { backend: "wasm", host: "browser" } as const;
  const secret = sha256OfText(`bench ${index}`);
  const hello = { protocol: protocolVersion, run, secret, source: sourceOf(index), device, can: abilities };
  const reply = (await lines.coordinator.emitWithAck(events.hello, hello)) as Reply<Welcome>;
  if (!reply.ok) throw new Error(`hello: expected a welcome, got ${reply.refusal}`);
  const own: Volunteer = { index, lines, announcement: reply.announcement, delta: undefined };
  lines.coordinator.on(events.announcement, (announcement: Announcement) => {
    own.announcement = announcement;
    heard();
  });
  requireOk(await lines.coordinator.emitWithAck(events.ready, { ready: true }));
  return own;
}

function connected(url: string): Promise<Socket> {
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(socket));
    socket.on("connect_error", reject);
    socket.on("disconnect", (reason) => {
      throw new Error(`${url}: the line was lost: ${reason}`);
    });
  });
}

async function prepare(round: number): Promise<void> {
  const isOpen = ({ announcement }: Volunteer) =>
    announcement.kind === "training" && announcement.round === round;
  await new Promise<void>((resolve) => {
    heard = () => {
      if (crowd.every(isOpen)) resolve();
    };
    heard();
  });
  for (const one of crowd) one.delta = deltaOf(one, round);
}

/** All at once. */
async function send(round: number, to: Target): Promise<Passage> {
  const answered = to === "coordinator" ? requireOk : () => {};
  const beganAtMs = now();
  const commitMs = await Promise.all(
    crowd.map(({ lines, delta }) =>
      deliver((event, message) => lines[to].emitWithAck(event, message), round, delta!, answered),
    ),
  );
  return { beganAtMs, endedAtMs: now(), commitMs };
}

/** The same in all processes of a machine. */
const now = () => performance.timeOrigin + performance.now();
