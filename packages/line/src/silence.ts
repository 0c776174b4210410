// Whether a line has gone silent: nothing comes on it any more, though nobody has said that it is lost. Where a network swallows
// what is sent, TCP takes minutes to notice.
//
// Silence is counted in ticks that were lived through: while whoever listens is too busy to hear, nothing is silent.

import type { Clock } from "@homebody/clock";

export interface Hearing {
  /** Something came. */
  heard(): void;
  stop(): void;
}

const tickMs = 500;

/** `changed` is told once nothing was heard for `afterMs`, and when something is heard again. */
export function listenForSilence(
  clock: Pick<Clock, "every">,
  afterMs: number,
  changed: (isSilent: boolean) => void,
): Hearing {
  let ticks = 0;
  let isSilent = false;
  const become = (silent: boolean) => {
    if (silent === isSilent) return;
    isSilent = silent;
    changed(silent);
  };
  const stop = clock.every(tickMs, () => {
    ticks += 1;
    if (ticks * tickMs >= afterMs) become(true);
  });
  return {
    heard: () => {
      ticks = 0;
      become(false);
    },
    stop,
  };
}

/** The part of Engine.IO's client that is listened to; how often the other end is heard it knows from the handshake. */
export interface PingedEngine {
  on(event: "packet", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A ping may be so late on a line that is well. */
const latenessMs = 1500;

/** The same of one connection of Socket.IO, until it is over; then `changed` is told nothing more. */
export function listenToEngine(
  clock: Pick<Clock, "every">,
  engine: PingedEngine,
  changed: (isSilent: boolean) => void,
): void {
  const { _pingInterval: pingMs } = engine as unknown as { readonly _pingInterval: number };
  const hearing = listenForSilence(clock, pingMs + latenessMs, changed);
  engine.on("packet", hearing.heard);
  engine.once("close", hearing.stop);
}
