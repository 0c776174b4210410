// A run of many rounds: what is held of it at its end is what was held after a few.

import type { Texts } from "../../src/index.ts";
import { assertHeld, type Held, heldBy, mostHeld } from "./held.ts";
import type { Script } from "./script.ts";
import { setStage } from "./stage.ts";
import { undisturbed } from "./undisturbed.ts";

const hourMs = 3_600_000;

export interface Long {
  /** The most that was held at once, until this round and after it. */
  readonly early: Held;
  readonly late: Held;
  /** Blobs that came to stay on the disk between these, and those that have to: every tenth body. */
  readonly stayed: number;
  readonly expected: number;
}

export function longScript(script: Script, rounds: number): Script {
  const quiet = undisturbed({ ...script, seed: 1 });
  const { keep } = quiet.manifest;
  const deltaRounds = keep.deltaRounds === "all" ? 2 : keep.deltaRounds;
  const passing = { ...keep, bodies: { every: 10 }, deltaRounds };
  return { ...quiet, seed: script.seed, manifest: { ...quiet.manifest, rounds, keep: passing } };
}

export async function longRun(script: Script, texts: readonly Texts[], early: number): Promise<Long> {
  const stage = await setStage({ script, texts, moment: () => {} });
  const { host, watch, inner, members } = stage;
  const bound = mostHeld(script.manifest, members.length);
  const most: Held[] = [];
  const blobs: number[] = [];
  async function until(round: number): Promise<void> {
    let own: Held | undefined;
    const ends = () => {
      stage.check();
      watch.check();
      const held = heldBy(host.service());
      assertHeld(held, bound);
      own = own === undefined ? held : larger(own, held);
      return host.service().state().body.number >= round;
    };
    await host.clock.until(`round ${round}`, ends, round * hourMs);
    most.push(own!);
    blobs.push((await inner.blobs.list()).length);
  }
  await until(early);
  await until(script.manifest.rounds);
  const kept = watch.known.bodies.filter((_, number) => number > early && number % 10 === 0);
  const stayed = blobs[1]! - blobs[0]!;
  const expected = kept.reduce((sum, sections) => sum + sections.length, 0);
  return { early: most[0]!, late: most[1]!, stayed, expected };
}

function larger(a: Held, b: Held): Held {
  const keys = Object.keys(a) as (keyof Held)[];
  return Object.fromEntries(keys.map((key) => [key, Math.max(a[key], b[key])])) as unknown as Held;
}
