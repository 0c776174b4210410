// What a kernel is before any backend knows it: operands, attributes, arithmetic. A folder's spec.ts says it once.
//
// A spec is data that the compiler reads too. A plan takes no command that does not fit it (plan.ts), a backend that
// lacks one does not compile (specs.ts says how kernels are listed), and what a kernel costs follows from it (cost.ts).

/** What is done to an operand. `scratch`: written and read within a command; what is left there means nothing. */
export type Role = "input" | "output" | "update" | "scratch";

/** A name, whose size is the same wherever it stands in a command; a size; or so many times the size of a name. */
export type Axis = string | number | readonly [times: number, of: string];

export interface OperandSpec<
  R extends Role = Role,
  A extends readonly Axis[] = readonly Axis[],
  Optional extends boolean = boolean,
  Flag extends string = string,
> {
  readonly role: R;
  readonly axes: A;
  /** Float: single or half precision. */
  readonly type: "float" | "i32";
  readonly optional: Optional;
  /** The role where that attribute is false. */
  readonly unless?: { readonly attribute: Flag; readonly role: R };
  /** Where that attribute is true, the two axes stand in memory the other way round. */
  readonly transposedBy?: Flag;
  /** What is read or written of it, where that is a part: by the names of axes. */
  readonly touched?: readonly string[];
}

export type AttributeType = "number" | "boolean" | readonly string[];
export type AttributeTypes = Readonly<Record<string, AttributeType>>;
export type OperandSpecs<Flag extends string = string> = Readonly<
  Record<string, OperandSpec<Role, readonly Axis[], boolean, Flag>>
>;

export interface KernelSpec<
  O extends OperandSpecs = OperandSpecs,
  A extends AttributeTypes = AttributeTypes,
> {
  readonly operands: O;
  /** Numbers, flags and words that never change. */
  readonly attributes: A;
  /**
   * Additions, multiplications, divisions and functions that the mathematics ask for, up to what no one looks for: a
   * backend may do more, to save memory.
   */
  flops(sizes: SizesOf<O>, attributes: AttributesOf<A>): number;
}

/** One T for each operand; those that are optional may be missing. */
export type OperandsOf<O extends OperandSpecs, T> = {
  readonly [K in keyof O as O[K]["optional"] extends true ? never : K]: T;
} & {
  readonly [K in keyof O as O[K]["optional"] extends true ? K : never]?: T | undefined;
};

/** One T for each operand that may be written. */
export type OutputsOf<O extends OperandSpecs, T> = {
  readonly [K in keyof O as Extract<O[K]["role"], "output" | "update"> extends never ? never : K]?: T;
};

export type AttributesOf<A extends AttributeTypes> = {
  readonly [K in keyof A]: A[K] extends "number"
    ? number
    : A[K] extends "boolean"
      ? boolean
      : A[K] extends readonly string[]
        ? A[K][number]
        : never;
};

/** By axis; missing only where it stands in operands that are. */
export type SizesOf<O extends OperandSpecs> = {
  readonly [K in AxesOf<O, false>]: number;
} & {
  readonly [K in Exclude<AxesOf<O, true>, AxesOf<O, false>>]?: number;
};

type AxesOf<O extends OperandSpecs, Optional extends boolean> = {
  [K in keyof O]: O[K]["optional"] extends Optional ? NameOf<O[K]["axes"][number]> : never;
}[keyof O];

type NameOf<A> = A extends string ? A : A extends readonly [number, infer Name extends string] ? Name : never;

type FlagsOf<A extends AttributeTypes> = {
  [K in keyof A & string]: A[K] extends "boolean" ? K : never;
}[keyof A & string];

/** As it is: here the compiler learns its types. */
export function kernel<const A extends AttributeTypes, const O extends OperandSpecs<FlagsOf<A>>>(
  spec: KernelSpec<O, A>,
): KernelSpec<O, A> {
  return spec;
}

