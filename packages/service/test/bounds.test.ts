// [P16] to [P18]: how much one connection, one address and all together may ask for, to the message and the millisecond.

import { chunkBytes, events, type PresenceReport, type UploadOpened } from "@homebody/protocol";
import { expect, test } from "vitest";
import { claimOf, deltaOf, secretOf } from "../../../test/deltas.ts";
import { hostDisk } from "../src/memory/index.ts";
import { manifest, type Served, serve, token } from "./world.ts";

const run = manifest();

async function upOf(served: Served, names: readonly string[], address?: string) {
  const up: boolean[] = [];
  for (const name of names) up.push((await served.meet(name, address)).isUp());
  return up;
}

test("messages on one connection: four seconds' worth at once, then as many as the rate; who goes on is closed", async () => {
  const served = await serve(run, { limits: { messagesPerSecond: 5 } });
  const [flood, other] = [await served.join("flood", "a"), await served.join("other", "b")];
  const burst = async () => {
    const words = await Promise.all(
      Array.from({ length: 60 }, () => flood.word(events.ready, { ready: true })),
    );
    return words.filter((word) => word === "ok").length;
  };
  expect(await burst()).toBe(20 - 2); // hello and ready were two
  await served.clock.advance(1000);
  expect(await burst()).toBe(5);
  expect(flood.isUp()).toBe(true);
  for (let i = 0; i < 3; i++) await burst().catch(() => {});
  expect(flood.isUp()).toBe(false);
  expect(await other.word(events.ready, { ready: true })).toBe("ok");
  await served.close();
});

test("chunks are bounded by their window, not by the rate", async () => {
  const disk = hostDisk();
  let write = () => {};
  const written = new Promise<void>((resolve) => {
    write = resolve;
  });
  const append: typeof disk.spool.append = async (...rest) => {
    await written;
    return disk.spool.append(...rest);
  };
  const served = await serve(run, { disk: { ...disk, spool: { ...disk.spool, append } } });
  const one = await served.join("one", "a");
  await served.join("two", "b");
  await served.clock.advance(0);
  const delta = deltaOf(run, "a");
  const opened = await one.ask<UploadOpened>(events.open, claimOf(1, delta));
  if (!opened.ok) throw new Error(opened.refusal);
  const send = (offset: number) =>
    one.word(events.chunk, { upload: opened.upload, offset, bytes: delta.subarray(offset, offset + 10) });
  const sent = Array.from({ length: 17 }, (_, i) => send(i * 10));
  expect(await sent[16]).toBe("too-many");
  write();
  expect(await Promise.all(sent.slice(0, 16))).toEqual(Array(16).fill("ok"));
  const large = { upload: opened.upload, offset: 160, bytes: new Uint8Array(chunkBytes + 1) };
  expect(await one.word(events.chunk, large)).toBe("too-large");
  await served.close();
});

test("connections: so many of an address and so many in all, and no faster than the rate", async () => {
  const served = await serve(run, { limits: { connections: 5, connectionsPerAddress: 3, newPerSecond: 1 } });
  expect(await upOf(served, ["1", "2", "3", "4"], "here")).toEqual([true, true, true, false]);
  expect(await upOf(served, ["5", "6", "7"], "there")).toEqual([true, true, false]);
  expect(served.service().counts().connections).toBe(5);
  served.cut();
  expect(served.service().counts().connections).toBe(0);
  await served.close();
});

test("new connections of an address come no faster than the rate", async () => {
  const served = await serve(run, { limits: { newPerSecond: 1 } });
  const names = Array.from({ length: 11 }, (_, i) => `${i}`);
  expect(await upOf(served, names, "here")).toEqual([...Array(10).fill(true), false]);
  expect(await upOf(served, ["elsewhere"], "there")).toEqual([true]);
  await served.close();
});

