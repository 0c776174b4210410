// A run in which nothing depends on when anything happens: everybody takes part in each round and is waited for, nobody goes,
// no line is lost. Its coordinator is killed once, and what it publishes must be what it would have published.

import assert from "node:assert/strict";
import { type Sha256, sha256Of } from "@homebody/base";
import { storedNames } from "@homebody/volunteer";
import { decodeStored } from "../../../volunteer/src/stored-file.ts";
import type { Texts } from "../../src/index.ts";
import { residualHash } from "./carried.ts";
import { type Script, withAdmission } from "./script.ts";
import { type Stage, setStage } from "./stage.ts";

const hourMs = 3_600_000;

/** The same run without anything that happens by chance. */
export function undisturbed(script: Script, volunteers = 2 + (script.seed % 2)): Script {
  const manifest = withAdmission(script.manifest, "open");
  const never = Number.POSITIVE_INFINITY;
  return {
    ...script,
    volunteers,
    manifest: {
      ...manifest,
      overlap: "off",
      rounds: 2,
      review: "off", // whether a verdict comes before a round closes is a matter of time
      // The cost model adds its steps up, so it rounds otherwise where a snapshot comes between two of them.
      training: { ...manifest.training, localSteps: 1, timeBox: "off" },
      round: { ...manifest.round, minimum: volunteers, quorum: "all", sources: "all", deadlineSeconds: 3600 },
    },
    conditions: {
      ...{ arrivalMs: 0, startMs: 500, stepMs: 1000, stayMs: never, connectedMs: never, delayMs: 50 },
      ...{ late: 0, doubled: 0 },
    },
    ...{ kills: 0, killsMidway: 0, downMs: 100, diskMs: 1, failing: 0, actMs: never, undoMs: never },
  };
}

export interface Course {
  /** Ids, from the first. */
  readonly bodies: readonly Sha256[];
  /** Of each volunteer, the hash of what its last delta left out; null where it carries nothing. */
  readonly residuals: readonly (Sha256 | null)[];
  /** Of each volunteer, the rounds in which a delta of its counted. */
  readonly counted: readonly (readonly number[])[];
  /** Of each volunteer, the hash of the theta that its device has. */
  readonly bodiesOfDevices: readonly Sha256[];
  /** Deltas that started ahead of their body. */
  readonly ahead: number;
  /** Timers that went off, and moments of the coordinator at its disk. */
  readonly events: number;
}

/** Played to its end, with the coordinator killed at an event, counted from 1. */
export async function course(script: Script, texts: readonly Texts[], killedAt?: number): Promise<Course> {
  let events = 0;
  let isOver = false;
  const event = (at: Stage) => {
    if (isOver) return;
    events += 1;
    if (events === killedAt) at.kill();
  };
  const stage = await setStage({ script, texts, moment: event });
  const { host, watch } = stage;
  const { known } = watch;
  const ends = () => {
    stage.check();
    watch.check();
    event(stage);
    return known.finished;
  };
  await host.clock.until(`the end of seed ${script.seed}, killed at event ${killedAt}`, ends, 12 * hourMs);
  isOver = true;
  if (killedAt !== undefined)
    assert.equal(stage.kills(), 1, `event ${killedAt}: expected it to be killed there`);
  return {
    ...{ bodies: [...known.ids.keys()], residuals: await residualsOf(stage), events },
    counted: stage.members.map(({ volunteer }) => known.rounds.get(volunteer) ?? []),
    bodiesOfDevices: await bodiesOf(stage),
    ahead: known.entries.filter(({ fact }) => fact.kind === "accepted" && fact.body !== undefined).length,
  };
}

function bodiesOf({ members }: Stage): Promise<readonly Sha256[]> {
  return Promise.all(
    members.map(async ({ disk }) => sha256Of((await disk.read(storedNames.body("theta")))!)),
  );
}

function residualsOf({ members }: Stage): Promise<readonly (Sha256 | null)[]> {
  return Promise.all(
    members.map(async ({ disk }) => residualHash(decodeStored((await disk.read(storedNames.home))!, "home"))),
  );
}
