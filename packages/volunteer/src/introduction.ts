// The line to the coordinator: opened once, introduced at each connection; it says whether rounds may count on this device.

import { InputError } from "@homebody/base";
import {
  type Announcement,
  checkAnnouncement,
  checkRemoved,
  checkWelcome,
  events,
  type Hello,
  type Ready,
  type Refusal,
  type Removed,
} from "@homebody/protocol";
import type { Clock, Line, Net, Piece } from "./ports.ts";
import { ask } from "./upload.ts";
import type { LineView } from "./view.ts";

export interface IntroductionInputs {
  readonly net: Net;
  readonly clock: Clock;
  readonly hello: Hello;
  /** Of the text that it brings, in UTF-8; undefined where the host serves it, or it is not known yet [P29]. */
  readonly heldOutBytes: () => number | undefined;
  readonly connected: (announcement: Announcement) => void;
  readonly disconnected: () => void;
  /** `standing` is another one. */
  readonly changed: () => void;
  readonly announced: (announcement: Announcement) => void;
  readonly removed: (reason: Removed["reason"]) => void;
  /** What came is not what the protocol says. */
  readonly malformed: (error: InputError) => void;
  readonly passed: (direction: "sent" | "received", piece: Piece) => void;
  /** The hello was refused; says whether it is worth another try. */
  readonly refused: (reason: Refusal) => boolean;
}

export interface Introduction {
  readonly line: Line;
  standing(): LineView;
  /** Says so where the coordinator does not know yet. */
  ready(ready: boolean): void;
  close(): void;
}

const longestIntroductionMs = 60_000;
/** [V22] How soon it is known that the host has let this volunteer in. */
const approvalMs = 3000;

/** Opens the line; it comes back by itself [V13]. */
export function introduce(inputs: IntroductionInputs): Introduction {
  const { clock, hello } = inputs;
  const closing = new AbortController();
  let standing: LineView = { kind: "connecting", since: clock.now() };
  /** What the coordinator knows, by this connection. */
  let known: boolean | null = null;
  /** Of connections: what waits to say hello on an earlier one has nothing more to say. */
  let connection = 0;

  function stands(kind: LineView["kind"]): void {
    if (standing.kind === kind) return;
    // Silent first, then lost: it is one outage.
    const since = kind === "lost" && standing.kind === "silent" ? standing.since : clock.now();
    standing = { kind, since };
    inputs.changed();
  }

  async function sayHello(): Promise<void> {
    connection += 1;
    const own = connection;
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, longestIntroductionMs)) {
      const refusal = await introduced();
      if (refusal === null || !inputs.refused(refusal)) return;
      await clock.sleep(refusal === "not-approved" ? approvalMs : waitMs, closing.signal);
      if (closing.signal.aborted || own !== connection) return;
    }
  }

  /** Null: it is done, or the line is down; when it is up again, hello is said again. */
  async function introduced(): Promise<Refusal | null> {
    try {
      const reply = await ask(line, events.hello, hello, checkWelcome);
      stands("up");
      if (!reply.ok) return reply.refusal;
      inputs.connected(reply.announcement);
    } catch (error) {
      if (error instanceof InputError) inputs.malformed(error);
    }
    return null;
  }

  const line = inputs.net.connect({
    up: () => void sayHello(),
    down: () => {
      connection += 1;
      known = null;
      if (standing.kind !== "connecting") stands("lost");
      inputs.disconnected();
    },
    silent: (isSilent) => {
      if (standing.kind === (isSilent ? "up" : "silent")) stands(isSilent ? "silent" : "up");
    },
    event: (name, message) => {
      try {
        if (name === events.announcement) inputs.announced(checkAnnouncement(message));
        if (name === events.removed) inputs.removed(checkRemoved(message).reason);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        inputs.malformed(error);
      }
    },
    passed: inputs.passed,
  });

  return {
    line,
    standing: () => standing,
    ready: (ready) => {
      if (ready === known) return;
      known = ready;
      const heldOutBytes = inputs.heldOutBytes();
      const said: Ready = { ready, ...(heldOutBytes === undefined ? {} : { heldOutBytes }) };
      ask(line, events.ready, said).catch(() => {
        known = null;
      });
    },
    close: () => {
      closing.abort();
      line.close();
    },
  };
}
