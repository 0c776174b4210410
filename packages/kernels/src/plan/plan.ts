// A plan: what a step of training computes, written down once, before anything is computed.
//
// Commands name a kernel, the operands it reads and writes, and numbers that never change. Shapes are static, so what
// has to be in memory, and when, is known from the plan alone (memory.ts), and a backend prepares each command once
// and only repeats it from then on (workspace.ts). Pure: a plan needs no backend.

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

export type Operands = Readonly<Record<string, Operand>>;
export type Attributes = Readonly<Record<string, number>>;

export interface Command {
  readonly kernel: string;
  readonly operands: Operands;
  readonly attributes: Attributes;
  /** Where in the model it stands: for profiles. */
  readonly region: string;
}

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

  /** Operands that are undefined are left out; so a kernel asks whether one is there. */
  add(
    kernel: string,
    operands: Readonly<Record<string, Operand | undefined>>,
    attributes: Attributes = {},
  ): void {
    const given: Record<string, Operand> = {};
    for (const [name, operand] of Object.entries(operands)) {
      if (operand === undefined) continue;
      const { storage, offset, shape } = operand;
      if (offset % alignment !== 0 || offset + sizeOf(shape) > storage.size)
        throw new Error(
          `${kernel}: ${name}: expected ${sizeOf(shape)} elements from a multiple of ${alignment} on in ${storage.size}, got ${offset}`,
        );
      given[name] = operand;
    }
    this.commands.push({ kernel, operands: given, attributes, region: this.#region });
  }
}

/** A whole storage as a tensor. */
export const whole = (storage: Storage, shape: readonly number[] = [storage.size]): Operand => ({
  storage,
  offset: 0,
  shape,
});

/** Some rows of a matrix. */
export function rowsOf(x: Operand, first: number, count: number): Operand {
  const [, ...rest] = x.shape;
  return { storage: x.storage, offset: x.offset + first * sizeOf(rest), shape: [count, ...rest] };
}

/** Throws unless a shape is the expected one: `where` says of what. */
export function requireShape(where: string, { shape }: Operand, expected: readonly number[]): void {
  if (shape.length !== expected.length || shape.some((n, i) => n !== expected[i]))
    throw new Error(`${where}: expected [${expected.join(", ")}], got [${shape.join(", ")}]`);
}
