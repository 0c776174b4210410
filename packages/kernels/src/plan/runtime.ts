// What a backend of tfjs owes a workspace. Memory is tfjs's own tensors, so tfjs counts it and frees it.

import type * as tf from "@tensorflow/tfjs";
import type { Cost } from "./cost.ts";
import type { Command, KernelName, Operand } from "./plan.ts";

/** An operand with its place in memory. */
export interface Bound extends Operand {
  readonly tensor: tf.Tensor;
}

export type BoundCommand<N extends KernelName = KernelName> = Command<N, Bound>;

/** Time that a command took on the device, or one dispatch of several; the first of them has the command's cost. */
export interface KernelTime extends Cost {
  readonly kernel: KernelName;
  readonly region: string;
  readonly ms: number;
}

/** Commands made ready for repeating. */
export interface Prepared {
  readonly dispatches: number;
  /** How often the queue is handed work in a run; 0 where there is no queue. */
  readonly submits: number;
  /** Starts a run; what is read afterwards waits for it. */
  run(): void;
  /** A run that takes the time of every command; null where the device has no clock. */
  profile(): Promise<readonly KernelTime[] | null>;
  dispose(): void;
}

export type Numbers = Float32Array | Int32Array | Uint32Array;

export interface Runtime {
  /** A tensor of so many bytes, all zeros; the caller disposes of it. */
  allocate(bytes: number): tf.Tensor;
  prepare(commands: readonly BoundCommand[]): Prepared;
  /** Copies in, from an element (of 4 bytes) on. */
  write(tensor: tf.Tensor, offset: number, values: Numbers): void;
  /** When all that was started is done. */
  idle(): Promise<void>;
  /** A copy of elements of 4 bytes, after all that was started before. */
  read(tensor: tf.Tensor, offset: number, size: number): Promise<Float32Array>;
}
