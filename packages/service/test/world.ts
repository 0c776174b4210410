// A run served in memory and in virtual time: the production service over ports in memory, volunteers of bare messages on
// lines in memory. What one process leaves behind another finds, as on a machine.

import type { Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { memoryClock } from "@homebody/clock/memory";
import type { BlobKind, Entry } from "@homebody/coordinator";
import type { Entrance, Line, Net } from "@homebody/line";
import { type MemoryNet, memoryNet, type Travel } from "@homebody/line/memory";
import { type Announcement, events, type RunManifest } from "@homebody/protocol";
import { memoryBlobs, memoryJournal, memorySnapshots, memorySpool } from "@homebody/store/memory";
import type { Blobs, Journal, Snapshots, Spool } from "@homebody/store/ports";
import { type BareVolunteer, bareVolunteer } from "../../../test/bare-volunteer.ts";
import { type ManifestOptions, manifest as manifestOf } from "../../dept/test/manifests.ts";
import { beginRun, openService, pagesOf, resumeRun, type Service, type ServiceInputs } from "../src/index.ts";

export const token = "of the host";

/** Two ready volunteers open a round; an hour for a delta. */
export function manifest(options: ManifestOptions = {}, change: Partial<RunManifest> = {}): RunManifest {
  const hour = 3600;
  const times = { graceSeconds: 10, deadlineSeconds: hour, evaluationSeconds: hour };
  const round = { minimum: 2, quorum: "all", sources: "all", ...times } as const;
  return { ...manifestOf({ ...options, sources: ["a", "b"] }), rounds: 2, round, ...change };
}

/** Where a blob is downloaded, by what it is [P14]. */
const folders: Readonly<Partial<Record<BlobKind, string>>> = {
  body: "bodies",
  text: "texts",
  tokenizer: "tokenizers",
};

export interface Disk {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly snapshots: Snapshots;
}

export function memoryDisk(): Disk {
  const blobs = memoryBlobs();
  return { journal: memoryJournal(), blobs, spool: memorySpool(blobs), snapshots: memorySnapshots() };
}

export interface Member extends BareVolunteer {
  readonly line: Line;
  /** All that came but announcements, in order. */
  readonly came: (readonly [string, unknown])[];
  isUp(): boolean;
}

export interface Served {
  readonly clock: ReturnType<typeof memoryClock>;
  readonly disk: Disk;
  readonly troubles: unknown[];
  service(): Service;
  /** That of a device at an address. */
  net(address: string): Net;
  /** A volunteer whose line is up and who has said nothing yet. */
  meet(name: string, address?: string): Promise<Member>;
  join(name: string, source: string, rows?: Uint8Array): Promise<Member>;
  entries(): Promise<readonly Entry[]>;
  blob(hash: Sha256): Promise<Uint8Array | undefined>;
  /** All connections are lost. */
  cut(): void;
  mend(): void;
  /** The process is gone at this moment, whatever it was at; the next one finds what is on the disk. */
  kill(): void;
  start(more?: Partial<ServiceInputs>): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions extends Partial<Pick<ServiceInputs, "limits" | "faults" | "keepDeltas">> {
  readonly disk?: Disk;
  readonly travel?: Travel;
}

export async function serve(run: RunManifest, options: WorldOptions = {}): Promise<Served> {
  const clock = memoryClock();
  const { disk = memoryDisk(), travel } = options;
  const troubles: unknown[] = [];
  let service: Service;
  let process = { lives: true };
  const entrance: Entrance = {
    admits: (address) => process.lives && service.entrance.admits(address),
    opened: (address) => service.entrance.opened(address),
    connected: (connection) => service.entrance.connected(connection),
  };
  const nets = new Map<string, MemoryNet>();
  function netAt(address: string): MemoryNet {
    const net =
      nets.get(address) ??
      memoryNet({
        entrance,
        clock,
        address,
        file: async (path) => {
          const [, folder, hash] = path.split("/") as [string, string, Sha256];
          const kind = await service.kindOf(hash);
          return kind !== undefined && folders[kind] === folder ? disk.blobs.get(hash) : undefined;
        },
        ...(travel && { travel }),
      });
    nets.set(address, net);
    return net;
  }

  async function start(more: Partial<ServiceInputs> = {}): Promise<void> {
    const own = { lives: true };
    const found = await resumeRun(disk, run.run);
    const opened = found ?? (await beginRun(run, { ...disk, now: clock.now() }));
    const notices = { troubled: (error: unknown) => void troubles.push(error) };
    const inputs = { ...options, opened, notices, isAdmin: (given: string) => given === token };
    const ports = {
      journal: whileItLives(own, disk.journal),
      blobs: whileItLives(own, disk.blobs),
      spool: whileItLives(own, disk.spool),
      snapshots: whileItLives(own, disk.snapshots),
      snapshotEvery: 3, // wherever a process is killed, the next one begins with one
    };
    service = await openService({ ...inputs, ...ports, clock: clockOf(own, clock), ...more });
    process = own;
    if (found !== undefined) await service.comeBack(opened.state.lastAt, run);
    service.start();
  }

  async function meet(name: string, address = "memory"): Promise<Member> {
    const net = netAt(address);
    const came: Member["came"] = [];
    let isUp = false;
    const line = net.connect({
      up: () => {
        isUp = true;
      },
      down: () => {
        isUp = false;
      },
      event: (event, message) => {
        if (event === events.announcement) volunteer.hear(message as Announcement);
        else came.push([event, message]);
      },
      passed: () => {},
    });
    const volunteer = bareVolunteer(run, name, line.ask);
    await clock.advance(0);
    return { ...volunteer, line, came, isUp: () => isUp };
  }

  await start();
  return {
    clock,
    disk,
    troubles,
    service: () => service,
    net: netAt,
    meet,
    join: async (name, source, rows) => {
      const member = await meet(name);
      await member.join(source, rows === undefined ? {} : { rows });
      return member;
    },
    entries: async () => {
      const entries: Entry[] = [];
      for await (const page of pagesOf(disk.journal, run.run)) entries.push(...page);
      return entries;
    },
    blob: disk.blobs.get,
    cut: () => {
      for (const net of nets.values()) net.cut();
    },
    mend: () => {
      for (const net of nets.values()) net.mend();
    },
    kill: () => {
      process.lives = false;
      for (const net of nets.values()) net.cut();
      for (const net of nets.values()) net.mend();
    },
    start,
    close: () => service.close(),
  };
}

/** A port of a process: what it asks for when it is gone never happens. */
function whileItLives<T extends object>(process: { readonly lives: boolean }, port: T): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver) as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => (process.lives ? method.apply(target, given) : new Promise(() => {}));
    },
  });
}

/** The clock of a process: its timers go with it. */
function clockOf(process: { readonly lives: boolean }, clock: Clock): Clock {
  const ifAlive = (work: () => void) => () => {
    if (process.lives) work();
  };
  return {
    ...clock,
    after: (ms, work) => clock.after(ms, ifAlive(work)),
    every: (ms, work) => clock.every(ms, ifAlive(work)),
  };
}

/** A port of which, while it is broken, these methods fail. */
export function breakable<T extends object>(port: T, methods: readonly (keyof T & string)[]) {
  let isBroken = false;
  const broken = new Proxy(port, {
    get(target, name, receiver) {
      if (isBroken && methods.includes(name as keyof T & string))
        return () => Promise.reject(new Error(`no space left on device (${String(name)})`));
      return Reflect.get(target, name, receiver);
    },
  });
  return {
    port: broken,
    set: (to: boolean) => {
      isBroken = to;
    },
  };
}
