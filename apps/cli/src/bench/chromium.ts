// Measurements in Chromium: the page is built, served from 127.0.0.1 with the headers that threads want, and opened anew
// for each contestant.

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Request, Row } from "./measure.ts";

const flags = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** One after another; `software` takes the adapter that is imitated by the processor. */
export async function measureInChromium(
  requests: readonly Request[],
  { software, onRow }: { readonly software: boolean; readonly onRow: (row: Row) => void },
): Promise<void> {
  const { chromium } = await import("playwright");
  const folder = await mkdtemp(join(tmpdir(), "homebody-bench-"));
  const server = createServer((request, response) => {
    const file = request.url === "/" ? "/index.html" : request.url!;
    readFile(join(folder, file)).then(
      (body) => {
        response.writeHead(200, {
          "content-type": types[extname(file)] ?? "application/octet-stream",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-embedder-policy": "require-corp",
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  try {
    await buildPage(folder);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      args: [...flags, ...(software ? ["--use-webgpu-adapter=swiftshader"] : [])],
    });
    try {
      for (const request of requests) {
        const page = await browser.newPage();
        await page.goto(url);
        const peak = watchMemory();
        const row = await page.evaluate(
          (asked) =>
            new Promise<Row>((resolve, reject) => {
              const worker = new Worker("/worker.js", { type: "module" });
              worker.onmessage = ({ data }) =>
                data.row === undefined ? reject(new Error(data.error)) : resolve(data.row);
              worker.onerror = (event) => reject(new Error(event.message));
              worker.postMessage(asked);
            }),
          request,
        );
        onRow({ ...row, peakProcessBytes: peak() });
        await page.close();
      }
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildPage(folder: string): Promise<void> {
  const { build } = await import("vite");
  await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL(".", import.meta.url)),
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      assetsInlineLimit: 0,
      rollupOptions: {
        input: fileURLToPath(new URL("page.ts", import.meta.url)),
        output: { entryFileNames: "worker.js" },
      },
    },
  });
  await writeFile(join(folder, "index.html"), "<!doctype html><title>Homebody bench</title>");
}

/** The largest sum of what Chromium's processes hold, looked at four times a second; 0 where there is no /proc. */
function watchMemory(): () => number {
  let peak = 0;
  const look = () => {
    let sum = 0;
    try {
      for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) sum += residentBytes(id);
    } catch {
      return;
    }
    peak = Math.max(peak, sum);
  };
  const timer = setInterval(look, 250);
  return () => {
    look();
    clearInterval(timer);
    return peak;
  };
}

function residentBytes(id: string): number {
  try {
    const status = readFileSync(`/proc/${id}/status`, "utf8");
    if (!/^Name:\s*chrom/m.test(status)) return 0;
    // Pages that processes share are not counted again for each.
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return 1024 * (kilobytes("RssAnon") + kilobytes("RssShmem"));
  } catch {
    return 0; // it is gone
  }
}
