// Functions that the standard's operators have to be put together for.

import type { Graph } from "./graph.ts";

export function rmsNorm(g: Graph, x: string, weight: string, epsilon: number): string {
  const square = g.op("ReduceMean", [g.op("Mul", [x, x])], { axes: [-1], keepdims: 1 });
  const root = g.op("Sqrt", [g.op("Add", [square, g.float(epsilon)])]);
  return g.op("Mul", [g.op("Div", [x, root]), weight]);
}

/** By tanh, as GPT-2 has it: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
export function gelu(g: Graph, x: string): string {
  const times = (a: string, b: string) => g.op("Mul", [a, b]);
  const cube = times(times(x, x), x);
  const inner = g.op("Add", [x, times(cube, g.float(0.044715))]);
  const bent = g.op("Tanh", [times(inner, g.float(Math.sqrt(2 / Math.PI)))]);
  return times(times(x, g.float(0.5)), g.op("Add", [bent, g.float(1)]));
}