test("who neither says hello nor watches is let go when the time for it is over", async () => {
  const served = await serve(run, { limits: { introductionMs: 1000 } });
  const [silent, refused, watcher, one] = [
    await served.meet("silent"),
    await served.meet("refused"),
    await served.meet("watcher"),
    await served.meet("one"),
  ];
  expect(await refused.hello("nowhere")).toEqual({ ok: false, refusal: "unknown-source" });
  expect(await watcher.word(events.watch, { after: 0 })).toBe("ok");
  await one.join("a");
  await served.clock.advance(999);
  expect([silent, refused, watcher, one].map(({ isUp }) => isUp())).toEqual([true, true, true, true]);
  await served.clock.advance(1);
  expect([silent, refused, watcher, one].map(({ isUp }) => isUp())).toEqual([false, false, true, true]);
  await served.close();
});

test("a connection that does not read is closed rather than remembered for", async () => {
  let isStuck = false;
  const served = await serve(run, {
    limits: { messagesPerSecond: 1000 },
    travel: (direction) => (direction === "down" && isStuck ? 1e9 : 0),
  });
  const [slow, host] = [await served.meet("slow"), await served.meet("host")];
  expect(await slow.word(events.watch, { after: 0 })).toBe("ok");
  isStuck = true;
  const acts = Array.from({ length: 510 }, (_, i) => ({ kind: i % 2 === 0 ? "pause" : "resume" }));
  for (const act of acts.slice(0, 490)) host.line.tell(events.admin, { token, act });
  await served.clock.advance(3000); // reports may be lost, and are
  expect(served.service().counts().connections).toBe(2);
  for (const act of acts.slice(490)) host.line.tell(events.admin, { token, act });
  await served.clock.advance(0);
  expect(served.service().counts().connections).toBe(1);
  await served.close();
});

test("volunteers that are kept in mind: there is room for another when one is gone", async () => {
  const served = await serve(run, { limits: { volunteers: 2 } });
  await served.join("one", "a");
  const two = await served.join("two", "b");
  const three = await served.meet("three");
  expect(await three.hello("a")).toEqual({ ok: false, refusal: "too-many" });
  two.line.close();
  await served.clock.advance(0);
  expect((await three.hello("a")).ok).toBe(true);
  expect(await three.hello("a", { secret: secretOf("four") })).toEqual({ ok: false, refusal: "malformed" });
  await served.close();
});

test("[P37] guesses of the host's token are bounded by address; the right one passes, whatever was guessed there", async () => {
  const served = await serve(run, { limits: { adminGuessesPerMinute: 3 } });
  const [guesser, host] = [await served.meet("guesser", "there"), await served.meet("host")];
  const act = { kind: "pause" };
  const words: string[] = [];
  for (const given of ["1", "2", "3", "4"])
    words.push(await guesser.word(events.admin, { token: given, act }));
  expect(words).toEqual(["not-authorised", "not-authorised", "not-authorised", "too-many"]);
  for (let i = 0; i < 10; i++) expect(await guesser.word(events.admin, { token, act })).toBe("ok");
  expect(await guesser.word(events.admin, { token: "5", act })).toBe("too-many");
  expect(await host.word(events.admin, { token: "1", act })).toBe("not-authorised");
  await served.clock.advance(20_000);
  expect(await guesser.word(events.admin, { token: "4", act })).toBe("not-authorised");
  await served.close();
});

test("[P31] a line is of one volunteer for as long as it lasts, and who has left it has its time to come back", async () => {
  const served = await serve(run, { limits: { introductionMs: 1000 } });
  const one = await served.join("one", "a");
  const another = { secret: secretOf("another") };
  expect(await one.hello("a", another)).toEqual({ ok: false, refusal: "malformed" });
  expect(await one.word(events.leave, {})).toBe("ok");
  expect(await one.hello("a", another)).toEqual({ ok: false, refusal: "malformed" });
  await served.clock.advance(999);
  expect((await one.hello("a")).ok).toBe(true);
  expect(await one.word(events.leave, {})).toBe("ok");
  await served.clock.advance(1000);
  expect(one.isUp()).toBe(false);
  await served.close();
});

