// What one coordinator takes in: volunteers by the thousand on real sockets, a delta each a round, beside an echo of the very same
// messages by bare Socket.IO and what memory alone would take. Rounds of one and the other take turns, so that whatever else the
// machine does touches both.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunManifest } from "@homebody/protocol";
import { copiesPerSecond } from "./copies.ts";
import { deltasOf } from "./deltas.ts";
import { type Passage, passedIn } from "./figures.ts";
import type { FromCrowd, Served, Target, ToCrowd, ToServer } from "./messages.ts";
import { type BenchProcess, startProcess } from "./processes.ts";
import { runOf } from "./run.ts";

export interface CoordinatorRow {
  readonly volunteers: number;
  readonly rounds: number;
  readonly deltaBytes: number;
  /** Durable and acknowledged. */
  readonly acceptedPerSecond: number;
  /** All messages of a delta, each sent back as it came. */
  readonly echoPerSecond: number;
  readonly ofEcho: number;
  readonly megabytesPerSecond: number;
  /** From a delta's last message to the acknowledgement. */
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  /** The most that the coordinator held, and the echo, which has as many sockets. */
  readonly rssBytes: number;
  readonly echoRssBytes: number;
  readonly loopDelayP99Ms: number;
  /** Of the processor, a delta: the coordinator's, and the echo's. */
  readonly processorMs: number;
  readonly echoProcessorMs: number;
  /** Deltas copied and added up in memory. */
  readonly memoryPerSecond: number;
}

export interface CoordinatorOptions {
  readonly volunteers: number;
  /** Of one delta, about. */
  readonly deltaBytes: number;
  /** Of volunteers. */
  readonly processes: number;
  /** That are measured; one before them is not. */
  readonly rounds: number;
}

type Crowd = BenchProcess<ToCrowd, FromCrowd>;

export async function measureCoordinator(options: CoordinatorOptions): Promise<CoordinatorRow> {
  const { volunteers, processes } = options;
  const folder = await mkdtemp(join(tmpdir(), "homebody-bench-coordinator-"));
  const coordinator = startProcess<ToServer, Served>("serving");
  const echo = startProcess<ToServer, Served>("serving");
  const crowds: readonly Crowd[] = Array.from({ length: processes }, () => startProcess("crowd"));
  try {
    const file = runOf(options.deltaBytes, volunteers);
    const dataDir = join(folder, "data");
    const urls = {
      coordinator: (await coordinator.ask({ kind: "coordinator", file, dataDir })).url,
      echo: (await echo.ask({ kind: "echo" })).url,
    };
    const manifest: RunManifest = await (await fetch(`${urls.coordinator}/api/run`)).json();
    const bound = (i: number) => Math.floor((i * volunteers) / processes);
    await Promise.all(
      crowds.map((crowd, i) =>
        crowd.ask({ kind: "join", urls, manifest, of: volunteers, first: bound(i), last: bound(i + 1) }),
      ),
    );
    return await measured(options, manifest, crowds, { coordinator, echo });
  } finally {
    for (const one of [...crowds, coordinator, echo]) await one.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(
  { volunteers, rounds }: CoordinatorOptions,
  manifest: RunManifest,
  crowds: readonly Crowd[],
  servers: Readonly<Record<Target, BenchProcess<ToServer, Served>>>,
): Promise<CoordinatorRow> {
  const passages: Record<Target, (readonly Passage[])[]> = { echo: [], coordinator: [] };
  const looks: Record<Target, Served[]> = { echo: [], coordinator: [] };
  for (let round = 0; round <= rounds; round++) {
    await Promise.all(crowds.map((crowd) => crowd.ask({ kind: "prepare", round: round + 1 })));
    for (const to of ["echo", "coordinator"] as const) {
      await servers[to].ask({ kind: "look" });
      const passage = await sent(crowds, round + 1, to);
      const look = await servers[to].ask({ kind: "look" });
      if (round === 0) continue; // with the compiler at work
      passages[to].push(passage);
      looks[to].push(look);
    }
  }
  const accepted = passedIn(passages.coordinator);
  const echoed = passedIn(passages.echo);
  const most = (of: "rssBytes" | "loopDelayP99Ms", to: Target = "coordinator") =>
    Math.max(...looks[to].map((look) => look[of]));
  const processorMs = (to: Target) =>
    looks[to].reduce((sum, look) => sum + look.processorMs, 0) / (rounds * volunteers);
  const delta = deltasOf(manifest)(0);
  return {
    volunteers,
    rounds,
    deltaBytes: delta.sizeBytes,
    acceptedPerSecond: accepted.perSecond,
    echoPerSecond: echoed.perSecond,
    ofEcho: accepted.perSecond / echoed.perSecond,
    megabytesPerSecond: (accepted.perSecond * delta.sizeBytes) / 1e6,
    commitP50Ms: accepted.commitP50Ms,
    commitP99Ms: accepted.commitP99Ms,
    rssBytes: most("rssBytes"),
    echoRssBytes: most("rssBytes", "echo"),
    loopDelayP99Ms: most("loopDelayP99Ms"),
    processorMs: processorMs("coordinator"),
    echoProcessorMs: processorMs("echo"),
    memoryPerSecond: copiesPerSecond(manifest, delta),
  };
}

async function sent(crowds: readonly Crowd[], round: number, to: Target): Promise<readonly Passage[]> {
  const all = await Promise.all(crowds.map((crowd) => crowd.ask({ kind: "send", round, to })));
  return all.map((passage) => passage!);
}
