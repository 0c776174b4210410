// What a session needs of the world: a network and a clock, which it shares with the coordinator (packages/line and
// packages/clock), a device that computes and a disk. Each has an implementation for browsers, one for Node where they
// differ, and one in memory for tests.

import type { ModelConfig } from "@homebody/model/config";
import type { Predictor, StartedBackend, Trainer, TrainerOptions } from "@homebody/train";

export type { Clock } from "@homebody/clock";
export { type Line, type LineListener, type Net, NetError, type Piece, pieceBytes } from "@homebody/line";

/** Small files of one device for one run. A write is whole or not at all, and survives a crash. Nobody changes bytes that were read or written. */
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
  /** `bytes`: what training takes on one thread; without it the trainer has one thread alone. */
  trainer(options: TrainerOptions, bytes?: number): DeviceTrainer;
  /** Of a model that goes on from what it reads. Throws EngineError where the device lends too little memory. */
  predictor(config: ModelConfig): Predictor;
}

/** What a volunteer takes of a trainer. */
export type DeviceTrainer = Pick<
  Trainer,
  "config" | "load" | "read" | "step" | "evaluate" | "readMoments" | "loadMoments" | "overlaps" | "dispose"
>;