const operand =
  <R extends Role>(role: R) =>
  <const A extends readonly Axis[]>(...axes: A): OperandSpec<R, A, false, never> => ({
    role,
    axes,
    type: "float",
    optional: false,
  });

export const input = operand("input");
export const output = operand("output");
export const update = operand("update");
export const scratch = operand("scratch");

/** An input of whole numbers. */
export const integers = <const A extends readonly Axis[]>(
  ...axes: A
): OperandSpec<"input", A, false, never> => ({ ...input(...axes), type: "i32" });

/** An output; where the attribute `accumulate` is true it is added to. */
export const accumulated = <const A extends readonly Axis[]>(
  ...axes: A
): OperandSpec<"output" | "update", A, false, "accumulate"> => ({
  ...update(...axes),
  unless: { attribute: "accumulate", role: "output" },
});

/** An input whose place the output takes where an attribute says so. */
export const updatedWhere = <const Flag extends string, const A extends readonly Axis[]>(
  attribute: Flag,
  ...axes: A
): OperandSpec<"input" | "update", A, false, Flag> => ({
  ...update(...axes),
  unless: { attribute, role: "input" },
});

export const optional = <R extends Role, A extends readonly Axis[], Flag extends string>(
  one: OperandSpec<R, A, false, Flag>,
): OperandSpec<R, A, true, Flag> => ({ ...one, optional: true });

export const transposedBy = <const Flag extends string, R extends Role, A extends readonly Axis[]>(
  attribute: Flag,
  one: OperandSpec<R, A, false, never>,
): OperandSpec<R, A, false, Flag> => ({ ...one, transposedBy: attribute });

/** An operand of which so much is touched. */
export const partly = <R extends Role, A extends readonly Axis[], Flag extends string>(
  one: OperandSpec<R, A, false, Flag>,
  ...touched: readonly string[]
): OperandSpec<R, A, false, Flag> => ({ ...one, touched });

type Values = Readonly<Record<string, unknown>>;

type Shaped = { readonly shape: readonly number[] };

/** The size of every axis, from the operands' shapes; throws where they do not fit the spec: `kernel` says whose. */
export function sizesOf(
  kernel: string,
  { operands }: KernelSpec,
  given: Readonly<Record<string, Shaped | undefined>>,
  attributes: Values,
): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const [name, { axes, transposedBy, optional }] of Object.entries(operands)) {
    const shape = given[name]?.shape;
    if (shape === undefined && optional) continue;
    const isTransposed = transposedBy !== undefined && attributes[transposedBy] === true;
    const inMemory = isTransposed ? [...axes].reverse() : axes;
    if (shape === undefined || !fits(inMemory, shape, sizes))
      throw new Error(
        `${kernel}: ${name}: expected [${inMemory.map((axis) => sizeOfAxis(axis, sizes) ?? axis).join(", ")}], got ${shape === undefined ? "nothing" : `[${shape.join(", ")}]`}`,
      );
  }
  return sizes;
}

/** Whether a shape has these axes; sizes that are not known yet are learnt from it. Plans are long: no array is made. */
function fits(axes: readonly Axis[], shape: readonly number[], sizes: Record<string, number>): boolean {
  if (axes.length !== shape.length) return false;
  for (let i = 0; i < axes.length; i++) {
    const [axis, size] = [axes[i]!, shape[i]!];
    if (typeof axis === "string") sizes[axis] ??= size;
    else if (typeof axis === "object") sizes[axis[1]] ??= size / axis[0];
    if (size !== sizeOfAxis(axis, sizes)) return false;
  }
  return true;
}

function sizeOfAxis(axis: Axis, sizes: Readonly<Record<string, number>>): number | undefined {
  if (typeof axis === "number") return axis;
  if (typeof axis === "string") return sizes[axis];
  const [times, name] = axis;
  const size = sizes[name];
  return size === undefined ? undefined : times * size;
}

/** What a command does to an operand, by its attributes. */
export const roleOf = ({ role, unless }: OperandSpec, attributes: Values): Role =>
  unless !== undefined && attributes[unless.attribute] !== true ? unless.role : role;
