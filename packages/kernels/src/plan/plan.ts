// A plan: what a step of training computes, written down once, before anything is computed.
//
// Commands name a kernel, the operands it reads and writes, and attributes that never change, as the kernel's spec says.
// Shapes are static, so what has to be in memory, and when, is known from the plan alone (memory.ts), and a backend
// prepares each command once and only repeats it from then on (workspace.ts). Pure: a plan needs no backend.

import * as listed from "../specs.ts";
import {
  type AttributesOf,
  type KernelSpec,
  type OperandSpec,
  type OperandsOf,
  type SizesOf,
  sizesOf,
} from "./spec.ts";

export type ElementType = "f32" | "f16" | "i32";

export const elementBytes: Readonly<Record<ElementType, number>> = { f32: 4, f16: 2, i32: 4 };

/** Elements side by side in memory: kept from run to run, or one plan's own, whose place others take when it is done. */
export interface Storage {
  readonly name: string;
  readonly size: number;
  readonly type: ElementType;
  readonly kept: boolean;
}

/** A tensor, row by row, somewhere in a storage. */
export interface Operand {
  readonly storage: Storage;
  /** In elements; a multiple of `alignment`. */
  readonly offset: number;
  readonly shape: readonly number[];
}

export type KernelName = keyof typeof listed;
type SpecOf<N extends KernelName> = (typeof listed)[N];

const specs: Readonly<Record<KernelName, KernelSpec>> = listed;

/** Of any kernel, without its types. */
export const specOf = (kernel: KernelName): KernelSpec => specs[kernel];

/** One T for each operand of a kernel; those that are optional may be missing. */
export type Operands<N extends KernelName, T = Operand> = OperandsOf<SpecOf<N>["operands"], T>;
export type Attributes<N extends KernelName> = AttributesOf<SpecOf<N>["attributes"]>;
export type Sizes<N extends KernelName> = SizesOf<SpecOf<N>["operands"]>;

/** Of one kernel, or of any: a union that `kernel` tells apart. */
export type Command<N extends KernelName = KernelName, T = Operand> = {
  readonly [K in N]: {
    readonly kernel: K;
    readonly operands: Operands<K, T>;
    readonly attributes: Attributes<K>;
    /** Of the axes that the spec names. */
    readonly sizes: Sizes<K>;
    /** Where in the model it stands: for profiles. */
    readonly region: string;
  };
}[N];

/** WebGPU binds parts of a buffer from multiples of 256 bytes on: so many elements of any type. */
export const alignment = 128;

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
export const alignedSize = (size: number) => Math.ceil(size / alignment) * alignment;

export class Plan {
  readonly commands: Command[] = [];
  #region = "";

  /** Names the region of the model that the following commands belong to. */
  region(name: string): void {
    this.#region = name;
  }

  /** A tensor of the plan's own. */
  temporary(shape: readonly number[], type: ElementType = "f32"): Operand {
    const storage = { name: `${this.#region} ${shape.join("x")}`, size: sizeOf(shape), type, kept: false };
    return { storage, offset: 0, shape };
  }

  /** Throws where the operands are not what the kernel's spec says, or not within their storage. */
  add<N extends KernelName>(kernel: N, operands: Operands<N>, attributes: Attributes<N>): void {
    const spec = specOf(kernel);
    const given: Record<string, Operand> = {};
    for (const [name, operand] of entriesOf(operands)) {
      requireStorage(kernel, name, spec.operands[name], operand);
      given[name] = operand;
    }
    const sizes = sizesOf(kernel, spec, given, attributes);
    // That they are this kernel's the compiler has checked (operands, attributes), and sizesOf.
    this.commands.push({
      kernel,
      operands: given,
      attributes,
      sizes,
      region: this.#region,
    } as unknown as Command);
  }
}

function requireStorage(
  kernel: KernelName,
  name: string,
  spec: OperandSpec | undefined,
  { storage, offset, shape }: Operand,
): void {
  if (spec === undefined || (spec.type === "i32") !== (storage.type === "i32"))
    throw new Error(`${kernel}: ${name}: expected ${spec?.type ?? "no such operand"}, got ${storage.type}`);
  if (offset % alignment !== 0 || offset + sizeOf(shape) > storage.size)
    throw new Error(
      `${kernel}: ${name}: expected ${sizeOf(shape)} elements from a multiple of ${alignment} on in ${storage.size}, got ${offset}`,
    );
}

/** Operands by name, of those that are there. */
export function entriesOf<N extends KernelName, T>(operands: Operands<N, T>): readonly [string, T][] {
  const given: [string, T][] = [];
  for (const [name, one] of Object.entries(operands as Readonly<Record<string, T | undefined>>))
    if (one !== undefined) given.push([name, one]);
  return given;
}

/** Something else in the place of each operand that is there. */
export const mapOperands = <N extends KernelName, T, U>(
  operands: Operands<N, T>,
  to: (operand: T, name: string) => U,
): Operands<N, U> =>
  Object.fromEntries(entriesOf<N, T>(operands).map(([name, one]) => [name, to(one, name)])) as Operands<N, U>;

/** A whole storage as a tensor. */
export const whole = (storage: Storage, shape: readonly number[] = [storage.size]): Operand => ({
  storage,
  offset: 0,
  shape,
});

/** All numbers of a tensor, side by side. */
export const flat = (x: Operand): Operand => ({ ...x, shape: [sizeOf(x.shape)] });

/** Some rows of a matrix. */
export function rowsOf(x: Operand, first: number, count: number): Operand {
  const [, ...rest] = x.shape;
  return { storage: x.storage, offset: x.offset + first * sizeOf(rest), shape: [count, ...rest] };
}
