// Work in Chromium: a worker of ours is built, served from 127.0.0.1 with the headers that threads want, and started anew
// for each request.

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumArgs, chromiumPath, softwareAdapter } from "./chromium.ts";
import type { Answer } from "./page-worker.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

export interface ChromiumWork {
  /** The worker's source, which calls serveAnswers. */
  readonly entry: URL;
  /** What the worker may fetch: folders by the first part of the path. */
  readonly folders?: Readonly<Record<string, string>>;
  /** The real graphics card; otherwise the adapter that is imitated by the processor. */
  readonly gpu?: boolean;
}

/** One request after another, each in a page of its own; `report` hears the result, and what memory it took at most. */
export async function workInChromium<Request, Result>(
  { entry, folders = {}, gpu = false }: ChromiumWork,
  requests: readonly Request[],
  report: (result: Result, peakProcessBytes: number) => void,
): Promise<void> {
  const { chromium } = await import("playwright");
  const built = await mkdtemp(join(tmpdir(), "homebody-page-"));
  const server = createServer((request, response) => {
    const [, first = "", ...rest] = request.url!.split("/");
    const given = Object.hasOwn(folders, first) ? folders[first] : undefined;
    const file = given === undefined ? join(built, first || "index.html", ...rest) : join(given, ...rest);
    readFile(file).then(
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
    await buildWorker(entry, built);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const browser = await chromium.launch({
      executablePath: chromiumPath,
      args: [...chromiumArgs, ...(gpu ? [] : [softwareAdapter])],
    });
    try {
      for (const request of requests) {
        const page = await browser.newPage();
        await page.goto(url);
        const peak = watchMemory();
        const answer = (await page.evaluate(
          (asked) =>
            new Promise<unknown>((resolve) => {
              const worker = new Worker("/worker.js", { type: "module" });
              worker.onmessage = ({ data }) => resolve(data);
              worker.onerror = ({ message }) => resolve({ error: message });
              worker.postMessage(asked);
            }),
          request as unknown,
        )) as Answer<Result>;
        const most = peak();
        if ("error" in answer) throw new Error(`in Chromium: ${answer.error}`);
        report(answer.result, most);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
    await rm(built, { recursive: true, force: true });
  }
}

async function buildWorker(entry: URL, folder: string): Promise<void> {
  const { build } = await import("vite");
  await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL(".", entry)),
    worker: { format: "es" },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: false, // which asks for a document
      rollupOptions: { input: fileURLToPath(entry), output: { entryFileNames: "worker.js" } },
    },
  });
  await writeFile(join(folder, "index.html"), "<!doctype html><title>Homebody</title>");
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
