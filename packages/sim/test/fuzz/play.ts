// One script, played to its end: the rules are looked at after each timer, and the coordinator is killed when the dice say so.

import assert from "node:assert/strict";
import { random } from "@homebody/base";
import { type MemoryClock, memoryClock } from "@homebody/clock/memory";
import { replay } from "@homebody/coordinator";
import { type HostDisk, hostDisk } from "@homebody/service/memory";
import { storedNames } from "@homebody/volunteer";
import { assertMeans } from "../../../../test/recompute.ts";
import { decodeStored } from "../../../volunteer/src/stored-file.ts";
import { type Simulation, startSimulation, type Texts } from "../../src/index.ts";
import { checkBodies, type Watch, watch } from "./rules.ts";
import { exponentialMs, type Script } from "./script.ts";
import { longestMs, slow } from "./slow.ts";

/** What happened, so that a test can say that something did. */
export interface Played {
  readonly published: number;
  readonly accepted: number;
  readonly lapsed: number;
  readonly kills: number;
  readonly finished: boolean;
}

/** A run that is not over after so much has come to nothing. */
const mostTimers = 300_000;
const mostMs = 12 * 3_600_000;
/** A coordinator that is up does what is due within this time. */
const slackMs = 5000;

export async function play(script: Script, texts: Texts): Promise<Played> {
  const dice = random(`kills of ${script.seed}`);
  let simulation: Simulation | undefined;
  const [clock, inner, seen] = [memoryClock(), hostDisk(), watch()];
  const slowly = <T extends object>(port: T) =>
    slow(port, () => (simulation ? script.diskMs : 0), clock, dice);
  const { journal, blobs, spool, snapshots } = inner;
  const disk = {
    ...{ journal: slowly(seen.journal(journal)), blobs: slowly(blobs) },
    ...{ spool: slowly(spool), snapshots: slowly(snapshots) },
  };
  let upSince: number | null = 0;
  let kills = 0;
  let failure: unknown;
  let hasStarted = false;
  let isOver = false;
  const isAtWork = () =>
    !isOver && simulation !== undefined && !simulation.members.every(({ end }) => end() !== null);

  function kill(): void {
    if (simulation === undefined) return;
    const { host } = simulation;
    if (dice.uniform() < 0.5) host.kill();
    else host.killAfterSending();
    kills += 1;
    upSince = null;
    const own = kills;
    const startAgain = async () => {
      await host.clock.sleep(longestMs + exponentialMs(script.downMs, dice));
      await host.start();
      if (own === kills) upSince = host.clock.elapsed();
      hasStarted = true;
    };
    startAgain().catch((error) => {
      failure = error;
    });
  }

  simulation = await startSimulation(script.manifest, {
    ...{ volunteers: script.volunteers, seed: script.seed, stubTraining: true },
    ...{ conditions: script.conditions, texts },
    disk,
    host: {
      clock,
      keepDeltas: script.keepDeltas,
      snapshotEvery: 7, // of a few dozen entries: most processes begin from one
      moment: () => {
        if (dice.uniform() < script.killsMidway && isAtWork()) kill();
      },
    },
  });
  const { host } = simulation;
  const bounds = boundsOf(simulation);
  let timers = 0;
  const mayEnd = () => {
    simulation?.check();
    if (failure !== undefined) throw failure;
    timers += 1;
    assert.ok(timers < mostTimers, "[C7] every run comes to its end");
    if (hasStarted && upSince !== null) checkState(simulation!, seen);
    hasStarted = false;
    bounds(upSince);
    if (!isAtWork() || (upSince !== null && isDeserted(simulation!, script))) return true;
    if (upSince !== null && dice.uniform() < script.kills) kill();
    return false;
  };
  await host.clock.until("the end of everybody", mayEnd, mostMs);
  isOver = true; // nobody is killed any more
  await host.clock.until("the coordinator", () => host.isUp(), mostMs);
  return await atTheEnd(script, simulation, { seen, inner, kills });
}

function checkState({ host }: Simulation, seen: Watch): void {
  // What was appended a moment ago it may not have heard of yet.
  const entries = seen.entries().slice(0, host.service().figures().seq);
  assert.deepEqual(host.service().state(), replay(entries), "[C1] the state is what the journal says");
}

/** So many have left for good that no round opens any more [C4]. */
function isDeserted({ host, members }: Simulation, { manifest }: Script): boolean {
  const left = members.filter(({ end }) => end() === null).length;
  return host.service().state().phase.kind === "gathering" && left < manifest.round.minimum;
}

/** What a coordinator that is up may never be found at. */
function boundsOf({ host, members }: Simulation): (upSince: number | null) => void {
  let since = 0;
  let last = "";
  return (upSince) => {
    if (upSince === null) return;
    const { phase } = host.service().state();
    const now = host.clock.now();
    const word = `${phase.kind} ${"round" in phase ? phase.round : ""}`;
    if (word !== last) [last, since] = [word, now];
    const up = host.clock.elapsed() - upSince;
    if (up < slackMs) return;
    if (phase.kind === "training" || phase.kind === "evaluating")
      assert.ok(now <= phase.deadline + slackMs, `[C7] [C14] ${word} ends at its deadline`);
    if (phase.kind === "closing")
      assert.ok(now - Math.max(since, now - up) <= slackMs, `[C3] ${word} is averaged`);
    const { uploads, volunteers } = host.service().counts();
    assert.ok(uploads <= members.length, "[P13] an upload a volunteer at most");
    assert.ok(volunteers <= members.length, "[P5] a connection a volunteer at most");
  };
}

async function atTheEnd(
  script: Script,
  simulation: Simulation,
  { seen, inner, kills }: { readonly seen: Watch; readonly inner: HostDisk; readonly kills: number },
): Promise<Played> {
  const { host, members, accepted } = simulation;
  const { blobs, spool } = inner;
  const facts = seen.entries().map(({ fact }) => fact);
  const count = (kind: string) => facts.filter((fact) => fact.kind === kind).length;
  for (const { volunteer, disk, end } of members) {
    await checkBodies(disk, seen);
    // Whoever was there in the end knows what counted: it began its next round from just those words [V9].
    if (end() !== "finished") continue;
    const home = await disk.read(storedNames.home);
    const round = home === undefined ? 0 : decodeStored<{ round: number }>(home, "home").meta.round;
    assert.equal(
      round,
      seen.acceptedOf(volunteer).at(-1) ?? 0,
      "[V9] the words of the last delta that counted",
    );
    // One that was being stored when the end came was never sent: the next start settles it.
    for (const name of await disk.names()) {
      const left = /^delta-(\d+)/.exec(name);
      if (left)
        assert.ok(!seen.acceptedOf(volunteer).includes(Number(left[1])), "[V4] what counted is settled");
    }
  }
  if (script.keepDeltas) await assertMeans(seen.entries(), "any", blobs.get);
  host.kill();
  await host.clock.advance(longestMs);
  await inItsTime(host.clock, host.start());
  checkState(simulation, seen);
  const state = host.service().state();
  if (state.phase.kind !== "training") {
    for (const hash of await blobs.list()) {
      const kind = await inItsTime(host.clock, host.service().kindOf(hash));
      assert.ok(kind, `${hash}: a blob that is named`);
    }
    assert.deepEqual(await spool.list(), []);
  }
  assert.ok(accepted() <= count("accepted")); // a process that was killed told nobody of its last facts
  return {
    ...{ published: count("published"), accepted: count("accepted"), lapsed: count("lapsed"), kills },
    finished: state.phase.kind === "finished",
  };
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
