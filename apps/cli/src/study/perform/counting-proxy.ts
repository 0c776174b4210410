// What passes a socket, counted: a proxy that hands every byte on, and knows nothing of what they mean.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  readonly url: string;
  /** Bytes of all connections, frames and headers included. */
  readonly counts: () => { readonly up: number; readonly down: number };
  close(): Promise<void>;
}

/** `port`: of this computer, where bytes go on to. */
export async function countingProxy(port: number): Promise<CountingProxy> {
  let [up, down] = [0, 0];
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on("data", (bytes) => {
        if (from === near) up += bytes.length;
        else down += bytes.length;
      });
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => ({ up, down }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
