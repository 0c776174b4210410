// What watchers cost a coordinator: a real server, volunteers that have said how far they are, and so many pages that watch;
// the bytes of reports that go out, and the processor's time, of the server and of the pages, which are in this process too.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256OfText } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { abilities } from "@homebody/dept";
import { events, protocolVersion, type RunManifest } from "@homebody/protocol";
import { createServer, stderrLog } from "@homebody/server";
import { WebSocket } from "ws";

export interface WatchersRow {
  readonly volunteers: number;
  readonly watchers: number;
  readonly seconds: number;
  /** To all watchers together. */
  readonly reports: number;
  readonly bytesOfReport: number;
  readonly bytesPerSecond: number;
  /** Of one core. */
  readonly processorShare: number;
}

const measuredMs = 20_000;

export async function measureWatchers(volunteers: number, watchers: number): Promise<WatchersRow> {
  const folder = await mkdtemp(join(tmpdir(), "homebody-bench-watchers-"));
  const open: WebSocket[] = [];
  const many = 1e9;
  const server = await createServer({
    run: await runIn(folder, volunteers),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
    limits: {
      connectionsPerAddress: many,
      newPerSecond: many,
      newVolunteersPerMinute: many,
      socketsPerAddress: many,
    },
  });
  try {
    const { manifest } = server.state();
    for (let i = 0; i < volunteers; i++) open.push(await volunteer(server.url, manifest, i));
    let [reports, bytes] = [0, 0];
    const count = (data: Buffer) => {
      if (!data.includes(`["${events.presence}"`)) return;
      reports += 1;
      bytes += data.length;
    };
    for (let i = 0; i < watchers; i++) open.push(await watcher(server.url, count));
    [reports, bytes] = [0, 0];
    const [began, used] = [performance.now(), process.cpuUsage()];
    await systemClock.sleep(measuredMs);
    const { user, system } = process.cpuUsage(used);
    const seconds = (performance.now() - began) / 1000;
    return {
      ...{ volunteers, watchers, seconds, reports, bytesOfReport: Math.round(bytes / Math.max(1, reports)) },
      bytesPerSecond: Math.round(bytes / seconds),
      processorShare: (user + system) / 1e6 / seconds,
    };
  } finally {
    for (const one of open) one.terminate();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** More volunteers than there are are waited for, so that no round opens meanwhile. */
async function runIn(folder: string, volunteers: number): Promise<string> {
  await writeFile(join(folder, "a.txt"), "what watchers cost\n\n".repeat(50));
  const path = join(folder, "run.yaml");
  await writeFile(
    path,
    `name: watchers
description: a bench
model: { family: llama, depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32 } }
sources:
  - { id: a, title: A, language: en, text: served, train: a.txt, vocabulary: 300 }
training: { localSteps: 1, batch: 1, learningRate: { peak: 0.01 } }
rounds: 1
round: { minimum: ${volunteers + 1} }
`,
  );
  return path;
}

/** Answers pings, and resolves once this text has been answered. */
function said(url: string, texts: readonly string[], heard: (data: Buffer) => void): Promise<WebSocket> {
  const web = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    web.once("error", reject);
    web.on("message", (data: Buffer) => {
      heard(data);
      if (data.length === 1 && data[0] === 0x32) web.send("3");
      else if (data[0] === 0x30) web.send("40");
      else if (data.includes('40{"sid"')) for (const text of texts) web.send(text);
      else if (data.includes("430[")) resolve(web);
    });
  });
}

function volunteer(url: string, { run }: RunManifest, i: number): Promise<WebSocket> {
  const device = { backend: "wasm", host: "browser" };
  const secret = sha256OfText(`bench ${i}`);
  const hello = { protocol: protocolVersion, run, secret, source: "a", device, can: abilities };
  const progress = { round: 1, stage: "train", step: 123, of: 500, loss: 3.2165, tokensPerSecond: 15_400.25 };
  const texts = [
    `420${JSON.stringify([events.hello, hello])}`,
    `42${JSON.stringify([events.progress, progress])}`,
  ];
  return said(url, texts, () => {});
}

const watcher = (url: string, heard: (data: Buffer) => void) =>
  said(url, [`420${JSON.stringify([events.watch, { after: 0 }])}`], heard);
