// One script, played to its end: the rules are looked at after each timer, and the coordinator is killed when the dice say so.

import assert from "node:assert/strict";
import { random } from "@homebody/base";
import type { MemoryClock } from "@homebody/clock/memory";
import { replay } from "@homebody/coordinator";
import { storedNames } from "@homebody/volunteer";
import { assertMeans } from "../../../../test/recompute.ts";
import type { Texts } from "../../src/index.ts";
import { hostOf } from "./acts.ts";
import { boundsOf } from "./bounds.ts";
import type { Script } from "./script.ts";
import { longestMs } from "./slow.ts";
import { type Stage, setStage } from "./stage.ts";

/** What happened, so that a test can say that something did. */
export interface Played {
  readonly published: number;
  readonly accepted: number;
  readonly lapsed: number;
  readonly kills: number;
  readonly failures: number;
  readonly acts: number;
  /** By the host's approval. */
  readonly letIn: number;
  /** Outer steps that volunteers took instead of whole sections. */
  readonly stepsTaken: number;
  /** Of volunteers, of each other's deltas; and how many of these led to a quarantine. */
  readonly reviewed: number;
  readonly quarantined: number;
  /** Deltas that started ahead of their body. */
  readonly ahead: number;
  readonly finished: boolean;
}

/** A run that is not over after so much has come to nothing. */
const mostTimers = 300_000;
const mostMs = 12 * 3_600_000;

export async function play(script: Script, texts: readonly Texts[]): Promise<Played> {
  const dice = random(`kills of ${script.seed}`);
  let isOver = false;
  const isAtWork = ({ members }: Stage) => !isOver && !members.every(({ end }) => end() !== null);
  const stage = await setStage({
    ...{ script, texts },
    moment: (at) => {
      if (dice.uniform() < script.killsMidway && isAtWork(at)) at.kill();
    },
  });
  const { host, watch } = stage;
  const acts = hostOf(stage, { script, texts, isOver: () => isOver });
  const bounds = boundsOf(stage);
  let timers = 0;
  let checked = 0;
  const mayEnd = () => {
    stage.check();
    watch.check();
    timers += 1;
    assert.ok(timers < mostTimers, "[C7] every run comes to its end");
    const isUp = stage.wellSince() !== null;
    if (isUp && stage.kills() !== checked) checkState(stage);
    if (isUp) checked = stage.kills();
    bounds();
    if (!isAtWork(stage) || (isUp && isDeserted(stage, script))) return true;
    if (isUp && dice.uniform() < script.kills) stage.kill();
    return false;
  };
  await host.clock.until("the end of everybody", mayEnd, mostMs);
  isOver = true; // nobody is killed any more, and nothing fails
  stage.mend();
  await host.clock.until("the coordinator", () => stage.wellSince() !== null, mostMs);
  return { ...(await atTheEnd(stage)), acts: acts() };
}

function checkState({ host, watch: { known } }: Stage): void {
  // What was appended a moment ago it may not have heard of yet.
  const entries = known.entries.slice(0, host.service().figures().seq);
  assert.deepEqual(host.service().state(), replay(entries), "[C1] the state is what the journal says");
}

/** So many have left for good that no round opens any more [C4]. */
function isDeserted({ host, members }: Stage, { manifest }: Script): boolean {
  const left = members.filter(({ end }) => end() === null).length;
  return host.service().state().phase.kind === "gathering" && left < manifest.round.minimum;
}

async function atTheEnd(stage: Stage): Promise<Omit<Played, "acts">> {
  const { host, members, accepted, kills, failures } = stage;
  const { known, blob } = stage.watch;
  const { blobs, spool } = stage.inner;
  for (const member of members) if (member.end() === "finished") await checkSettled(member, stage);
  await assertMeans(known.entries, "any", blob);
  host.kill();
  await host.clock.advance(longestMs);
  await inItsTime(host.clock, host.start());
  checkState(stage);
  const state = host.service().state();
  if (state.phase.kind !== "training") {
    for (const hash of await blobs.list()) {
      const kind = await inItsTime(host.clock, host.service().kindOf(hash));
      assert.ok(kind, `${hash}: a blob that is named`);
    }
    assert.deepEqual(await spool.list(), []);
  }
  stage.watch.check();
  const count = (kind: string) => known.entries.filter(({ fact }) => fact.kind === kind).length;
  assert.ok(accepted() <= count("accepted")); // a process that was killed told nobody of its last facts
  return {
    ...{ published: count("published"), accepted: count("accepted"), lapsed: count("lapsed") },
    ...{
      letIn: count("admitted"),
      reviewed: count("reviewed"),
      quarantined: count("quarantined"),
      kills: kills(),
      failures: failures(),
      stepsTaken: stage.watch.stepsTaken(),
      ahead: known.entries.filter(({ fact }) => fact.kind === "accepted" && fact.body !== undefined).length,
      finished: state.phase.kind === "finished",
    },
  };
}

/** Whoever was there in the end knows what counted: it began its next round from just those words [V9]. */
async function checkSettled({ volunteer, disk }: Stage["members"][number], { watch }: Stage): Promise<void> {
  const names = await disk.names();
  const counted = watch.known.rounds.get(volunteer) ?? [];
  // Which round's they are was looked at when they were written.
  if (counted.length > 0)
    assert.ok(names.includes(storedNames.home), "[V9] the words of the last delta that counted");
  // One that was being stored when the end came was never sent: the next start settles it.
  for (const round of counted)
    assert.ok(
      !names.includes(storedNames.delta(round)),
      `[V4] the delta of round ${round} counted, and is settled`,
    );
}

/** What a slow disk stands behind is done only if time passes. */
async function inItsTime<T>(clock: MemoryClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  await clock.until("an answer", () => isDone, mostMs);
  return await work;
}