test("[P31] new volunteers of an address come no faster than the rate, those who are known as they like", async () => {
  const served = await serve(run, { limits: { newVolunteersPerMinute: 6 } });
  const hello = async (name: string, address?: string) =>
    (await (await served.meet(name, address)).hello("a")).ok;
  const come = async (names: readonly string[], address?: string) => {
    const welcome: boolean[] = [];
    for (const name of names) welcome.push(await hello(name, address));
    return welcome;
  };
  const names = ["1", "2", "3", "4", "5", "6", "7"];
  expect(await come(names)).toEqual([...Array(6).fill(true), false]);
  expect(await come(["1", "2"])).toEqual([true, true]);
  expect(await come(["8"], "elsewhere")).toEqual([true]);
  await served.clock.advance(10_000);
  expect(await come(["7", "9"])).toEqual([true, false]);
  await served.close();
});

test("[P30] chunks that are refused are requests like any other: who goes on is closed", async () => {
  const served = await serve(run, { limits: { messagesPerSecond: 5 } });
  const [flood, other] = [await served.join("flood", "a"), await served.join("other", "b")];
  const chunk = { upload: "f".repeat(32), offset: 0, bytes: new Uint8Array(9) };
  const words = new Map<string, number>();
  for (let i = 0; i < 300 && flood.isUp(); i++) {
    const word = await flood.word(events.chunk, chunk).catch(() => "closed");
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  expect(words.get("unknown-upload")).toBe(20 - 2);
  expect([words.get("too-many"), flood.isUp()]).toEqual([200, false]);
  expect(await other.word(events.ready, { ready: true })).toBe("ok");
  await served.close();
});

test("[P32] what a small request to watch brings is bounded by address and time; a watcher reads on by HTTP", async () => {
  const limits = { messagesPerSecond: 1000, adminGuessesPerMinute: 10_000, historyBytesPerSecond: 100 };
  const served = await serve(run, { limits });
  const host = await served.meet("host", "host");
  for (let i = 0; i < 50; i++)
    await host.word(events.admin, { token, act: { kind: i % 2 === 0 ? "pause" : "resume" } });
  const broughtTo = async (name: string, address?: string) => {
    const one = await served.meet(name, address);
    expect(await one.ask(events.watch, { after: 0 })).toEqual({ ok: true, last: 51 });
    return one.came.flatMap(([event, message]) => (event === events.entries ? (message as object[]) : []))
      .length;
  };
  expect([await broughtTo("1"), await broughtTo("2"), await broughtTo("3", "there")]).toEqual([51, 0, 51]);
  await served.clock.advance(120_000);
  expect(await broughtTo("4")).toBe(51);
  await served.close();
});

test("[P32] reports of who is here are rarer where many watch, name the first hundred and count all", async () => {
  const served = await serve(run, { limits: { presenceBytesPerSecond: 6000, newVolunteersPerMinute: 1000 } });
  for (let i = 0; i < 120; i++) await served.join(`${i}`, i % 3 === 0 ? "a" : "b");
  const watchers = [await served.meet("x"), await served.meet("y")];
  for (const one of watchers) await one.word(events.watch, { after: 0 });
  const reports = () =>
    watchers[0]!.came.flatMap(([event, message]) => (event === events.presence ? [message] : []));
  await served.clock.advance(60_000);
  const got = reports() as PresenceReport[];
  const bytes = JSON.stringify(got[0]).length;
  expect(got.length).toBeLessThanOrEqual(2 + Math.ceil(60_000 / ((1000 * 2 * bytes) / 6000)));
  expect(got.length).toBeGreaterThan(3);
  expect(got[0]!.volunteers).toHaveLength(100);
  expect(got[0]!.counts).toEqual({ all: 120, connected: { a: 40, b: 80 } });
  await served.close();
});
