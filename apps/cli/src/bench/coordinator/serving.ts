// A process that serves: a coordinator with its data on the disk, or an echo by Socket.IO, which loads nothing else.

import { createServer as createHttp } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { maxFrameBytes } from "@homebody/protocol";
import { Server } from "socket.io";
import type { Served, ToServer } from "./messages.ts";
import { answer } from "./processes.ts";

const sampleMs = 100;
const delay = monitorEventLoopDelay({ resolution: 10 });
let [url, most, used] = ["", 0, process.cpuUsage()];
const weigh = () => {
  most = Math.max(most, process.memoryUsage.rss());
};
setInterval(weigh, sampleMs);

answer<ToServer, Served>(async (message) => {
  if (message.kind === "coordinator") url = await coordinate(message);
  if (message.kind === "echo") url = await echo();
  weigh();
  const { user, system } = process.cpuUsage(used);
  const processorMs = (user + system) / 1000;
  const served = { url, rssBytes: most, loopDelayP99Ms: delay.percentile(99) / 1e6, processorMs };
  used = process.cpuUsage();
  most = 0;
  delay.reset();
  delay.enable();
  return served;
});

/** Without bounds by address: all volunteers have one. */
async function coordinate({ file, dataDir }: Extract<ToServer, { kind: "coordinator" }>): Promise<string> {
  const { createServer, stderrLog } = await import("@homebody/server");
  const many = 1e9;
  const limits = {
    ...{ connectionsPerAddress: many, newPerSecond: many, newVolunteersPerMinute: many },
    ...{ socketsPerAddress: many, unspokenPerAddress: many },
  };
  const run = { file, written: {}, folder: dataDir };
  const server = await createServer({ run, dataDir, log: stderrLog("silent"), limits });
  return server.url;
}

async function echo(): Promise<string> {
  const http = createHttp();
  const io = new Server(http, {
    ...{ serveClient: false, transports: ["websocket"], perMessageDeflate: false },
    maxHttpBufferSize: maxFrameBytes,
  });
  io.on("connection", (socket) => {
    socket.onAny((_event: string, message: unknown, acknowledge: (message: unknown) => void) =>
      acknowledge(message),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}
