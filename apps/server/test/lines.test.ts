import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultLimits } from "@homebody/service";
import { webNet } from "@homebody/volunteer";
import { openWire } from "../../../e2e/traffic.ts";
import { lineContract } from "../../../packages/line/test/contract.ts";
import { openLines } from "../src/wire/lines.ts";
import { visitorsTo } from "../src/wire/visitors.ts";

lineContract("fetch and Socket.IO, both ends", async (entrance) => {
  const files = new Map<string, Uint8Array>();
  const http = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  const lines = openLines(http, entrance, {
    ...{ trustProxy: false, limits: defaultLimits, ended: () => {} },
    visitors: visitorsTo({ names: [], origins: () => [] }),
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const wire = await openWire(() => port);
  return {
    net: webNet(wire.url),
    serve: (path, bytes) => void files.set(path, bytes),
    cut: wire.cut,
    breakOff: wire.breakOff,
    hush: wire.hush,
    mend: wire.mend,
    pass: async () => {},
    close: async () => {
      lines.close();
      await wire.close();
      await ended(http);
    },
  };
});

function ended(http: Server): Promise<void> {
  return new Promise((resolve) => http.close(() => resolve()));
}
