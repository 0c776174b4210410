// A simulated run that is watched, and a coordinator that can be killed at any moment: it starts again by itself after a while.

import { type Random, random } from "@homebody/base";
import { type MemoryClock, memoryClock } from "@homebody/clock/memory";
import { type HostDisk, hostDisk } from "@homebody/service/memory";
import { type Simulation, startSimulation, type Texts } from "../../src/index.ts";
import { watchedMember } from "./device.ts";
import { exponentialMs, type Script } from "./script.ts";
import { longestMs, slow } from "./slow.ts";
import { type Watch, watch } from "./watch.ts";

export interface Stage extends Simulation {
  readonly watch: Watch;
  /** Where bytes stay. */
  readonly inner: HostDisk;
  readonly kills: () => number;
  /** Since when the coordinator is up, in the clock's milliseconds; null while it is gone. */
  readonly upSince: () => number | null;
  /** Rounds that had ended when it came up last. */
  readonly endedBefore: () => number;
  /** At this moment, whatever it is at. */
  kill(): void;
}

export interface StageInputs {
  readonly script: Script;
  /** By source; volunteers of a source take them in turn. */
  readonly texts: readonly Texts[];
  readonly clock?: MemoryClock;
  /** The coordinator might be killed here: before it asks its disk, and before an answer arrives. */
  readonly moment: (stage: Stage) => void;
}

export async function setStage({ script, texts, moment, ...inputs }: StageInputs): Promise<Stage> {
  const { manifest, seed, volunteers, conditions, keepDeltas } = script;
  const { clock = memoryClock() } = inputs;
  const dice = random(`stage of ${seed}`);
  const inner = hostDisk();
  const seen = watch(manifest, inner, keepDeltas);
  let stage: Stage | undefined;
  const disk = slowly(seen.disk, () => (stage ? script.diskMs : 0), { clock, dice });
  const simulation = await startSimulation(manifest, {
    ...{ volunteers, seed, stubTraining: true, conditions, disk },
    texts: texts[0]!,
    member: (member) => {
      const text = texts[Math.floor(member.number / manifest.sources.length) % texts.length]!;
      return watchedMember({ ...member, text: text.get(member.source)! }, seen);
    },
    host: {
      ...{ clock, keepDeltas, around: seen.entrance },
      snapshotEvery: 7, // of a few dozen entries: most processes begin from one
      moment: () => {
        if (stage !== undefined) moment(stage);
      },
    },
  });
  stage = { ...simulation, watch: seen, inner, ...life({ simulation, script, seen, dice }) };
  return stage;
}

interface LifeInputs {
  readonly simulation: Simulation;
  readonly script: Script;
  readonly seen: Watch;
  readonly dice: Random;
}

/** Of the coordinator's processes, one after another. */
function life({ simulation: { host }, script, seen, dice }: LifeInputs) {
  let kills = 0;
  let upSince: number | null = 0;
  let endedBefore = 0;

  async function startAgain(): Promise<void> {
    const own = kills;
    await host.clock.sleep(longestMs + exponentialMs(script.downMs, dice));
    await host.start();
    if (own !== kills) return;
    upSince = host.clock.elapsed();
    endedBefore = seen.known.ended;
  }

  return {
    kills: () => kills,
    upSince: () => upSince,
    endedBefore: () => endedBefore,
    kill(): void {
      if (dice.uniform() < 0.5) host.kill();
      else host.killAfterSending();
      kills += 1;
      upSince = null;
      void seen.lookAt(startAgain);
    },
  };
}

function slowly(disk: HostDisk, meanMs: () => number, { clock, dice }: { clock: MemoryClock; dice: Random }) {
  const one = <T extends object>(port: T) => slow(port, meanMs, clock, dice);
  const { journal, blobs, spool, snapshots } = disk;
  return { journal: one(journal), blobs: one(blobs), spool: one(spool), snapshots: one(snapshots) };
}
