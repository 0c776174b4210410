// What a coordinator that is up may never be found at: behind its time, or with more in its hands than so many volunteers give it.

import assert from "node:assert/strict";
import { assertHeld, type Held, heldBy, mostHeld } from "./held.ts";
import type { Stage } from "./stage.ts";

/** It does what is due within this time. */
const slackMs = 5000;

export function boundsOf(stage: Stage): () => void {
  const { host } = stage;
  const mostOf = mostHeldNow(stage);
  let since = 0;
  let last = "";
  return () => {
    const wellSince = stage.wellSince();
    if (wellSince === null) return;
    assertHeld(heldBy(host.service()), mostOf());
    const { phase, paused } = host.service().state();
    const now = host.clock.now();
    const word = `${phase.kind} ${"round" in phase ? phase.round : ""}`;
    if (word !== last) [last, since] = [word, now];
    const up = host.clock.elapsed() - wellSince;
    if (up < slackMs) return;
    if (!paused && (phase.kind === "training" || phase.kind === "evaluating"))
      assert.ok(now <= phase.deadline + slackMs, `[C7] [C14] ${word} ends at its deadline`);
    if (phase.kind === "closing")
      assert.ok(now - Math.max(since, now - up) <= slackMs, `[C3] ${word} is averaged`);
    if (now - stage.watch.known.endedAt > slackMs) assertSwept(stage);
  };
}

/** By the sources and volunteers that there are. */
function mostHeldNow({ watch: { known }, members }: Stage): () => Held {
  let last: Held | undefined;
  let of = 0;
  return () => {
    const { manifest, sources } = known;
    const now = 1000 * sources.size + members.length;
    if (now !== of) last = mostHeld(manifest, members.length);
    of = now;
    return last!;
  };
}

/** [P12] [P17] What came in a round that is over is gone; what a process found when it started, when the next round is over. */
function assertSwept({ watch: { known, spooled }, endedBefore }: Stage): void {
  for (const [upload, { ended }] of spooled)
    assert.ok(
      known.ended <= Math.max(ended, endedBefore()),
      `[P12] [P17] ${upload}: the spool of a round that is over`,
    );
}
