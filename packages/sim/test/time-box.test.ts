// Rounds with a time box, whole: devices whose speeds differ by a factor of ten.

import type { Entry } from "@homebody/coordinator";
import { journalLines } from "@homebody/service";
import { hostDisk } from "@homebody/service/memory";
import { expect, test } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { quietConditions, simulate } from "../src/index.ts";

const boxSeconds = 30;
const stepMs = 100;
const plain = manifestOf({ sources: ["a"] });
const run = {
  ...plain,
  ...{ rounds: 3, weighting: "tokens" as const, keep: { ...plain.keep, deltaRounds: "all" as const } },
  training: { ...plain.training, localSteps: 1000, timeBox: { seconds: boxSeconds, leastSteps: 1 } },
  round: { ...plain.round, minimum: 2 },
};

test("[V61] [C85] [C86] a device that is ten times slower ends with the other one, counts, and weighs by its tokens", async () => {
  const disk = hostDisk();
  await simulate(run, {
    ...{ volunteers: 2, seed: 5, stubTraining: true, disk },
    conditions: { ...quietConditions, delaySpread: 0, bandwidthSpread: 0 },
    member: (inputs) => ({
      ...inputs,
      conditions: { ...inputs.conditions, stepMs: inputs.number === 0 ? 10 * stepMs : stepMs },
    }),
  });
  const entries: Entry[] = [];
  for await (const lines of journalLines(disk.journal, run.run))
    for (const line of lines.trimEnd().split("\n")) entries.push(JSON.parse(line) as Entry);
  const of = <K extends Entry["fact"]["kind"]>(kind: K) =>
    entries.flatMap(({ at, fact }) =>
      fact.kind === kind ? [{ at, fact: fact as Extract<Entry["fact"], { kind: K }> }] : [],
    );
  for (const { at: openedAt, fact: opened } of of("opened")) {
    const deltas = of("accepted").filter(({ fact }) => fact.round === opened.round);
    const [fewer, more] = deltas.sort((a, b) => a.fact.steps - b.fact.steps);
    expect(more!.fact.steps / fewer!.fact.steps).toBeGreaterThan(8);
    expect(more!.fact.tokens / fewer!.fact.tokens).toBeGreaterThan(8);
    for (const { at } of deltas) expect((at - openedAt) / 1000).toBeGreaterThan(boxSeconds - 1.5);
    for (const { at } of deltas) expect((at - openedAt) / 1000).toBeLessThan(boxSeconds + 1);
    const next = of("opened").find(({ fact }) => fact.round === opened.round + 1)?.fact.stepsBefore;
    if (next !== undefined) expect(next - opened.stepsBefore).toBe(fewer!.fact.steps); // the lower one of two
  }
  expect(of("closed").map(({ fact }) => [fact.reason, fact.averaged.length])).toEqual([
    ["all", 2],
    ["all", 2],
    ["all", 2],
  ]);
  expect(await assertMeans(entries, 2, (hash) => disk.blobs.get(hash))).toEqual([1, 2, 3]);
});
