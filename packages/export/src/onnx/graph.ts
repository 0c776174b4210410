// A graph of operators while it is put together: names of values go in, the name of the result comes out.

import type { Attribute, OnnxNode, OnnxTensor } from "./model-file.ts";

type Attributes = Readonly<Record<string, Attribute>>;

export interface Graph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  /** `name`: of the result, where it matters. */
  op(type: string, inputs: readonly string[], attributes?: Attributes, name?: string): string;
  /** In so many equal parts along the last side. */
  split(input: string, parts: number): readonly string[];
  /** Whole numbers: a list, or one of no sides. */
  ints(values: readonly number[] | number): string;
  /** Of no sides. */
  float(value: number): string;
  tensor(name: string, shape: readonly number[], values: () => Float32Array): string;
}

export function graph(): Graph {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const constant = (tensor: OnnxTensor): string => {
    constants.set(tensor.name, tensor);
    return tensor.name;
  };
  const add = (
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes,
  ) => {
    nodes.push({ type, inputs, outputs, attributes });
    return outputs;
  };
  const named = (type: string) => `${type}_${nodes.length}`;
  return {
    nodes,
    get constants() {
      return [...constants.values()];
    },
    op: (type, inputs, attributes = {}, name = named(type)) => add(type, inputs, [name], attributes)[0]!,
    split(input, parts) {
      const name = named("Split");
      return add(
        "Split",
        [input],
        Array.from({ length: parts }, (_, i) => `${name}_${i}`),
        { axis: -1 },
      );
    },
    ints(values) {
      const list = typeof values === "number" ? [values] : values;
      return constant({
        name: typeof values === "number" ? `int_${values}` : `ints_${values.join("_")}`,
        type: "int64",
        shape: typeof values === "number" ? [] : [values.length],
        values: () => BigInt64Array.from(list, BigInt),
      });
    },
    float: (value) =>
      constant({ name: `float_${value}`, type: "float", shape: [], values: () => Float32Array.of(value) }),
    tensor: (name, shape, values) => constant({ name, type: "float", shape, values }),
  };
}
