// Where a server listens: a port, and the address that is shown for it.

import { createServer, type Server } from "node:net";
import { InputError } from "@homebody/base";
import { isOwnComputer } from "./secure-context.ts";

export async function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe: Server = createServer();
    probe.on("error", reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Throws an InputError for a port that somebody else has. */
export async function listenAt(
  app: { listen(at: { host: string; port: number }): Promise<unknown> },
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  await app.listen(at).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE")
      throw new InputError("port", "one that is free", `${at.port}, which is in use`);
    throw error;
  });
}

/** For whoever sits at this computer. */
export function urlOf({ host, port, tls }: { host: string; port: number; tls: boolean }): string {
  const everywhere = host === "0.0.0.0" || host === "::";
  const shown = everywhere || isOwnComputer(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${shown}:${port}`;
}
