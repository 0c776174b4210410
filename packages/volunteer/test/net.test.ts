import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { memoryNet } from "../src/memory/index.ts";
import { webNet } from "../src/net.ts";
import { netContract } from "./net-contract.ts";

netContract("a net in memory", async () => {
  const net = memoryNet();
  const { coordinator } = net;
  return {
    net,
    coordinator: {
      serve: (path, bytes) => void coordinator.files.set(path, bytes),
      answer: (answer) => {
        coordinator.answer = answer;
      },
      tell: coordinator.tell,
      cut: coordinator.cut,
      mend: coordinator.mend,
      close: () => {},
    },
  };
});

netContract("fetch and Socket.IO", async () => {
  const files = new Map<string, Uint8Array>();
  let isCut = false;
  let answer: (event: string, message: unknown) => unknown = () => ({ ok: true });
  const http = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (isCut) request.socket.destroy();
    else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  const sockets = new Server(http, {
    transports: ["websocket"],
    allowRequest: (_, decide) => decide(null, !isCut),
  });
  sockets.on("connection", (socket) =>
    socket.onAny(async (event: string, message: unknown, acknowledge?: (reply: unknown) => void) => {
      const reply = await answer(event, message);
      acknowledge?.(reply);
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    net: webNet(`http://127.0.0.1:${port}`),
    coordinator: {
      serve: (path, bytes) => void files.set(path, bytes),
      answer: (to) => {
        answer = to;
      },
      tell: (event, message) => void sockets.emit(event, message),
      cut: () => {
        isCut = true;
        for (const { conn } of sockets.sockets.sockets.values()) conn.close();
      },
      mend: () => {
        isCut = false;
      },
      close: () => sockets.close(),
    },
  };
});
