// A run from its first volunteer to its last body, in one process and in virtual time: the production's coordinator, sessions,
// protocol, codec and averaging; only devices, lines and people are simulated. The same seed gives the same bytes.

import { hasher, random, type Sha256, type VolunteerId } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import type { Entry } from "@homebody/coordinator";
import type { Entrance } from "@homebody/line";
import type { RunManifest } from "@homebody/protocol";
import { journalLines, type Notices } from "@homebody/service";
import {
  type HostDisk,
  hostDisk,
  type MemoryHost,
  type MemoryHostOptions,
  memoryHost,
} from "@homebody/service/memory";
import { type Disk, engineDevice } from "@homebody/volunteer";
import { costedDevice } from "@homebody/volunteer/memory";
import { alikeDisks } from "./alike.ts";
import { type Conditions, defaultConditions } from "./conditions.ts";
import { doubled } from "./doubled.ts";
import { type MemberEnd, type MemberInputs, memberId, takePart } from "./member.ts";
import { type Texts, textsOf } from "./texts.ts";
import { timedDevices } from "./timed-device.ts";

export interface SimulationOptions {
  readonly volunteers: number;
  /** What everything that is drawn follows from. */
  readonly seed: number;
  /** Training is replaced by its cost; else the engine trains on WebAssembly. */
  readonly stubTraining: boolean;
  readonly conditions?: Partial<Conditions>;
  /** With what the host serves in its blobs. */
  readonly disk?: HostDisk;
  /** Prepared already. */
  readonly texts?: Texts;
  /** Notices that are not taken are failures. */
  readonly host?: Pick<
    MemoryHostOptions,
    "moment" | "clock" | "snapshotEvery" | "isAdmin" | "around" | "given"
  > & {
    readonly notices?: Pick<Partial<Notices>, "failed" | "troubled">;
  };
  /** What of a volunteer is otherwise. */
  readonly member?: (inputs: MemberInputs) => MemberInputs;
  /** A body was published, with so many deltas accepted by now. */
  readonly published?: (round: number, accepted: number) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly volunteers: number;
  readonly rounds: number;
  /** Deltas. */
  readonly accepted: number;
  /** Of journal.jsonl. */
  readonly journal: Sha256;
  /** The last body's id. */
  readonly body: Sha256;
  readonly virtualSeconds: number;
}

/** A volunteer of a simulated run, with what stays on its device. */
export interface Member {
  readonly volunteer: VolunteerId;
  readonly disk: Disk;
  /** Null as long as it is here, or will come back. */
  end(): MemberEnd | null;
}

/** A simulated run, as it is at any moment. */
export interface Simulation {
  readonly host: MemoryHost;
  readonly members: readonly Member[];
  /** One volunteer more, of a source that takes part. */
  join(member: Pick<MemberInputs, "manifest" | "source" | "text">): void;
  /** Deltas. */
  accepted(): number;
  /** Throws what went wrong in a volunteer. */
  check(): void;
}

/** Of virtual time without a body that is published or evaluated: by then a run has come to nothing. */
const longestRounds = 20;

/** Throws where a round takes so long that it will never end. */
export async function simulate(manifest: RunManifest, options: SimulationOptions): Promise<Outcome> {
  const simulation = await startSimulation(manifest, options);
  const { host } = simulation;
  const { deadlineSeconds, evaluationSeconds } = manifest.round;
  const roundMs = longestRounds * 1000 * (deadlineSeconds + evaluationSeconds);
  for (let body = 0; host.service().state().phase.kind !== "finished"; body++) {
    if (body > 0) options.published?.(body, simulation.accepted());
    const isOver = () => {
      simulation.check();
      const { phase, body: latest } = host.service().state();
      return phase.kind === "finished" || latest.number > body;
    };
    await host.clock.until(`body ${body + 1}, or the end`, isOver, roundMs);
  }
  return outcomeOf(manifest, options, simulation);
}

export async function startSimulation(
  manifest: RunManifest,
  options: SimulationOptions,
): Promise<Simulation> {
  const { volunteers, seed, stubTraining, disk = hostDisk(), member = (inputs) => inputs } = options;
  const { around = (entrance: Entrance) => entrance } = options.host ?? {};
  const conditions = { ...defaultConditions, ...options.conditions };
  const clock = options.host?.clock ?? memoryClock();
  const texts = options.texts ?? (await textsOf(manifest, disk.blobs, { seed, clock }));
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  let accepted = 0;
  const appended = (entries: readonly Entry[]) => {
    for (const { fact } of entries) if (fact.kind === "accepted") accepted += 1;
  };
  const host = await memoryHost(manifest, {
    ...options.host,
    ...{ clock, disk, notices: { failed, troubled: failed, ...options.host?.notices, appended } },
    // Each has an address of its own, and a connection that is lost is still there for a moment.
    limits: { connections: 3 * volunteers, volunteers: Math.max(volunteers, 1000) },
    around: (entrance) => doubled(around(entrance), conditions.doubled, random(`${seed}/doubled`)),
  });
  const timed = timedDevices(engineDevice("wasm", { threads: 1 }));
  const device: MemberInputs["device"] = stubTraining
    ? costedDevice
    : (own, times) => timed({ world: clock, clock: own, times });
  const freshDisk = alikeDisks();
  const members: Member[] = [];
  function join(own: Pick<MemberInputs, "manifest" | "source" | "text">): void {
    const number = members.length;
    const disk = freshDisk();
    let end: MemberEnd | null = null;
    const inputs = { ...own, seed, number, host, conditions, disk, device };
    takePart(member(inputs)).then((how) => {
      end = how;
    }, failed);
    members.push({ volunteer: memberId(seed, number), disk, end: () => end });
  }
  for (let number = 0; number < volunteers; number++) {
    const { id: source } = manifest.sources[number % manifest.sources.length]!;
    join({ manifest, source, text: texts.get(source)! });
  }
  return {
    host,
    members,
    join,
    accepted: () => accepted,
    check: () => {
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function outcomeOf(
  manifest: RunManifest,
  { seed, volunteers }: SimulationOptions,
  { host: { disk, service, clock }, accepted }: Simulation,
): Promise<Outcome> {
  const journal = hasher();
  for await (const lines of journalLines(disk.journal, manifest.run))
    journal.add(new TextEncoder().encode(lines));
  const { body } = service().state();
  return {
    ...{ seed, volunteers, rounds: body.number, accepted: accepted() },
    ...{ journal: journal.done(), body: body.id, virtualSeconds: Math.round(clock.elapsed()) / 1000 },
  };
}
