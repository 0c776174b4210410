// [P33] One address that holds connections open and says nothing: it shuts itself out and nobody else, and what is half said is
// not waited for. The attacker is at another address of this machine than the honest pair.

import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Stage, stage } from "./stage.ts";

const attacker = "127.0.0.2";
let here: Stage;
const open: Socket[] = [];

beforeEach(async () => {
  here = await stage({
    limits: { sockets: 200, socketsPerAddress: 60, unspokenPerAddress: 40, headMs: 1000 },
  });
});
afterEach(async () => {
  for (const one of open.splice(0)) one.destroy();
  await here.close();
});

/** Those of so many connections that are still there once the others were let go. */
async function flood(times: number, first: string, localAddress = attacker): Promise<readonly Socket[]> {
  const all = await Promise.all(Array.from({ length: times }, () => one(first, localAddress)));
  return all.filter((socket) => !socket.destroyed);
}

/** Resolves once the coordinator has taken it or let it go. */
function one(first: string, localAddress: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port: here.server.port, host: "127.0.0.1", localAddress });
    open.push(socket);
    socket.on("error", () => {});
    socket.once("close", () => resolve(socket));
    socket.once("connect", () => socket.write(first, () => setImmediate(() => resolve(socket))));
  });
}

const isOver = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) return resolve();
    socket.resume(); // or it would not see that it is over
    socket.once("close", () => resolve());
  });
const status = async () => (await fetch(`${here.server.url}/api/run`)).status;

test.each([
  ["nothing at all", ""],
  ["half the head of a request", "GET /api/run HTTP/1.1\r\nHost: localhost\r\nX-More: "],
  [
    "half the head of a line's request",
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: websocket\r\n",
  ],
])("[P33] connections that bring %s: so many of an address, and not for long", async (_, first) => {
  await flood(300, first);
  expect(await status()).toBe(200);
  const other = await here.meet("from elsewhere");
  expect((await other.hello("a")).ok).toBe(true);
  await Promise.all(open.map(isOver)); // the last of them when the time for a head is over
  expect(await here.metric("homebody_turned_away_total")).toBeGreaterThanOrEqual(260);
  await here.publishes();
});

test("[P33] idle connections that have asked: so many of an address in all, and others are served", async () => {
  const ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const answered = (socket: Socket) =>
    new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("close", () => resolve(false));
    });
  let served = 0;
  for (let i = 0; i < 80; i++) if (await answered(await one(ask, attacker))) served += 1;
  expect(served).toBe(60);
  expect(await status()).toBe(200);
  await here.publishes();
});

test("[P33] a school behind one address: 300 pages, each with six connections and two lines, get in", async () => {
  await here.close();
  here = await stage();
  const ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const pages = await flood(1800, ask, attacker);
  expect(pages).toHaveLength(1800);
  await here.publishes();
});

test("[P33] behind a proxy it is the forwarded address that is counted, and the proxy's connections are not", async () => {
  await here.close();
  const publicUrls = [new URL("https://run.example.org")];
  here = await stage({
    ...{ trustProxy: true, publicUrls },
    limits: { socketsPerAddress: 3, unspokenPerAddress: 3, requestsPerSecond: 1, historyBytesPerSecond: 1 },
  });
  const url = `http://127.0.0.1:${here.server.port}`;
  const from = async (address: string, path = "/api/figures") =>
    (await fetch(`${url}${path}`, { headers: { "x-forwarded-for": `10.0.0.1, ${address}` } })).status;
  const figures = async (address: string) => {
    const got = [];
    for (let i = 0; i < 3; i++) got.push(await from(address));
    return got;
  };
  // The first takes its address into debt; a neighbour in the same /64 is the same, and so is a mapped address.
  expect(await figures("2001:db8:1:2::1")).toEqual([200, 429, 429]);
  expect(await from("2001:db8:1:2:ffff::2")).toBe(429);
  expect(await from("2001:db8:1:3::1")).toBe(200);
  expect(await from("192.0.2.1")).toBe(200);
  expect(await from("::ffff:192.0.2.1")).toBe(429);
});
