import { expect, test } from "vitest";
import type { WasmKernels } from "../wasm/kernel.ts";
import * as wasm from "../wasm/kernels.ts";
import { type Attributes, alignment, type Operand, Plan, rowsOf, type Storage, whole } from "./plan.ts";
import type { Reference } from "./reference.ts";

const storage = (size: number, type: Storage["type"] = "f32"): Storage => ({
  name: "kept",
  size,
  type,
  kept: true,
});
const tensor = (...shape: number[]) => whole(storage(shape.reduce((a, b) => a * b)), shape);

const product = {
  transposeA: false,
  transposeB: false,
  activation: "none",
  accumulate: false,
  alpha: 1,
  beta: 1,
} as const;

test("a command knows the sizes of its kernel's axes, those of transposed operands too", () => {
  const plan = new Plan();
  plan.region("layer 0");
  plan.add("MatMul", { a: tensor(3, 4), b: tensor(4, 5), bias: undefined, c: tensor(3, 5) }, product);
  plan.add(
    "MatMul",
    { a: tensor(4, 3), b: tensor(5, 4), c: tensor(3, 5) },
    { ...product, transposeA: true, transposeB: true },
  );
  plan.add("SwiGlu", { x: tensor(7, 12), y: tensor(7, 6) }, {});
  expect(plan.commands.map(({ sizes }) => sizes)).toEqual([
    { M: 3, N: 5, K: 4 },
    { M: 3, N: 5, K: 4 },
    { N: 7, F: 6 },
  ]);
  expect(plan.commands.map(({ region }) => region)).toEqual(["layer 0", "layer 0", "layer 0"]);
  expect(Object.keys(plan.commands[0]!.operands)).toEqual(["a", "b", "c"]);
});

test("operands that do not fit the spec: what was expected, what came, where", () => {
  const plan = new Plan();
  const adding =
    (b: Operand, c: Operand, transposeB = false) =>
    () =>
      plan.add("MatMul", { a: tensor(3, 4), b, c }, { ...product, transposeB });
  expect(adding(tensor(5, 4), tensor(3, 5))).toThrow("MatMul: b: expected [4, N], got [5, 4]");
  expect(adding(tensor(4, 5), tensor(3, 5), true)).toThrow("MatMul: b: expected [4, 4], got [4, 5]");
  expect(adding(tensor(4, 5), tensor(5, 3))).toThrow("MatMul: c: expected [3, 5], got [5, 3]");
  expect(adding(tensor(4, 5), tensor(15))).toThrow("MatMul: c: expected [3, 5], got [15]");
  expect(adding(tensor(20), tensor(3, 5))).toThrow("MatMul: b: expected [4, N], got [20]");
  expect(() => plan.add("SwiGlu", { x: tensor(7, 11), y: tensor(7, 6) }, {})).toThrow(
    "SwiGlu: y: expected [7, 5.5], got [7, 6]",
  );
  expect(() =>
    plan.add(
      "Norm",
      { x: tensor(2, 3), weight: tensor(3), y: tensor(2, 3), stats: tensor(2, 3) },
      { epsilon: 1 },
    ),
  ).toThrow("Norm: stats: expected [2, 2], got [2, 3]");
  expect(plan.commands).toEqual([]);
});

test("numbers are where numbers are wanted, whole ones where those are", () => {
  const plan = new Plan();
  const looking = (ids: Operand, table: Operand) => () =>
    plan.add("Embedding", { ids, table, y: tensor(2, 3) }, {});
  const ids = whole(storage(2, "i32"));
  expect(looking(tensor(2), tensor(9, 3))).toThrow("Embedding: ids: expected i32, got f32");
  expect(looking(ids, whole(storage(27, "i32"), [9, 3]))).toThrow(
    "Embedding: table: expected float, got i32",
  );
  expect(looking(ids, whole(storage(27, "f16"), [9, 3]))).not.toThrow();
});

test("operands have to be within their storage, from where kernels can bind it", () => {
  const plan = new Plan();
  const add = (y: Operand) => () => plan.add("Add", { x: tensor(2), y }, {});
  const kept = storage(256);
  expect(add({ storage: kept, offset: 1, shape: [2] })).toThrow(
    "Add: y: expected 2 elements from a multiple of 128 on in 256, got 1",
  );
  expect(add({ storage: kept, offset: 256, shape: [2] })).toThrow("got 256");
  expect(add(rowsOf(whole(kept, [128, 2]), alignment / 2, 1))).toThrow("Add: y: expected [2], got [1, 2]");
});

test("the compiler holds commands to the spec, and backends to the list of kernels", () => {
  const plan = new Plan();
  const types = () => {
    // @ts-expect-error no such kernel
    plan.add("Subtract", { x: tensor(2), y: tensor(2) }, {});
    // @ts-expect-error an operand is missing
    plan.add("Add", { x: tensor(2) }, {});
    // @ts-expect-error an operand too many
    plan.add("Add", { x: tensor(2), y: tensor(2), z: tensor(2) }, {});
    // @ts-expect-error an attribute of another type
    plan.add("ColumnSums", { x: tensor(2, 2), y: tensor(2) }, { accumulate: 1 });
    // @ts-expect-error a word that the attribute does not have
    const word: Attributes<"MatMul">["activation"] = "relu";
    // @ts-expect-error what is only read is no result
    const reference: Reference<"Add"> = ({ x }) => ({ x });
    const { Norm, ...others } = wasm;
    // @ts-expect-error a backend without Norm
    const backend: WasmKernels = others;
    return [word, reference, backend, Norm];
  };
  expect(types).toThrow();
});
