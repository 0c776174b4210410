// A volunteer of bare messages on a socket of its own.

import { type Announcement, events, type RunManifest } from "@homebody/protocol";
import { io, type Socket } from "socket.io-client";
import { type BareVolunteer, bareVolunteer } from "../../../test/bare-volunteer.ts";

export interface Client extends BareVolunteer {
  readonly socket: Socket;
  close(): void;
}

export async function client(url: string, name: string): Promise<Client> {
  const manifest = (await (await fetch(`${url}/api/run`)).json()) as RunManifest;
  const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
  const volunteer = bareVolunteer(manifest, name, (event, message) =>
    socket.timeout(10_000).emitWithAck(event, message),
  );
  socket.on(events.announcement, (announcement: Announcement) => volunteer.hear(announcement));
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", () => resolve());
    socket.on("connect_error", reject);
  });
  return { ...volunteer, socket, close: () => socket.disconnect() };
}
