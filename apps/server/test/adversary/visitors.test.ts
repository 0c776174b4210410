// [P34] Other pages, and other names that are pointed at this coordinator: they are told what to do, and enlist and read nobody.

import { request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { raw } from "./raw.ts";
import { type Stage, stage } from "./stage.ts";

let here: Stage;

beforeEach(async () => {
  here = await stage({ publicUrls: [new URL("https://run.example.org")] });
});
afterEach(() => here.close());

const local = () => `http://127.0.0.1:${here.server.port}`;

/** fetch sets Host by itself. */
function get(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string; allows: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${local()}${path}`, { headers }, async (response) => {
      const pieces = await response.toArray();
      const allows = response.headers["access-control-allow-origin"];
      resolve({ status: response.statusCode!, text: Buffer.concat(pieces).toString(), allows });
    });
    sent.on("error", reject).end();
  });
}

const paths = [
  "/",
  "/api/run",
  "/api/journal",
  "/api/figures",
  "/healthz",
  "/metrics",
  "/bodies/x",
  "/nowhere",
];

test("[P34] a name that is pointed here from elsewhere reads nothing, and opens no line", async () => {
  for (const path of paths) {
    const { status, text } = await get(path, { host: "rebound.example:8080" });
    expect([status, text], path).toEqual([421, expect.stringContaining("--public-url")]);
  }
  for (const host of ["rebound.example", "127.0.0.1.rebound.example", "localhost.rebound.example"])
    await expect(raw(local(), { headers: { host } }), host).rejects.toThrow("400");
  for (const host of ["run.example.org", "localhost:1234", "[::1]", "192.0.2.4:80"])
    expect((await get("/api/run", { host })).status, host).toBe(200);
  await here.publishes();
});

test("[P34] pages of another origin open no line and are given nothing; our own and what is no browser are", async () => {
  const own = `http://127.0.0.1:${here.server.port}`;
  for (const origin of ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1:1"]) {
    await expect(raw(local(), { origin }), origin).rejects.toThrow("400");
    const { status, text, allows } = await get("/api/run", { origin });
    expect([status, text, allows], origin).toEqual([403, expect.stringContaining("origins"), undefined]);
  }
  for (const origin of [own, "https://run.example.org"]) (await raw(local(), { origin })).web.terminate();
  (await raw(local())).web.terminate();
  await here.publishes();
});
