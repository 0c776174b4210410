// Where a server listens: a port, and the address that is shown for it.

import { createServer, type Server } from "node:net";
import { InputError } from "@homebody/base";
import { isOwnComputer } from "./secure-context.ts";

export async function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe: Server = createServer();
    probe.on("error", (error) => reject(unheard(error, { host, port: 0 })));
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Throws an InputError for a port that somebody else has, and for an address that is not this computer's. */
export async function listenAt(
  app: { listen(at: { host: string; port: number }): Promise<unknown> },
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  await app.listen(at).catch((error: Error) => {
    throw unheard(error, at);
  });
}

/** Why nobody can listen there, in words. */
function unheard(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new InputError("port", "one that is free (--port 0 takes any)", `${port}, which is in use`);
    case "EACCES":
      return new InputError("port", "one that this user may take, from 1024 on", `${port}`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return new InputError("host", "an address of this computer (0.0.0.0 is all of them)", host);
    default:
      return error;
  }
}

/** For whoever sits at this computer. */
export function urlOf({ host, port, tls }: { host: string; port: number; tls: boolean }): string {
  const everywhere = host === "0.0.0.0" || host === "::";
  const shown = everywhere || isOwnComputer(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${shown}:${port}`;
}
