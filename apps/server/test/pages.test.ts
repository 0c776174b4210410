// The built application as the server gives it: in the form that the visitor's program takes, for as long as it is true.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../src/index.ts";

const html = "<h1>Homebody</h1>";
const code = "export const words = 'stay home';".repeat(40);

let folder: string;
let server: RunningServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-pages-"));
  const webRoot = join(folder, "web");
  mkdirSync(join(webRoot, "assets"), { recursive: true });
  writeFileSync(join(webRoot, "index.html"), html);
  writeFileSync(join(webRoot, "404.html"), "<h1>There is no page</h1>");
  const asset = join(webRoot, "assets", "index-a1b2c3.js");
  writeFileSync(asset, code);
  writeFileSync(`${asset}.br`, brotliCompressSync(code));
  writeFileSync(`${asset}.gz`, gzipSync(code));
  const run = writeRun(folder);
  server = await createServer({ run, dataDir: join(folder, "data"), webRoot, log: stderrLog("silent") });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As it comes over the wire: fetch would unpack it. */
function get(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>(
    (resolve, reject) => {
      const sent = request(`${server.url}${path}`, { headers }, async (response) => {
        const bytes = Buffer.concat(await response.toArray());
        resolve({ status: response.statusCode!, headers: response.headers, bytes });
      });
      sent.on("error", reject).end();
    },
  );
}

const asset = "/assets/index-a1b2c3.js";

test.each([
  ["gzip, deflate, br, zstd", "br", brotliCompressSync(code)],
  ["gzip", "gzip", gzipSync(code)],
  ["br;q=0, gzip;q=0", undefined, Buffer.from(code)],
  [undefined, undefined, Buffer.from(code)],
])(
  "to whoever takes %s a hashed file goes as the build packed it in %s, for ever",
  async (accepted, encoding, bytes) => {
    const got = await get(asset, accepted === undefined ? {} : { "accept-encoding": accepted });
    expect(got.status).toBe(200);
    expect(got.headers["content-encoding"]).toBe(encoding);
    expect(got.headers["content-type"]).toContain("javascript");
    expect(got.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(got.headers.vary).toBe("origin, accept-encoding");
    expect(got.bytes.equals(bytes)).toBe(true);
  },
);

test.each(["/", "/dashboard", "/try", "/admin", "/admin/"])(
  "%s is the page, always asked for again",
  async (path) => {
    const got = await get(path, { "accept-encoding": "br" });
    expect([got.status, got.bytes.toString()]).toEqual([200, html]);
    expect(got.headers["cache-control"]).toBe("no-cache");
    const again = await get(path, { "if-none-match": String(got.headers.etag) });
    expect(again.status).toBe(304);
  },
);

test("where there is nothing a browser gets a page, and a program JSON", async () => {
  const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  for (const path of ["/nowhere", "/dashboard/nowhere", "/assets/gone-a1b2c3.js"]) {
    const page = await get(path, { accept });
    expect([page.status, page.bytes.toString()], path).toEqual([404, "<h1>There is no page</h1>"]);
    expect(page.headers["content-type"]).toContain("text/html");
    expect(page.headers["cache-control"], path).toBe("no-cache");
    expect(page.headers.vary).toBe("origin, accept, accept-encoding");
    const json = await get(path, { accept: "*/*" });
    expect([json.status, JSON.parse(json.bytes.toString())], path).toEqual([
      404,
      { error: `there is nothing at GET ${path}` },
    ]);
    expect(json.headers.vary).toBe("origin, accept, accept-encoding");
  }
});
