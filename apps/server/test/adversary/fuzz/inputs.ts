// What a fuzzed connection sends, drawn by a seed: bytes that are no frames, frames that are no messages, messages that are no
// requests, and requests in any order with fields that were changed.

import type { Random } from "@homebody/base";
import { abilities } from "@homebody/dept";
import {
  chunkBytes,
  events,
  protocolVersion,
  type RunManifest,
  uploadOf,
  volunteerOf,
} from "@homebody/protocol";
import { claimOf, deltaOf, secretOf } from "../../../../../test/deltas.ts";
import { frameOf } from "../raw.ts";

export interface Target {
  readonly manifest: RunManifest;
  /** The round that is open, or the next one. */
  readonly round: number;
}

const [text, binary] = [1, 2];
const utf8 = (words: string) => new TextEncoder().encode(words);
const one = <T>(dice: Random, list: readonly T[]): T => list[dice.below(list.length)]!;
const noise = (dice: Random, length: number) => Uint8Array.from({ length }, () => dice.below(256));

const strange: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  "",
  "__proto__",
  "x".repeat(5000),
  "\u0000\ud800é",
  [],
  {},
  [[[[[[]]]]]],
  { __proto__: 1, constructor: 2 },
  "0".repeat(64),
  "f".repeat(32),
  { _placeholder: true, num: 0 },
  { _placeholder: true, num: 7 },
];

/** A value with a part of it changed, left out or added. */
function changed(dice: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || dice.below(6) === 0)
    return one(dice, strange);
  const entries = Object.entries(value);
  const copy: Record<string, unknown> = { ...value };
  const [key, part] = entries.length === 0 ? ["", null] : one(dice, entries);
  const how = dice.below(4);
  if (how === 0) delete copy[key];
  else if (how === 1) copy[one(dice, ["later", "toString", "hasOwnProperty", ""])] = one(dice, strange);
  else copy[key] = changed(dice, part);
  return copy;
}

/** An event as frames: its bytes, if it has any, in one of their own. */
export function eventFrames(event: unknown, message: unknown, id: number | ""): Uint8Array {
  const bytes = Object.values((message ?? {}) as object).find((part) => part instanceof Uint8Array);
  const written = JSON.stringify([event, message], (_, part) =>
    part instanceof Uint8Array ? { _placeholder: true, num: 0 } : part,
  );
  const head = frameOf(text, utf8(`4${bytes === undefined ? "2" : "51-"}${id}${written}`));
  return bytes === undefined ? head : Buffer.concat([head, frameOf(binary, bytes as Uint8Array)]);
}

/** Who a connection may say it is: few, so that they meet each other. */
const names = Array.from({ length: 8 }, (_, i) => `fuzz ${i}`);
const deltas = new Map<string, Uint8Array>();

/** A request as an honest volunteer might send it at some moment. */
export function requestOf(dice: Random, { manifest, round }: Target): readonly [string, unknown] {
  const name = one(dice, names);
  const delta = deltas.get(name) ?? deltaOf(manifest, name);
  deltas.set(name, delta);
  const claim = claimOf(Math.max(0, round + dice.below(3) - 1), delta);
  const upload = uploadOf(manifest.run, round, volunteerOf(secretOf(name)), claim.delta);
  const offset = dice.below(4) === 0 ? dice.below(delta.length) : 0;
  const body = { body: dice.below(2), id: manifest.run, nats: 10, tokens: 10, bytes: 10 };
  const progress = { round, stage: "train", step: 1, of: 2, loss: 3, tokensPerSecond: 4 };
  return one<readonly [string, unknown]>(dice, [
    [events.hello, helloOf(manifest, name)],
    [events.ready, { ready: dice.below(4) > 0 }],
    [events.open, claim],
    [events.open, { ...claim, bytes: delta.subarray(0, 1 + dice.below(delta.length - 1)) }],
    [events.chunk, { upload, offset, bytes: delta.subarray(offset, offset + 1 + dice.below(chunkBytes)) }],
    [events.commit, { upload }],
    [events.evaluation, body],
    [events.progress, progress],
    [events.watch, { after: dice.below(20) }],
    [events.admin, { token: "x".repeat(48), act: { kind: "end-run" } }],
    [dice.below(20) === 0 ? events.leave : events.ready, {}],
  ]);
}

function helloOf({ run, sources }: RunManifest, name: string) {
  const device = { backend: "wasm", host: "node" };
  return {
    protocol: protocolVersion,
    run,
    secret: secretOf(name),
    source: sources[0]!.id,
    device,
    can: abilities,
  };
}

/** A hello that is welcome. */
export const welcomeHello = (dice: Random, { manifest }: Target): Uint8Array =>
  eventFrames(events.hello, helloOf(manifest, one(dice, names)), 0);

/** A request, in one of two with a part of it changed, with an id or none. */
export function requestFrames(dice: Random, target: Target): Uint8Array {
  const [event, message] = requestOf(dice, target);
  const id = dice.below(8) === 0 ? "" : dice.below(1e6);
  return eventFrames(event, dice.below(2) === 0 ? message : changed(dice, message), id);
}

/** Frames whose text is almost of Socket.IO. */
function messageFrames(dice: Random): Uint8Array {
  const type = one(dice, ["0", "1", "2", "3", "4", "51-", "61-", "5", "50-", "511-", "7", "", "-"]);
  const namespace = one(dice, ["", "", "", "/,", "/admin,", "/", "/%00,"]);
  const id = one(dice, ["", "0", "7", "99999999999999999999", "-1"]);
  const data = one(dice, [
    "",
    "[]",
    '["hello"]',
    '["hello",{}]',
    "{",
    '{"a":1}',
    '["disconnect"]',
    "[[[",
    "[1e999]",
    '"x"',
  ]);
  const engine = one(dice, ["4", "4", "4", "4", "4", "3", "2", "0", "1", "5", "6", "9", ""]);
  return frameOf(dice.below(10) === 0 ? binary : text, utf8(`${engine}${type}${namespace}${id}${data}`));
}

/** Frames that are almost of WebSocket. */
function strangeFrame(dice: Random): Uint8Array {
  const frame = frameOf(dice.below(16), noise(dice, one(dice, [0, 1, 2, 125, 126, 300])), {
    fin: dice.below(3) > 0,
    rsv1: dice.below(8) === 0,
  });
  if (dice.below(4) === 0) frame[dice.below(Math.min(frame.length, 14))] = dice.below(256);
  return dice.below(6) === 0 ? frame.subarray(0, dice.below(frame.length)) : frame;
}

/** Any input; most are such that others may follow. */
export function inputOf(dice: Random, target: Target): Uint8Array {
  const kind = dice.below(20);
  if (kind < 14) return requestFrames(dice, target);
  if (kind < 18) return messageFrames(dice);
  if (kind < 19) return strangeFrame(dice);
  return frameOf(one(dice, [9, 10]), noise(dice, dice.below(126)));
}

/** What is no WebSocket at all: heads of requests, cut and changed. */
export function headOf(dice: Random, head: string): Uint8Array {
  const bytes = utf8(head);
  for (let i = 0; i < 1 + dice.below(3); i++) bytes[dice.below(bytes.length)] = dice.below(256);
  return dice.below(3) === 0 ? bytes.subarray(0, dice.below(bytes.length)) : bytes;
}
