// A simulated run that is watched, on disks that are slow and fail, with a coordinator that can be killed at any moment: it starts
// again by itself after a while.

import { type Random, random } from "@homebody/base";
import { type MemoryClock, memoryClock } from "@homebody/clock/memory";
import { type HostDisk, hostDisk, type MemoryHost } from "@homebody/service/memory";
import { type Simulation, startSimulation, type Texts } from "../../src/index.ts";
import { inChunks, lying } from "../saying.ts";
import { watchedMember } from "./device.ts";
import { failingDisk, isOfPort } from "./failing.ts";
import { exponentialMs, type Script, servedText } from "./script.ts";
import { longestMs, slow } from "./slow.ts";
import { type Watch, watch } from "./watch.ts";

export interface Stage extends Simulation, Lives {
  readonly watch: Watch;
  /** Where bytes stay. */
  readonly inner: HostDisk;
}

/** The coordinator's processes, one after another. */
export interface Lives {
  kills(): number;
  /** Of its disk. */
  failures(): number;
  /** Since when it is up without a failure of its disk, in milliseconds of the clock; null while it is gone. */
  wellSince(): number | null;
  /** Rounds that had ended by then. */
  endedBefore(): number;
  /** Ends it at this moment, whatever it is at; before it starts again, this is done. */
  kill(meanwhile?: () => Promise<void>): void;
  /** From now on no port fails. */
  mend(): void;
}

export interface StageInputs {
  readonly script: Script;
  /** By source; volunteers of a source take them in turn. */
  readonly texts: readonly Texts[];
  /** The coordinator might be killed here: before it asks its disk, and before an answer arrives. */
  readonly moment: (stage: Stage) => void;
}

export async function setStage({ script, texts, moment }: StageInputs): Promise<Stage> {
  const { manifest, seed, volunteers, conditions } = script;
  const clock = memoryClock();
  const inner = hostDisk();
  if (manifest.review !== "off") await inner.blobs.put(servedText);
  const seen = watch(manifest, inner);
  const dice = random(`stage of ${seed}`);
  let stage: Stage | undefined;
  const lives = livesOf({ script, seen, clock, dice, host: () => stage?.host });
  const disk = slowDisk(failingDisk(seen.disk, { fails: lives.fails, dice }), {
    ...{ meanMs: () => (stage ? script.diskMs : 0), clock, dice },
  });
  const simulation = await startSimulation(manifest, {
    ...{ volunteers, seed, stubTraining: script.stubTraining, conditions, disk },
    texts: texts[0]!,
    member: (member) => {
      const text = texts[Math.floor(member.number / manifest.sources.length) % texts.length]!;
      const watched = watchedMember({ ...member, text: text.get(member.source)! }, seen);
      const honest = script.riding ? watched : inChunks(watched);
      return member.number % 3 === 0 ? honest : lying(honest); // of peers' deltas, where it is asked
    },
    host: {
      ...{ clock, around: seen.entrance, notices: lives.notices },
      isAdmin: (token) => token === script.token,
      snapshotEvery: 7, // of a few dozen entries: most processes begin from one
      moment: () => {
        if (stage !== undefined) moment(stage);
      },
    },
  });
  stage = { ...simulation, ...lives, watch: seen, inner };
  return stage;
}

interface LivesInputs {
  readonly script: Script;
  readonly seen: Watch;
  readonly clock: MemoryClock;
  readonly dice: Random;
  readonly host: () => MemoryHost | undefined;
}

function livesOf({ script, seen, clock, dice, host }: LivesInputs) {
  let kills = 0;
  let failures = 0;
  let isMended = script.failing === 0;
  let wellSince: number | null = 0;
  let endedBefore = 0;
  /** The process that is there. */
  let gaveUp = false;
  const beginAnew = () => {
    wellSince = clock.elapsed();
    endedBefore = seen.known.ended;
  };

  function fails(): boolean {
    if (isMended || host() === undefined || clock.elapsed() >= script.failingMs) return false;
    if (dice.uniform() >= script.failing) return false;
    failures += 1;
    if (wellSince !== null) beginAnew();
    return true;
  }

  function kill(meanwhile = async () => {}): void {
    if (dice.uniform() < 0.5) host()?.kill();
    else host()?.killAfterSending();
    kills += 1;
    wellSince = null;
    void seen.lookAt(() => startAgain(meanwhile));
  }

  async function startAgain(meanwhile: () => Promise<void>): Promise<void> {
    const own = kills;
    await clock.sleep(longestMs + exponentialMs(script.downMs, dice));
    await meanwhile();
    gaveUp = false;
    try {
      await host()?.start();
    } catch (error) {
      if (!isOfPort(error)) throw error;
      if (own === kills) kill();
      return;
    }
    if (own !== kills) return;
    if (gaveUp) kill();
    else beginAnew();
  }

  /** Where its journal may have another last entry than it knows of, a process gives up. */
  function failed(error: unknown): void {
    troubled(error);
    gaveUp = true;
    if (wellSince !== null) kill(); // one that is still starting, when it has started
  }

  function troubled(error: unknown): void {
    seen.look(() => {
      if (script.failing === 0 || !(gaveUp || isOfPort(error))) throw error;
    });
  }

  return {
    fails,
    notices: { failed, troubled },
    kills: () => kills,
    failures: () => failures,
    wellSince: () => wellSince,
    endedBefore: () => endedBefore,
    kill,
    mend: () => {
      isMended = true;
    },
  };
}

interface Slow {
  readonly meanMs: () => number;
  readonly clock: MemoryClock;
  readonly dice: Random;
}

function slowDisk({ journal, blobs, spool, snapshots }: HostDisk, { meanMs, clock, dice }: Slow): HostDisk {
  const one = <T extends object>(port: T) => slow(port, meanMs, clock, dice);
  return { journal: one(journal), blobs: one(blobs), spool: one(spool), snapshots: one(snapshots) };
}
