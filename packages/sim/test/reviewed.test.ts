// Five volunteers of one source who really train and measure each other's deltas, averaged by the mean: an attacker is found, whoever
// lies about the others changes nothing, and nobody honest is in quarantine.

import { expect, test } from "vitest";
import { attacks } from "../src/index.ts";
import { measurePeers } from "./others-words.ts";
import { type Part, type Reviewed, reviewedRun } from "./reviewed.ts";

/** In which rounds' reviews who was found: by the place among the parts. */
const quarantined = ({ facts, volunteers }: Reviewed) =>
  facts.flatMap((fact) =>
    fact.kind === "quarantined" ? [{ place: volunteers.indexOf(fact.volunteer), round: fact.round }] : [],
  );

test("[C89] [C92] [V67] one of five who reverses what it learnt is in quarantine within six rounds, and no other, though one lies of all", {
  timeout: 120_000,
}, async () => {
  const found = await reviewedRun([attacks["sign-flip"], "lies", "honest", "honest", "honest"], {
    rounds: 7,
  });
  const all = quarantined(found);
  expect(all.map(({ place }) => place)).toEqual([0]);
  expect(all[0]!.round).toBeLessThanOrEqual(6);
  const reviewed = found.facts.filter(({ kind }) => kind === "reviewed");
  expect(reviewed.length).toBeGreaterThan(20); // by most, in all rounds but the last
});

const rounds = Number(process.env.REVIEW_ROUNDS ?? 0);

test.runIf(rounds > 0)("figures of reviews", { timeout: 3_600_000 }, async () => {
  const others: readonly Part[] = ["honest", "honest", "honest", "honest"];
  const all: Readonly<Record<string, Part>> = { honest: "honest", "a liar": "lies", ...attacks };
  for (const [name, part] of Object.entries(all)) {
    const found = await reviewedRun([part, ...others], { rounds });
    const without = await reviewedRun([part, ...others], { rounds, review: "off" });
    const of = (isFirst: boolean) => quarantined(found).filter(({ place }) => (place === 0) === isFirst);
    const counts = found.facts.flatMap((fact) =>
      fact.kind === "closed" ? [fact.quarantined?.length ?? 0] : [],
    );
    const out = counts.reduce((sum, count) => sum + count, 0);
    process.stderr.write(
      `${name}: ${found.bitsPerByte.toFixed(3)} bits per byte, ${without.bitsPerByte.toFixed(3)} without reviews; ` +
        `quarantined after rounds ${of(true).map(({ round }) => round)}, honest ones ${of(false).length}; ${out} deltas left out\n`,
    );
  }
});

test.runIf(rounds > 0)("figures of words", { timeout: 3_600_000 }, async () => {
  for (const isShared of [true, false]) {
    const found = await measurePeers(isShared, rounds);
    const said = (changes: readonly number[]) => {
      const sorted = changes.slice(2 * 5).sort((a, b) => a - b); // not of the first rounds, in which all helps
      const worse = sorted.filter((change) => change > 0).length / sorted.length;
      return `${(100 * sorted[Math.floor(sorted.length / 2)]!).toFixed(3)} %, worse ${Math.round(100 * worse)} % of the time`;
    };
    process.stderr.write(
      `${isShared ? "shared words" : "words of the device"}: a peer's delta ${said(found.honest)}; reversed ${said(found.reversed)}\n`,
    );
  }
});
