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

export interface IntroductionInputs {
  readonly net: Net;
  readonly clock: Clock;
  readonly hello: Hello;
  readonly connected: (announcement: Announcement) => void;
  readonly disconnected: () => void;
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
  /** Connections lost since the last introduction. */
  tries(): number;
  /** Says so where the coordinator does not know yet. */
  ready(ready: boolean): void;
  close(): void;
}

const longestIntroductionMs = 60_000;

/** Opens the line; it comes back by itself [V13]. */
export function introduce(inputs: IntroductionInputs): Introduction {
  const { clock, hello } = inputs;
  const closing = new AbortController();
  let tries = 0;
  /** What the coordinator knows, by this connection. */
  let known: boolean | null = null;

  async function sayHello(): Promise<void> {
    for (let waitMs = 1000; !closing.signal.aborted; waitMs = Math.min(2 * waitMs, longestIntroductionMs)) {
      try {
        const reply = await ask(line, events.hello, hello, checkWelcome);
        if (reply.ok) {
          tries = 0;
          inputs.connected(reply.announcement);
          return;
        }
        if (!inputs.refused(reply.refusal)) return;
      } catch (error) {
        if (error instanceof InputError) inputs.malformed(error);
        return; // else the line is down; when it is up again, we are called again
      }
      await clock.sleep(waitMs, closing.signal);
    }
  }

  const line = inputs.net.connect({
    up: () => void sayHello(),
    down: () => {
      known = null;
      tries += 1;
      inputs.disconnected();
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
    tries: () => tries,
    ready: (ready) => {
      if (ready === known) return;
      known = ready;
      ask(line, events.ready, { ready } satisfies Ready).catch(() => {
        known = null;
      });
    },
    close: () => {
      closing.abort();
      line.close();
    },
  };
}
