// What stands between a coordinator and its database: real bytes of a real PostgreSQL, which may be cut.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CutProxy {
  readonly url: string;
  /** Nobody reaches the database any more. */
  cut(): void;
  mend(): void;
  /** The next commit of what has this text in it still arrives, but its answer does not: from then on it is cut. */
  cutAtCommitOf(text: string): Promise<void>;
  close(): Promise<void>;
}

export async function cutProxy(databaseUrl: string): Promise<CutProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  let trap: { readonly text: string; readonly sprung: () => void } | undefined;

  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const [own, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(own);
      own.on("error", () => {});
      own.on("close", () => {
        sockets.delete(own);
        other.destroy();
      });
    }
    let hasText = false;
    let isTrapped = false;
    near.on("data", (bytes) => {
      hasText ||= trap !== undefined && bytes.includes(trap.text);
      isTrapped ||= hasText && bytes.includes("COMMIT");
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (!isTrapped) return void near.write(bytes);
      const { sprung } = trap!;
      trap = undefined;
      cut();
      sprung();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: url.href,
    cut,
    mend: () => {
      isCut = false;
    },
    cutAtCommitOf: (text) =>
      new Promise((resolve) => {
        trap = { text, sprung: resolve };
      }),
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
