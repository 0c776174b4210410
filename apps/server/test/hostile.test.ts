// Hostile and broken volunteers at the real server: each is refused by its rule, and an honest pair beside them
// trains on as if nobody else were there.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "@homebody/base";
import { chunkBytes, events, maxFrameBytes, type UploadOpened } from "@homebody/protocol";
import type { Faults, Limits } from "@homebody/service";
import { io } from "socket.io-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimOf, deltaOf, secretOf } from "../../../test/deltas.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../src/index.ts";
import { type Client, client } from "./client.ts";

let folder: string;
let server: RunningServer;
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-hostile-"));
});
afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(limits: Partial<Limits> = {}, faults: Faults = () => {}): Promise<RunningServer> {
  const run = writeRun(folder, { rounds: 2 });
  const dataDir = join(folder, "data");
  server = await createServer({ run, dataDir, limits, faults, log: stderrLog("silent") });
  return server;
}

async function meet(name: string): Promise<Client> {
  const one = await client(server.url, name);
  clients.push(one);
  return one;
}

/** An honest pair in round 1, both assigned. */
async function pair(): Promise<readonly [Client, Client]> {
  const [a, b] = [await meet("honest a"), await meet("honest b")] as const;
  await a.join("a");
  await b.join("b");
  for (const one of [a, b]) await one.told(({ kind }) => kind === "training");
  return [a, b];
}

/** Round 1 ends with both deltas, as it should. */
async function publishes([a, b]: readonly [Client, Client]): Promise<void> {
  const { manifest } = server.state();
  expect(await a.deliver(1, deltaOf(manifest, "a"))).toBe("ok");
  expect(await b.deliver(1, deltaOf(manifest, "b"))).toBe("ok");
  await a.told(({ body }) => body.number === 1);
  expect(server.figures().deltas).toHaveLength(2);
}

