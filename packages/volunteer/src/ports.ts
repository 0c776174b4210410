// What a session needs of the world: a network, a device that computes, a disk, a clock. Each has an implementation
// for browsers, one for Node where they differ, and one in memory for tests.

import type { Millis } from "@homebody/base";
import type { StartedBackend, Trainer, TrainerOptions } from "@homebody/train";

/** Small files of one device for one run. A write is whole or not at all, and survives a crash. */
export interface Disk {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Of all files, in no order. */
  names(): Promise<readonly string[]>;
  /** Everything of this run on this device. */
  clear(): Promise<void>;
}

/** What has started, in plain data. */
export interface DeviceStart extends Omit<StartedBackend, "helpers"> {
  /** Cores that compute, where it is not a graphics processor. */
  readonly threads: number;
}

export interface Device {
  /** The backend, started and tested; the same one each time, until it is lost. */
  start(): Promise<DeviceStart>;
  /** The one that was started is gone: the next start makes another. */
  lost(): void;
  /** `bytes`: what training takes on one thread; without it the trainer is for samples, and has one thread alone. */
  trainer(options: TrainerOptions, bytes?: number): DeviceTrainer;
}

/** What a volunteer takes of a trainer. */
export type DeviceTrainer = Pick<
  Trainer,
  | "config"
  | "load"
  | "read"
  | "step"
  | "evaluate"
  | "sample"
  | "readMoments"
  | "loadMoments"
  | "overlaps"
  | "dispose"
>;

export interface Net {
  /** A path under the coordinator; throws NetError. */
  download(
    path: string,
    sizeBytes: number | null,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Opens the line and keeps it open, over lost connections, until closed. */
  connect(listener: LineListener): Line;
}

export interface LineListener {
  /** A connection is there: to be introduced. */
  up(): void;
  down(): void;
  event(name: string, message: unknown): void;
  passed(direction: "sent" | "received", piece: Piece): void;
}

/** As it is on the wire, without framing. Bytes that are sent are the very memory that was asked with. */
export type Piece = string | ArrayBuffer | ArrayBufferView;

export function pieceBytes(piece: Piece): number {
  return typeof piece === "string" ? new TextEncoder().encode(piece).length : piece.byteLength;
}

export interface Line {
  /** The answer to a request; throws NetError when the connection is lost before it came. */
  ask(event: string, message: unknown): Promise<unknown>;
  /** May be lost. */
  tell(event: string, message: unknown): void;
  close(): void;
}

export interface Clock {
  now(): Millis;
  /** Milliseconds that only grow: for measuring. */
  elapsed(): number;
  /** Resolves early when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The world's fault: it may pass. */
export class NetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NetError";
  }
}
