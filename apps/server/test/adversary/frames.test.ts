// [P30] One connection that makes the coordinator hold or answer what costs itself nothing: it is ended, what waits stays below
// the bound, and the honest pair's round is published.

import { afterEach, beforeEach, expect, test } from "vitest";
import { frameOf, joined, type Raw } from "./raw.ts";
import { type Stage, stage } from "./stage.ts";

let here: Stage;
const raws: Raw[] = [];
const waitingMost = 300_000;
const pieces = 5000;
/** Lines of the honest. */
const pair = 2;

beforeEach(async () => {
  here = await stage({ limits: { waitingBytes: waitingMost, introductionMs: 600_000 } });
});
afterEach(async () => {
  for (const one of raws.splice(0)) one.web.terminate();
  await here.close();
});

const keep = async (one: Promise<Raw>) => {
  raws.push(await one);
  return one;
};
const [text, binary, continuation, pings, pongs] = [1, 2, 0, 9, 10];
const bytes = (length: number) => new Uint8Array(length);
const say = (words: string) => Buffer.from(words);

/** Sends until it is over, and looks meanwhile at how much waits. */
async function flood(one: Raw, piece: Uint8Array): Promise<void> {
  let most = 0;
  for (let i = 0; i < pieces && !one.isOver() && one.tcp.writable; i++) {
    if (!one.tcp.write(piece))
      await Promise.race([one.ended, new Promise((resolve) => one.tcp.once("drain", resolve))]);
    if (i % 500 === 0) most = Math.max(most, await here.metric("homebody_waiting_bytes"));
  }
  while ((await here.metric("homebody_connections")) > pair);
  one.web.resume(); // or it would not see that it is over
  await one.ended;
  expect(most).toBeLessThanOrEqual(waitingMost);
  expect(await here.metric("homebody_waiting_bytes")).toBe(0);
}

const many = (frame: Uint8Array, times = 50) => Buffer.concat(Array(times).fill(frame));

test.each([
  ["connects to namespaces that are not there", frameOf(text, say("40/other,"))],
  ["messages of namespaces that are not there", frameOf(text, say('42/other,["hello"]'))],
  ["requests that are not read", frameOf(text, say('420["hello",{}]'))],
  ["events that nobody knows", frameOf(text, say('42["no such event"]'))],
  [
    "chunks that are not taken",
    Buffer.concat([
      frameOf(text, say('451-7["chunk",{"_placeholder":true,"num":0}]')),
      frameOf(binary, bytes(9)),
    ]),
  ],
  ["acknowledgements of nothing", frameOf(text, say("430[]"))],
  ["pings of the engine", frameOf(text, say("2"))],
  ["pongs of the engine", frameOf(text, say("3"))],
  ["upgrades", frameOf(text, say("5"))],
  ["pings of WebSocket", frameOf(pings, bytes(100))],
  ["pongs of WebSocket", frameOf(pongs, bytes(100))],
  ["empty frames", frameOf(text, bytes(0))],
  [
    "whole chunks that nobody asked for",
    Buffer.concat([
      frameOf(text, say('451-7["chunk",{"_placeholder":true,"num":0}]')),
      frameOf(binary, bytes(65_536)),
    ]),
  ],
])("[P30] a flood of %s by one that never reads", async (_, frame) => {
  const one = await keep(joined(here.server.url));
  one.web.pause();
  await flood(one, frame.length > 1000 ? frame : many(frame));
  await here.publishes();
});

test.each([
  ["a text that is too long", [frameOf(text, say(`42["hello","${"x".repeat(17_000)}"]`))]],
  [
    "more pieces of bytes than any message has",
    [frameOf(text, say('452-["hello",{"_placeholder":true,"num":0}]'))],
  ],
  [
    "a text where bytes were to come",
    many(frameOf(text, say('451-["hello",{"_placeholder":true,"num":0}]')), 2),
  ],
  ["bytes that nobody announced", frameOf(binary, bytes(9))],
  ["a frame that says it is compressed", frameOf(text, say("40"), { rsv1: true })],
  [
    "a message in a thousand pieces",
    [frameOf(text, say("4"), { fin: false }), many(frameOf(continuation, say("0"), { fin: false }), 1000)],
  ],
  [
    "a message that grows without end",
    [
      frameOf(binary, bytes(60_000), { fin: false }),
      many(frameOf(continuation, bytes(60_000), { fin: false }), 9),
    ],
  ],
  ["a frame that says it is a gigabyte", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ["a frame of an opcode that is not there", frameOf(5, bytes(3))],
  ["nothing like a frame", say("GET / HTTP/1.1\r\n\r\n".repeat(20))],
  ["deep JSON", frameOf(text, say(`42["hello",${"[".repeat(8000)}${"]".repeat(8000)}]`))],
])("[P30] %s ends the connection, and no other", async (name, pieces) => {
  const one = await keep(joined(here.server.url));
  for (const piece of [pieces].flat()) one.tcp.write(piece as Uint8Array);
  if (name !== "deep JSON") await one.ended;
  await here.publishes();
});

test("[P30] who never says a word, never joins, or never finishes what it begins is let go in time", async () => {
  await here.close();
  here = await stage({ limits: { introductionMs: 2000 } });
  const silent = await keep(joined(here.server.url));
  const awaiting = await keep(joined(here.server.url));
  awaiting.web.send('451-["hello",{"_placeholder":true,"num":0}]');
  const half = await keep(joined(here.server.url));
  half.tcp.write(frameOf(text, say("42"), { fin: false }));
  await Promise.all([silent, awaiting, half].map(({ ended }) => ended));
  await here.publishes();
});

test("[P30] where all together hold too much, whoever holds the most goes, and the honest stay", async () => {
  await here.close();
  here = await stage({ limits: { unfinishedBytesInAll: 600_000, introductionMs: 60_000 } });
  const half = async () => {
    const one = await keep(joined(here.server.url));
    one.tcp.write(frameOf(binary, bytes(200_000), { fin: false }));
    return one;
  };
  const all: Raw[] = [];
  for (let i = 0; i < 8; i++) all.push(await half());
  const over = () => all.filter((one) => one.isOver()).length;
  await Promise.race(all.map(({ ended }) => ended));
  while (over() < 5) await Promise.race(all.filter((one) => !one.isOver()).map(({ ended }) => ended));
  await here.publishes();
});
