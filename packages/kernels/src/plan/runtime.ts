// What a backend of tfjs owes a workspace. Memory is tfjs's own tensors, so tfjs counts it and frees it.

import type * as tf from "@tensorflow/tfjs";
import { type Attributes, type ElementType, elementBytes, sizeOf } from "./plan.ts";

/** An operand with its place in memory. */
export interface Bound {
  readonly tensor: tf.Tensor;
  /** In elements of `type`. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

export type BoundOperands = Readonly<Record<string, Bound>>;

export interface BoundCommand {
  readonly kernel: string;
  readonly operands: BoundOperands;
  readonly attributes: Attributes;
  readonly region: string;
}

/** Time that one command took on the device. */
export interface KernelTime {
  readonly kernel: string;
  readonly region: string;
  readonly ms: number;
  /** Of all operands. */
  readonly bytes: number;
  /** Of matrix products; 0 elsewhere. */
  readonly flops: number;
}

/** What does not depend on the device. */
export function costOf({ kernel, operands }: BoundCommand): Pick<KernelTime, "bytes" | "flops"> {
  const bytes = Object.values(operands).reduce(
    (sum, { shape, type }) => sum + sizeOf(shape) * elementBytes[type],
    0,
  );
  if (kernel !== "MatMul") return { bytes, flops: 0 };
  const [m = 0, n = 0] = operands.c!.shape;
  const k = sizeOf(operands.a!.shape) / m;
  return { bytes, flops: 2 * m * n * k };
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
