// [P32] Small requests that bring much: bounded by address and time, also where nobody reads the answer.

import { connect, type Socket } from "node:net";
import { events } from "@homebody/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { joined } from "./raw.ts";
import { type Stage, stage } from "./stage.ts";

let here: Stage;
beforeEach(async () => {
  here = await stage({ limits: { historyBytesPerSecond: 2000, messagesPerSecond: 10_000 } });
});
afterEach(() => here.close());

const burst = 24 * 2000;

test.each(["/api/figures", "/api/journal", "/api/journal?limit=5000", "/api/journal.jsonl"])(
  "[P32] %s again and again brings no more than an address may read",
  async (path) => {
    let bytes = 0;
    let last = await fetch(`${here.server.url}${path}`);
    for (let i = 0; i < 500 && last.ok; i++) {
      bytes += (await last.arrayBuffer()).byteLength;
      last = await fetch(`${here.server.url}${path}`);
    }
    expect([last.status, last.headers.get("retry-after")]).toEqual([429, "3"]);
    expect(bytes).toBeLessThan(3 * burst);
    expect((await fetch(`${here.server.url}/api/run`)).status).toBe(200);
    await here.publishes();
  },
);

test("[P32] watch again and again brings no more than an address may read", async () => {
  const one = await joined(here.server.url);
  let bytes = 0;
  one.web.on("message", (data: Buffer) => {
    if (data.includes(events.entries)) bytes += data.length;
  });
  for (let i = 0; i < 300; i++) one.web.send(`42${i}["watch",{"after":0}]`);
  await one.heard((text) => text.startsWith("43299["));
  expect(bytes).toBeLessThan(2 * burst);
  one.web.terminate();
  await here.publishes();
});

test("[P32] answers that nobody reads: so many of an address at a time", async () => {
  await here.close();
  here = await stage();
  const ask = "GET /api/journal?limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const open: Socket[] = [];
  const first = () =>
    new Promise<string>((resolve) => {
      const socket = connect({ port: here.server.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
      open.push(socket);
      socket.once("data", (data) => resolve(data.toString().slice(9, 12)));
      // Many requests on one connection, of which it reads the first answer alone.
      socket.write(ask.repeat(200));
      socket.once("data", () => socket.pause());
    });
  const statuses = await Promise.all(Array.from({ length: 10 }, first));
  expect(statuses).toEqual(Array(10).fill("200"));
  expect((await fetch(`${here.server.url}/api/journal`)).status).toBe(200);
  for (const socket of open) socket.destroy();
  await here.publishes();
});
