import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Entrance } from "@homebody/line";
import { defaultLimits } from "@homebody/service";
import { webNet } from "@homebody/volunteer";
import { lineContract } from "../../../packages/line/test/contract.ts";
import { openLines } from "../src/wire/lines.ts";
import { visitorsTo } from "../src/wire/visitors.ts";

lineContract("fetch and Socket.IO, both ends", async (entrance) => {
  const files = new Map<string, Uint8Array>();
  let isCut = false;
  const http = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (isCut) request.socket.destroy();
    else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  const sockets = new Set<Socket>();
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const unlessCut: Entrance = { ...entrance, admits: (address) => !isCut && entrance.admits(address) };
  const lines = openLines(http, unlessCut, {
    ...{ trustProxy: false, limits: defaultLimits, ended: () => {} },
    visitors: visitorsTo({ names: [], origins: () => [] }),
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    net: webNet(`http://127.0.0.1:${port}`),
    serve: (path, bytes) => void files.set(path, bytes),
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    pass: async () => {},
    close: () => {
      lines.close();
      return ended(http);
    },
  };
});

function ended(http: Server): Promise<void> {
  return new Promise((resolve) => http.close(() => resolve()));
}
