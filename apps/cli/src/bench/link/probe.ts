// A process that holds the coordinator's end of the line, and answers whoever measures the line: it takes what is sent, and gives
// as many bytes as are asked for.

import { createServer } from "node:http";
import { answer } from "../coordinator/processes.ts";
import type { ToEnd } from "./messages.ts";
import { addresses, ports } from "./namespaces.ts";

answer<ToEnd, null>(async ({ kind }) => {
  if (kind === "work") await listen();
  return null;
});

function listen(): Promise<void> {
  const server = createServer((request, response) => {
    const bytes = Number(new URL(request.url!, "http://far").searchParams.get("bytes"));
    request.resume().on("end", () => response.end(Buffer.alloc(bytes)));
  });
  return new Promise((resolve) => server.listen(ports.probe, addresses.far, resolve));
}
