// What one coordinator takes in: volunteers by the thousand on real sockets, a delta each a round, beside two echoes of the very same
// messages and what memory alone would take. One echo is bare Socket.IO as npm installs it; the other has what the coordinator's
// sockets have, too (bufferutil, which takes WebSocket's masks off in C). Rounds of all three take turns, so that whatever else the
// machine does touches each.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunManifest } from "@homebody/protocol";
import { copiesPerSecond } from "./copies.ts";
import { deltasOf } from "./deltas.ts";
import { type Passage, passedIn } from "./figures.ts";
import {
  type FromCrowd,
  type Served,
  type Target,
  type ToCrowd,
  type ToServer,
  targets,
} from "./messages.ts";
import { type BenchProcess, startProcess } from "./processes.ts";
import { runOf } from "./run.ts";

export interface CoordinatorRow {
  readonly volunteers: number;
  readonly rounds: number;
  readonly deltaBytes: number;
  /** Durable and acknowledged. */
  readonly acceptedPerSecond: number;
  /** All messages of a delta, each sent back as it came: by bare Socket.IO, and by one with the coordinator's sockets. */
  readonly echoPerSecond: number;
  readonly equippedEchoPerSecond: number;
  readonly ofEcho: number;
  readonly ofEquippedEcho: number;
  readonly megabytesPerSecond: number;
  /** From a delta's last message to the acknowledgement. */
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  /** The most that the coordinator held, and the bare echo, which has as many sockets. */
  readonly rssBytes: number;
  readonly echoRssBytes: number;
  readonly loopDelayP99Ms: number;
  /** Of the processor, a delta: the coordinator's, and the echoes'. */
  readonly processorMs: number;
  readonly echoProcessorMs: number;
  readonly equippedEchoProcessorMs: number;
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
type Servers = Readonly<Record<Target, BenchProcess<ToServer, Served>>>;

export async function measureCoordinator(options: CoordinatorOptions): Promise<CoordinatorRow> {
  const { volunteers, processes } = options;
  const folder = await mkdtemp(join(tmpdir(), "homebody-bench-coordinator-"));
  const servers: Servers = {
    coordinator: startProcess("serving"),
    echo: startProcess("serving", { WS_NO_BUFFER_UTIL: "1" }),
    equippedEcho: startProcess("serving"),
  };
  const crowds: readonly Crowd[] = Array.from({ length: processes }, () => startProcess("crowd"));
  try {
    const file = runOf(options.deltaBytes, volunteers);
    const dataDir = join(folder, "data");
    const urls = {
      coordinator: (await servers.coordinator.ask({ kind: "coordinator", file, dataDir })).url,
      echo: (await servers.echo.ask({ kind: "echo" })).url,
      equippedEcho: (await servers.equippedEcho.ask({ kind: "echo" })).url,
    };
    const manifest: RunManifest = await (await fetch(`${urls.coordinator}/api/run`)).json();
    const bound = (i: number) => Math.floor((i * volunteers) / processes);
    await Promise.all(
      crowds.map((crowd, i) =>
        crowd.ask({ kind: "join", urls, manifest, of: volunteers, first: bound(i), last: bound(i + 1) }),
      ),
    );
    return await measured(options, manifest, crowds, servers);
  } finally {
    for (const one of [...crowds, ...Object.values(servers)]) await one.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(
  { volunteers, rounds }: CoordinatorOptions,
  manifest: RunManifest,
  crowds: readonly Crowd[],
  servers: Servers,
): Promise<CoordinatorRow> {
  const passages: Record<Target, (readonly Passage[])[]> = { echo: [], equippedEcho: [], coordinator: [] };
  const looks: Record<Target, Served[]> = { echo: [], equippedEcho: [], coordinator: [] };
  for (let round = 0; round <= rounds; round++) {
    await Promise.all(crowds.map((crowd) => crowd.ask({ kind: "prepare", round: round + 1 })));
    for (const to of targets) {
      await servers[to].ask({ kind: "look" });
      const passage = await sent(crowds, round + 1, to);
      const look = await servers[to].ask({ kind: "look" });
      if (round === 0) continue; // with the compiler at work
      passages[to].push(passage);
      looks[to].push(look);
    }
  }
  const accepted = passedIn(passages.coordinator);
  const [echoed, equipped] = [passedIn(passages.echo), passedIn(passages.equippedEcho)];
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
    equippedEchoPerSecond: equipped.perSecond,
    ofEcho: accepted.perSecond / echoed.perSecond,
    ofEquippedEcho: accepted.perSecond / equipped.perSecond,
    megabytesPerSecond: (accepted.perSecond * delta.sizeBytes) / 1e6,
    commitP50Ms: accepted.commitP50Ms,
    commitP99Ms: accepted.commitP99Ms,
    rssBytes: most("rssBytes"),
    echoRssBytes: most("rssBytes", "echo"),
    loopDelayP99Ms: most("loopDelayP99Ms"),
    processorMs: processorMs("coordinator"),
    echoProcessorMs: processorMs("echo"),
    equippedEchoProcessorMs: processorMs("equippedEcho"),
    memoryPerSecond: copiesPerSecond(manifest, delta),
  };
}

async function sent(crowds: readonly Crowd[], round: number, to: Target): Promise<readonly Passage[]> {
  const all = await Promise.all(crowds.map((crowd) => crowd.ask({ kind: "send", round, to })));
  return all.map((passage) => passage!);
}
