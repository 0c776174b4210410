// A run that is hosted in memory and in virtual time: the production service over ports in memory. The process that serves it
// may be killed at any moment; what it leaves behind the next one finds, as on a machine.

import type { Sha256 } from "@homebody/base";
import { type Life, life, type MemoryClock, memoryClock } from "@homebody/clock/memory";
import type { BlobKind, Entry } from "@homebody/coordinator";
import type { Connection, Entrance } from "@homebody/line";
import { type MemoryNet, memoryNet, type Travel } from "@homebody/line/memory";
import { downloadFolders, type RunManifest } from "@homebody/protocol";
import { memoryBlobs, memoryJournal, memorySnapshots, memorySpool } from "@homebody/store/memory";
import type { Blobs, Journal, Snapshots, Spool } from "@homebody/store/ports";
import { type BeginInputs, beginRun, pagesOf, resumeRun } from "../run/open-run.ts";
import { openService, type Service, type ServiceInputs } from "../service.ts";

/** What stays where a process ends. */
export interface HostDisk {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly snapshots: Snapshots;
}

export function hostDisk(): HostDisk {
  const blobs = memoryBlobs();
  return { journal: memoryJournal(), blobs, spool: memorySpool(blobs), snapshots: memorySnapshots() };
}

export interface MemoryHostOptions
  extends Partial<
    Pick<ServiceInputs, "limits" | "beatMs" | "faults" | "isAdmin" | "notices" | "snapshotEvery">
  > {
  readonly disk?: HostDisk;
  readonly clock?: MemoryClock;
  /** Of a run that starts from a model. */
  readonly given?: BeginInputs["given"];
  /** What stands between lines and the process. */
  readonly around?: (entrance: Entrance) => Entrance;
  /** A moment at which the process might be killed, before it asks its disk and before the disk's answer arrives. */
  readonly moment?: () => void;
}

export interface MemoryHost {
  readonly clock: MemoryClock;
  readonly disk: HostDisk;
  isUp(): boolean;
  /** The one of the process that lives, or lived last. */
  service(): Service;
  /** That of a new device; what another one at this address had is lost. */
  net(address: string, travel?: Travel): MemoryNet;
  entries(): Promise<readonly Entry[]>;
  blob(hash: Sha256): Promise<Uint8Array | undefined>;
  /** All connections are lost, and none comes back. */
  cut(): void;
  mend(): void;
  /** The process is gone at this moment, whatever it was at, and what is on its way from and to it is lost. */
  kill(): void;
  /** The same, but what it has sent still arrives. */
  killAfterSending(): void;
  start(more?: Partial<ServiceInputs>): Promise<void>;
  close(): Promise<void>;
}

/** Of a blob; undefined where it is not downloaded. */
const folders: Readonly<Partial<Record<BlobKind, string>>> = downloadFolders;

/** It serves the run from now on; one that is on the disk already goes on. */
export async function memoryHost(run: RunManifest, options: MemoryHostOptions = {}): Promise<MemoryHost> {
  const { disk = hostDisk(), clock = memoryClock(), around = (entrance) => entrance, given } = options;
  const nets = new Map<string, MemoryNet>();
  const connections = new Set<Connection>();
  let service: Service;
  let process: Life = life();
  /** The one whose service that is. */
  let serving: Life | undefined;
  const entrance = around({
    admits: (address) => isUp() && service.entrance.admits(address),
    opened: (address) => service.entrance.opened(address),
    connected: (connection) => {
      connections.add(connection);
      const listener = service.entrance.connected(connection);
      return {
        ...listener,
        closed: () => {
          connections.delete(connection);
          listener.closed();
        },
      };
    },
  });

  const isUp = () => serving === process && !process.isOver();

  async function file(path: string): Promise<Uint8Array | undefined> {
    const [, folder, hash] = path.split("/") as [string, string, Sha256];
    const kind = isUp() ? await service.kindOf(hash) : undefined;
    if (kind === undefined || folders[kind] !== folder) return undefined;
    const bytes = await disk.blobs.get(hash);
    if (bytes !== undefined) service.served(kind, bytes.length);
    return bytes;
  }

  async function start(more: Partial<ServiceInputs> = {}): Promise<void> {
    const own = life();
    process = own;
    const ports = {
      journal: own.port(disk.journal, options.moment),
      blobs: own.port(disk.blobs, options.moment),
      spool: own.port(disk.spool, options.moment),
      snapshots: own.port(disk.snapshots, options.moment),
    };
    const found = await resumeRun(ports, run.run);
    const opened = found ?? (await beginRun(run, { ...ports, now: clock.now(), ...(given && { given }) }));
    const { isAdmin = () => false } = options;
    const inputs = { ...options, ...ports, opened, isAdmin, clock: own.clock(clock) };
    const next = await openService({ ...inputs, ...more });
    if (found !== undefined) await next.comeBack(opened.state.lastAt, run);
    [service, serving] = [next, own];
    service.start();
  }

  await start();
  return {
    clock,
    disk,
    isUp,
    service: () => service,
    net: (address, travel) => {
      nets.get(address)?.cut();
      const net = memoryNet({ entrance, clock, address, file, ...(travel && { travel }) });
      nets.set(address, net);
      return net;
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
      process.end();
      for (const net of nets.values()) net.cut();
      for (const net of nets.values()) net.mend();
    },
    killAfterSending: () => {
      process.end();
      for (const connection of [...connections]) connection.close();
    },
    start,
    close: () => service.close(),
  };
}
