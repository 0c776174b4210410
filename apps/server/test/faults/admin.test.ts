// The host is not locked out, whatever strangers do on the network [P37].

import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { askAdminChannel, askStatus } from "../../src/index.ts";
import { type World, world } from "./world.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function fresh(): World {
  const made = world({ rounds: 3 });
  ends.push(made.end);
  return made;
}

/** A line of the channel, as it is. */
function raw(dataDir: string, text: string): Promise<string> {
  const path = readFileSync(join(dataDir, "admin-channel"), "utf8");
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(text));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

test("[P37] a hundred wrong tokens from the host's own address do not lock the host out", async () => {
  const at = fresh();
  await at.serve();
  const guesser = await at.meet("guesser");
  const words = [];
  for (let i = 0; i < 100; i++) {
    words.push(await guesser.word(events.admin, { token: `guess ${i}`, act: { kind: "pause" } }));
  }
  expect(words.slice(0, 30)).toEqual(Array(30).fill("not-authorised"));
  expect(new Set(words.slice(40))).toEqual(new Set(["too-many"]));
  const host = await at.meet("host");
  expect(await at.admin(host, { kind: "pause" })).toBe("ok");
});

test("[P37] where not one more connection is let in, the host acts by the channel", async () => {
  const at = fresh();
  await at.serve({ limits: { connections: 1 } });
  await at.meet("the one who is in");
  await expect(at.meet("host")).rejects.toThrow();
  expect(await askAdminChannel(at.dataDir, { kind: "pause" })).toEqual({ ok: true });
  expect(await askStatus(at.dataDir)).toMatchObject({ paused: true, phase: "gathering" });
  expect(await askAdminChannel(at.dataDir, { kind: "end-round" })).toEqual({
    ok: false,
    refusal: "wrong-round",
  });
  expect((await at.journal()).map(({ fact }) => fact.kind)).toEqual(["created", "paused"]);
});

test("[P37] the channel takes no other token, and no nonsense; one that says nothing holds up nobody", async () => {
  const at = fresh();
  await at.serve();
  const path = readFileSync(join(at.dataDir, "admin-channel"), "utf8");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const silent = raw(at.dataDir, "");
  const act = JSON.stringify({ token: "guess", act: { kind: "pause" } });
  expect(JSON.parse(await raw(at.dataDir, `${act}\n`))).toEqual({ ok: false, refusal: "not-authorised" });
  for (const nonsense of ["\n", "null\n", '{"token":1}\n', "[]\n", '{"token":"x","act":{"kind":"dance"}}\n'])
    expect(JSON.parse(await raw(at.dataDir, nonsense))).toEqual({ ok: false, refusal: "malformed" });
  expect(await raw(at.dataDir, "x".repeat(100_000))).toBe("");
  expect(await askAdminChannel(at.dataDir, { kind: "pause" })).toEqual({ ok: true });
  await at.stop();
  expect(await silent).toBe("");
  expect(existsSync(path)).toBe(false);
  await expect(askAdminChannel(at.dataDir, { kind: "resume" })).rejects.toThrow(
    "data folder: expected one that a coordinator is at work on",
  );
});

test("[P37] a folder whose path is too long for a socket has one elsewhere, for its owner alone", async () => {
  const at = fresh();
  const dataDir = join(at.folder, "d".repeat(120));
  mkdirSync(dataDir);
  await at.serve({ dataDir });
  expect(await askAdminChannel(dataDir, { kind: "pause" })).toEqual({ ok: true });
  const path = readFileSync(join(dataDir, "admin-channel"), "utf8");
  await at.stop();
  expect(existsSync(path)).toBe(false);
});

test("[P37] after a kill the socket that was left is no hindrance", async () => {
  const at = fresh();
  await at.serve();
  await at.stop();
  mkdirSync(at.dataDir, { recursive: true });
  const { createServer } = await import("node:net");
  const left = createServer().listen(join(at.dataDir, "admin.sock"));
  ends.push(async () => left.close());
  await at.serve();
  expect(await askAdminChannel(at.dataDir, { kind: "pause" })).toEqual({ ok: true });
});
