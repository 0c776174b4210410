// The feed's ports in a browser: fetch, and one Socket.IO connection for the page.

import {
  type Check,
  checkApplicants,
  checkDone,
  checkReply,
  checkWatching,
  events,
  type Reply,
} from "@homebody/protocol";
import { io } from "socket.io-client";
import type { RunPorts } from "./feed.ts";

const answerMs = 15_000;
const againMs = 3000;

async function json(path: string): Promise<unknown> {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`${path}: expected an answer, got ${response.status}`);
  return response.json();
}

export const browserPorts: RunPorts = {
  manifest: () => json("/api/run"),
  figures: () => json("/api/figures"),
  journal: (after, limit) => json(`/api/journal?after=${after}&limit=${limit}`),
  samples: () => json("/api/samples"),
  line(on) {
    const socket = io({ transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5000 });
    socket.on("connect", on.connected);
    let again: ReturnType<typeof setTimeout> | undefined;
    socket.on("disconnect", (reason) => {
      on.lost();
      // Socket.IO does not try again by itself when it was the other side that ended the connection: a coordinator
      // that goes down, or one that found this watcher too slow.
      if (reason === "io server disconnect") again = setTimeout(() => socket.connect(), againMs);
    });
    socket.on("connect_error", on.lost);
    socket.on(events.entries, on.entries);
    socket.on(events.presence, on.presence);
    const ask = async <T extends object>(
      event: string,
      message: unknown,
      check: Check<T>,
    ): Promise<Reply<T>> =>
      checkReply(await socket.timeout(answerMs).emitWithAck(event, message), check, event);
    return {
      watch: (message) => ask(events.watch, message, checkWatching),
      admin: (message) => ask(events.admin, message, checkDone),
      applicants: (message) => ask(events.applicants, message, checkApplicants),
      close() {
        clearTimeout(again);
        socket.disconnect();
      },
    };
  },
  now: Date.now,
  later: (act) => void setTimeout(act, againMs),
};
