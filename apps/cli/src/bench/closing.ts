// What the event loop waits while a large body closes: averaged in a thread of its own, as a server does it, and on the loop; and
// what a new run's rule costs beside the mean.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { namedTensors, random, type VolunteerId } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { encodeDelta } from "@homebody/codec";
import type { AcceptedDelta, Aggregation } from "@homebody/coordinator";
import { type Exchange, exchangeOf } from "@homebody/dept";
import { checkRunFile, manifestOf, type RunManifest } from "@homebody/protocol";
import { averagingThread } from "@homebody/server";
import { type Averaging, average, deviceExchanges, putFirst } from "@homebody/service";
import { folderBlobs } from "@homebody/store";
import type { Blobs } from "@homebody/store/ports";

export interface ClosingRow {
  readonly where: "thread" | "loop";
  /** Of the body. */
  readonly parameters: number;
  readonly volunteers: number;
  readonly rule: RunManifest["average"]["rule"];
  readonly seconds: number;
  /** Of the mean's seconds at the same place. */
  readonly timesMean: number;
  /** Of the event loop, in milliseconds. */
  readonly delayP99: number;
  readonly delayMost: number;
}

/** One round of so many volunteers, of a body of about so many parameters. */
export async function measureClosing(parameters: number, volunteers: number): Promise<readonly ClosingRow[]> {
  const dataDir = await mkdtemp(join(tmpdir(), "homebody-bench-closing-"));
  const thread = averagingThread(dataDir, () => {});
  try {
    const blobs = await folderBlobs(join(dataDir, "blobs"));
    const manifest = runOf(parameters);
    const exchange = exchangeOf(manifest);
    const sections = await putFirst(manifest, exchange.sections, blobs);
    const deltas: AcceptedDelta[] = [];
    for (let i = 0; i < volunteers; i++)
      deltas.push({
        ...{ kind: "accepted", round: 1, volunteer: String(i).padStart(32, "0") as VolunteerId },
        ...{ source: manifest.sources[0]!.id, delta: await blobs.put(deltaOf(exchange, i)) },
        ...{ sections: [], rows: null },
        ...{ steps: 1, tokens: 1, loss: 1, norm: 1, numbers: null, seniority: 1, carriesFrom: null },
      });
    const work: Aggregation = { round: 1, sections, deltas, outer: [] };
    const size = exchange.sections.reduce((sum, { layout }) => sum + layout.size, 0);
    const rows: ClosingRow[] = [];
    for (const where of ["thread", "loop"] as const) {
      let meanSeconds = 0;
      for (const run of [{ ...manifest, average: { rule: "mean" } } as const, manifest]) {
        const { rule } = run.average;
        const averaging = where === "thread" ? thread.average : averagingHere(run, blobs);
        const { seconds, ...delays } = await timed(averaging, work, run);
        if (rule === "mean") meanSeconds = seconds;
        const timesMean = seconds / meanSeconds;
        rows.push({ where, parameters: size, volunteers, rule, seconds, timesMean, ...delays });
      }
    }
    return rows;
  } finally {
    await thread.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function averagingHere(manifest: RunManifest, blobs: Blobs): Averaging {
  const exchangeOfDevice = deviceExchanges(() => manifest, blobs);
  return (work) => average(work, { manifest, blobs, faults: () => {}, exchangeOfDevice, clock: systemClock });
}

async function timed(averaging: Averaging, work: Aggregation, manifest: RunManifest) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  delay.enable();
  await averaging(work, manifest);
  delay.disable();
  const seconds = (performance.now() - began) / 1000;
  return { seconds, delayP99: delay.percentile(99) / 1e6, delayMost: delay.max / 1e6 };
}

/** Layers as wide as it takes. */
function runOf(parameters: number): RunManifest {
  const layers = 4;
  const heads = 4;
  // A layer has about 12 times its width squared.
  const width = Math.max(1, Math.round(Math.sqrt(parameters / (12 * layers)) / (2 * heads))) * 2 * heads;
  const file = checkRunFile({
    name: "closing",
    description: "a run without devices",
    model: { family: "gpt2", depth: layers, context: 16, overrides: { width, heads, hidden: 4 * width } },
    sources: [{ id: "a", title: "a", language: "a", text: "brought", vocabulary: 300 }],
    training: { localSteps: 1, batch: 1, learningRate: { peak: 0.01 }, seed: 1 },
    rounds: 1,
  });
  return manifestOf(file, new Map());
}

/** Numbers that differ from volunteer to volunteer. */
function deltaOf({ sections }: Exchange, volunteer: number): Uint8Array {
  const dice = random(`${volunteer}`);
  return encodeDelta(
    sections.map(({ codec, held }) => {
      const numbers = Float32Array.from({ length: held.size }, () => (dice.uniform() - 0.5) * 1e-3);
      return { codec, numbers: namedTensors(held, numbers) };
    }),
  ).bytes;
}