const spooled = () =>
  readdirSync(join(folder, "data"), { recursive: true }).filter((path) => /spool\//.test(`${path}`));

test("[P2] [P4] what is malformed, early, of another version, run or source is refused by its word", async () => {
  await start();
  const stranger = await meet("stranger");
  expect(await stranger.word(events.open, claimOf(1, new Uint8Array(9)))).toBe("not-joined");
  const refusal = async (change: object) => {
    const reply = await stranger.hello("a", change);
    return reply.ok ? "ok" : reply.refusal;
  };
  expect(await refusal({ protocol: 99 })).toBe("protocol-version");
  // An older one, and a newer one of a form that this version has never seen.
  const { manifest } = server.state();
  for (const hello of [
    {
      protocol: 1,
      run: manifest.run,
      secret: secretOf("old"),
      source: "a",
      device: { backend: "wasm", host: "node" },
    },
    { protocol: 3, session: { of: manifest.run }, source: ["a"] },
  ])
    expect(await stranger.word(events.hello, hello)).toBe("protocol-version");
  expect(await refusal({ can: { codecs: ["fp32"], sections: ["theta"] } })).toBe("cannot-take-part");
  expect(await refusal({ can: { codecs: ["fp16", "sparse"], sections: [] } })).toBe("cannot-take-part");
  expect(await refusal({ run: "0".repeat(64) })).toBe("wrong-run");
  expect(await refusal({ source: "elsewhere" })).toBe("unknown-source");
  for (const change of [
    { secret: "x" },
    { can: 1 },
    { can: { codecs: ["a b"], sections: [] } },
    { source: "A B" },
    { device: null },
    { run: 5 },
  ])
    expect(await refusal(change)).toBe("malformed");
  for (const message of [null, 5, "text", [], { a: {} }, new Uint8Array(3)])
    expect(await stranger.word(events.hello, message)).toBe("malformed");
  stranger.socket.emit("no such event", { a: 1 });
  stranger.socket.emit("__proto__", { a: 1 });
  stranger.socket.emit(events.progress, { free: "text" });
  expect(await refusal({})).toBe("ok");
  expect(await stranger.word(events.ready, { ready: "yes" })).toBe("malformed");
});

test("a disk that fails is the coordinator's trouble, said by its own word; nothing is lost when it works again", async () => {
  let broken = true;
  await start({}, () => {
    if (broken) throw new Error("no space left on device");
  });
  const [a, b] = await pair();
  const { manifest } = server.state();
  expect(await a.deliver(1, deltaOf(manifest, "a"))).toBe("trouble");
  broken = false;
  await publishes([a, b]);
});

test("[P9] [P10] [P12] deltas of a wrong size, hash, shape, round, with NaN or far too large", async () => {
  await start();
  const honest = await pair();
  const [, b] = honest;
  const { manifest } = server.state();
  const good = deltaOf(manifest, "good");

  expect(await b.deliver(1, good.subarray(4))).toBe("wrong-size");
  expect(await b.deliver(1, new Uint8Array([...good, 0]))).toBe("wrong-size");
  expect(await b.deliver(1, good, { delta: "0".repeat(64) })).toBe("wrong-hash");
  expect(await b.deliver(2, good)).toBe("wrong-round");
  const noise = Uint8Array.from(good, (byte, i) => byte ^ (i < 20 ? 255 : 0));
  expect(await b.deliver(1, noise)).toBe("wrong-shape");
  const infinite = good.slice();
  infinite.fill(0x7f, infinite.length - 2);
  expect(await b.deliver(1, infinite)).toBe("not-finite");
  const far = deltaOf(manifest, "far", 1e6);
  expect(await b.deliver(1, far)).toBe("too-far");
  const late = await meet("late");
  await late.join("b");
  expect(await late.deliver(1, good)).toBe("not-assigned");

  await publishes(honest);
  expect(await b.deliver(1, good)).toBe("wrong-round");
  expect(spooled()).toEqual([]);
});

test("[P8] [P11] [P13] chunks out of order, beyond the end, of somebody else's upload; commits too early and twice", async () => {
  await start();
  const honest = await pair();
  const [a, b] = honest;
  const { manifest } = server.state();
  const delta = deltaOf(manifest, "mine");
  const opened = await b.ask<UploadOpened>(events.open, claimOf(1, delta));
  if (!opened.ok) throw new Error(opened.refusal);
  const { upload } = opened;
  const piece = delta.subarray(0, 100);

  expect(await b.word(events.chunk, { upload, offset: 7, bytes: piece })).toBe("wrong-offset");
  expect(await b.word(events.chunk, { upload, offset: 0, bytes: "text" })).toBe("malformed");
  expect(await b.word(events.chunk, { upload, offset: 0, bytes: new Uint8Array(0) })).toBe("malformed");
  expect(await b.word(events.chunk, { upload, offset: 0, bytes: new Uint8Array(chunkBytes + 1) })).toBe(
    "too-large",
  );
  expect(await b.word(events.chunk, { upload: "f".repeat(32), offset: 0, bytes: piece })).toBe(
    "unknown-upload",
  );
  expect(await b.word(events.chunk, { upload: "../../../etc/passwd", offset: 0, bytes: piece })).toBe(
    "malformed",
  );
  expect(await a.word(events.chunk, { upload, offset: 0, bytes: piece })).toBe("not-yours");
  expect(await a.word(events.commit, { upload })).toBe("not-yours");
  expect(await b.word(events.commit, { upload })).toBe("wrong-offset");
  expect(await b.word(events.chunk, { upload, offset: 0, bytes: piece })).toBe("ok");
  const beyond = new Uint8Array(Math.min(chunkBytes, delta.length));
  expect(await b.word(events.chunk, { upload, offset: 100, bytes: beyond })).toBe("wrong-size");

  // It goes on where the coordinator is, and is taken once.
  const again = await b.ask<UploadOpened>(events.open, claimOf(1, delta));
  expect(again).toMatchObject({ ok: true, upload, offset: 100, accepted: false });
  expect(await b.deliver(1, delta)).toBe("ok");
  expect(await b.word(events.commit, { upload })).toBe("ok");
  expect(await a.word(events.commit, { upload })).toBe("not-yours");
  expect(await b.ask(events.open, claimOf(1, delta))).toMatchObject({ ok: true, accepted: true });
  expect(await b.deliver(1, deltaOf(manifest, "another"))).toBe("already-accepted");
  expect(server.figures().deltas).toHaveLength(1);
  expect(await a.deliver(1, deltaOf(manifest, "a"))).toBe("ok");
});

test("[P27] [P28] a delta of zeros, and the numbers of another one, are refused; what was copied stays", async () => {
  await start();
  const [a, b] = await pair();
  const { manifest } = server.state();
  expect(await a.deliver(1, deltaOf(manifest, "zeros", 0))).toBe("empty-delta");
  const delta = deltaOf(manifest, "one for two");
  expect(await a.deliver(1, delta)).toBe("ok");
  expect(await b.deliver(1, delta)).toBe("copied-delta");
  expect(await b.deliver(1, deltaOf(manifest, "its own"))).toBe("ok");
  await a.told((now) => now.kind === "training" && now.round === 2);
  expect(server.figures().deltas).toHaveLength(2);
  expect(await a.deliver(2, delta)).toBe("copied-delta");
});

test("[P16] a frame that is too large closes its connection, and no other", async () => {
  await start();
  const honest = await pair();
  const loud = await meet("loud");
  const gone = new Promise<string>((resolve) => loud.socket.on("disconnect", resolve));
  loud.socket.emit(events.hello, "x".repeat(maxFrameBytes + 1));
  expect(await gone).toMatch(/transport/);
  await publishes(honest);
});

test("[P16] floods: messages on one connection, connections from one address, joins by one device", async () => {
  await start({ messagesPerSecond: 5, connectionsPerAddress: 6, volunteers: 4 });
  const honest = await pair();
  const flood = await meet("flood");
  const words = await Promise.all(
    Array.from({ length: 60 }, () => flood.word(events.evaluation, {}).catch(() => "closed")),
  );
  expect(words).toContain("too-many");
  const open = [];
  let refused = 0;
  for (let i = 0; i < 10; i++) {
    const one = io(server.url, { transports: ["websocket"], reconnection: false, forceNew: true });
    open.push(one);
    await new Promise<void>((resolve) => {
      one.on("connect", () => resolve());
      one.on("connect_error", () => {
        refused += 1;
        resolve();
      });
    });
  }
  expect(refused).toBeGreaterThanOrEqual(4);
  for (const one of open) one.disconnect();
  const many = await meet("many");
  const joins = [];
  for (let i = 0; i < 5; i++) joins.push((await many.hello("a", { secret: secretOf(`many ${i}`) })).ok);
  expect(joins).toEqual([true, false, false, false, false]); // one line, one volunteer
  await publishes(honest);
});

test("[P16] who does not introduce itself is let go", async () => {
  await start({ introductionMs: 100 });
  const silent = await meet("silent");
  await new Promise<void>((resolve) => silent.socket.on("disconnect", () => resolve()));
});

test("[P5] whoever comes twice is replaced; [P19] whoever guesses the token is turned away, then not heard", async () => {
  await start({ adminGuessesPerMinute: 5 });
  const first = await meet("twice");
  await first.join("a");
  const told = new Promise((resolve) => first.socket.on(events.removed, resolve));
  const second = await meet("twice");
  await second.join("a");
  expect(await told).toEqual({ reason: "replaced" });

  const act = { kind: "end-run" };
  const words = [];
  for (let i = 0; i < 7; i++) words.push(await second.word(events.admin, { token: `guess ${i}`, act }));
  expect(words).toEqual([...Array(5).fill("not-authorised"), "too-many", "too-many"]);
  expect(server.state().phase.kind).toBe("gathering");
});

test("progress that is a lie changes nothing but what is shown", async () => {
  await start();
  const honest = await pair();
  const [a] = honest;
  const lie = { round: 9, stage: "send", step: 1e9, of: 1, loss: -5, tokensPerSecond: 1e300 };
  for (let i = 0; i < 20; i++) a.socket.emit(events.progress, lie);
  a.socket.emit(events.progress, { ...lie, loss: Number.NaN });
  await publishes(honest);
});

test("[P14] only what the run names is served: no delta, no path, no journal of another", async () => {
  await start();
  const honest = await pair();
  const { manifest } = server.state();
  await publishes(honest);
  const delta = sha256Of(deltaOf(manifest, "a"));
  for (const path of [
    `/bodies/${delta}`,
    `/texts/${delta}`,
    "/bodies/..%2f..%2fadmin-token",
    "/texts/../../admin-token",
    "/bodies/zz",
    "/admin-token",
  ])
    expect((await fetch(`${server.url}${path}`)).status, path).toBe(404);
  expect((await fetch(`${server.url}/api/journal?after=-1`)).status).toBe(400);
  expect((await fetch(`${server.url}/api/run`, { method: "POST", body: "x" })).status).toBe(404);
});
