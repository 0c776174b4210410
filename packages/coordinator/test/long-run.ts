// A run of many rounds, as its journal has it: each volunteer evaluates each body and delivers in each round. Entries are made
// when they are asked for, so a run may be longer than memory.

import { random, type Sha256, type SourceId, type VolunteerId } from "@homebody/base";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { type Entry, type Fact, type Figures, foldRun, followRun, type RunFold } from "../src/index.ts";
import { at } from "./scene.ts";

export interface LongRun {
  readonly fold: RunFold;
  /** Whose journal this is. */
  readonly created: Entry;
  /** So many rounds more; `entries` sees them all, in order. */
  play(rounds: number, entries?: (entries: readonly Entry[]) => void): void;
}

/** Each volunteer has a source of its own. */
export function longRun(volunteers: number): LongRun {
  const sources = Array.from({ length: volunteers }, (_, i) => `s${i}` as SourceId);
  const manifest = { ...manifestOf({ sources }), rounds: 1e6 };
  const who = sources.map((source, i) => ({ source, volunteer: hex(i + 1, 32) as VolunteerId }));
  const dice = random("a long run");
  let round = 0;
  let hashes = 0;
  const theta = () =>
    ({ name: "theta", sha256: hex(++hashes, 64) as Sha256, sizeBytes: 12_345_678 }) as const;

  function* factsOf(round: number): Generator<Fact> {
    const [steps, tokens] = [10, 320];
    yield {
      kind: "opened",
      round,
      assigned: who.map((one) => ({ ...one, slot: 0, slots: 1, rows: null })),
      localSteps: steps,
      stepsBefore: steps * (round - 1),
      totalSteps: steps * manifest.rounds,
      deadline: at(1e12 + round * 60_000),
    };
    for (const one of who)
      yield {
        kind: "evaluated",
        body: round - 1,
        ...one,
        nats: 9e4 + dice.uniform(),
        tokens: 54_321,
        bytes: 98_765,
      };
    for (const one of who)
      yield {
        ...{ kind: "accepted", round, ...one, rows: null, steps, tokens },
        delta: hex(++hashes, 64) as Sha256,
        sections: [{ name: "theta", sizeBytes: 6_172_839 }],
        ...{ loss: 3 + dice.uniform(), norm: dice.uniform() },
        ...{ numbers: hex(++hashes, 64) as Sha256, seniority: Math.min(round, manifest.newcomerRounds) },
        carriesFrom: null,
      };
    const averaged = who.map(({ volunteer }) => volunteer);
    yield { kind: "closed", round, reason: "all", averaged };
    yield {
      ...{ kind: "published", round, sections: [theta()], outer: [theta()] },
      cosines: averaged.map((volunteer) => ({ volunteer, cosine: dice.uniform(), others: null })),
      ...{ clipped: [], meanNorm: dice.uniform(), servedBytes: 123_456 },
    };
  }

  const created: Entry = {
    seq: 1,
    at: at(1e12),
    fact: {
      ...{ kind: "created", schema: 2, homebody: "0.2.0", manifest, sections: [theta()] },
      parameters: { theta: 1000, phi: Object.fromEntries(sources.map((id) => [id, 100])), psi: 0 },
    },
  };
  const fold = foldRun([created]);
  return {
    fold,
    created,
    play(rounds, entries = () => {}) {
      for (const last = round + rounds; round < last; ) {
        round += 1;
        const { seq } = fold.figures;
        const own = [...factsOf(round)].map(
          (fact, i): Entry => ({ seq: seq + 1 + i, at: at(1e12 + round * 60_000 + i), fact }),
        );
        followRun(fold, own);
        entries(own);
      }
    },
  };
}

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, "0");

/** Points of the curves that a dashboard shows. */
export const pointsOf = ({ scores }: Figures) =>
  Object.values(scores).reduce((sum, list) => sum + list.length, 0);
