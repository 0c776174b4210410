// Everybody of whom no delta is accepted, all at once, while an honest pair makes a body: it has the bits that it has without them.

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { events } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { claimOf, deltaOf, secretOf } from "../../../../test/deltas.ts";
import { joined, raw } from "./raw.ts";
import { type Stage, stage } from "./stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const one of stages.splice(0)) await one.close();
});

/** Says before each time how often it has been done. */
type Attack = (at: Stage, done: (times: number) => boolean) => Promise<void>;

/** Again and again, whatever comes of it, until the honest ones are done. */
const repeated =
  (once: (at: Stage, i: number) => Promise<unknown>): Attack =>
  async (at, done) => {
    for (let i = 0; !done(i); i++) {
      await once(at, i).catch(() => {});
      await sleep(1);
    }
  };

const attacks: Readonly<Record<string, Attack>> = {
  "never reads, and has much to be answered": repeated(async ({ server }) => {
    const one = await raw(server.url);
    one.tcp.pause();
    for (let i = 0; i < 2000 && !one.isOver(); i++) one.web.send("40/nowhere,");
    one.web.terminate();
  }),
  "says what is no message": repeated(async ({ server }, i) => {
    const one = await joined(server.url);
    one.web.send(["42[", '451-["chunk",{"_placeholder":true,"num":0}]', "9", "42[1e999]"][i % 4]!);
    await sleep(5);
    one.web.terminate();
  }),
  "begins requests and ends none": repeated(async ({ server }) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: local");
    await sleep(20);
    socket.destroy();
  }),
  "comes from another page": repeated(({ server }) =>
    raw(server.url, { origin: "https://elsewhere.example" }),
  ),
  "guesses the token": repeated(async (at, i) => {
    const one = await at.meet(`guesser ${i}`);
    for (let k = 0; k < 20; k++)
      await one.word(events.admin, { token: `${i} ${k}`, act: { kind: "end-run" } });
    one.close();
  }),
  "comes, scores and goes": repeated(async (at, i) => {
    const one = await at.meet(`passer ${i}`);
    await one.hello("a", { secret: secretOf(`passer ${i}`) });
    const { number, id } = at.server.state().body;
    await one.word(events.evaluation, { body: number, id, nats: 0, tokens: 1e15, bytes: 1e15 });
    await one.word(events.leave, {});
    one.close();
  }),
  "sends deltas that nobody asked for": repeated(async (at, i) => {
    const one = await at.meet(`sender ${i}`);
    await one.hello("a");
    const delta = deltaOf(at.server.state().manifest, `${i}`);
    await one.deliver(1, delta);
    await one.deliverAtOnce(1, delta);
    await one.word(events.open, claimOf(1, delta));
    one.close();
  }),
};

async function bodyOf(disturb: readonly Attack[]): Promise<{ body: string; facts: readonly string[] }> {
  const at = await stage();
  stages.push(at);
  let over = false;
  const times = disturb.map(() => 0);
  const atWork = disturb.map((attack, i) =>
    attack(at, (count) => {
      times[i] = count;
      return over;
    }),
  );
  await expect.poll(() => times.every((count) => count >= 5), { timeout: 20_000 }).toBe(true);
  await at.publishes();
  over = true;
  await Promise.all(atWork);
  const { entries } = (await (await fetch(`${at.server.url}/api/journal`)).json()) as {
    entries: { fact: { kind: string; round?: number } }[];
  };
  const until = entries.findIndex(({ fact }) => fact.kind === "published");
  return { body: at.server.state().body.id, facts: entries.slice(0, until).map(({ fact }) => fact.kind) };
}

test("all at once: the body has the bits, and the journal the facts, that they have without anybody else", async () => {
  const undisturbed = await bodyOf([]);
  expect(undisturbed.facts).toEqual(["created", "opened", "accepted", "accepted", "closed"]);
  expect(await bodyOf(Object.values(attacks))).toEqual(undisturbed);
});
