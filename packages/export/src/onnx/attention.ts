// Attention, written out: queries are [batch, kvHeads, shared, length, headSize], where so many heads share keys and values, these
// [batch, kvHeads, 1, positions, headSize].

import { dimensions } from "@homebody/model";
import type { Graph } from "./graph.ts";
import type { Making } from "./making.ts";

/** A value for each of an input's positions, by its place among all that keys and values are there for. */
export interface Places {
  /** Of each query and each key: 0, or so little that softmax leaves nothing. */
  readonly bias: string;
  /** [batch, length, 1, headSize / 2]; undefined without rotary positions. */
  readonly cosines: string | undefined;
  readonly sines: string | undefined;
}

/** The lowest float32: beside it any score is lost, and a row of nothing else stays finite. */
const lowest = -3.4028234663852886e38;

/** A query sees keys up to its own place, of tokens that are no padding: [batch, 1, 1, length, positions]. */
export function biasOf(g: Graph): string {
  const side = (of: string) => g.op("Gather", [g.op("Shape", [of]), g.ints(1)]);
  const [length, positions] = [side("input_ids"), side("attention_mask")];
  const [zero, one] = [g.ints(0), g.ints(1)];
  const keys = g.op("Range", [zero, positions, one]);
  const queries = g.op("Range", [g.op("Sub", [positions, length]), positions, one]);
  const isBefore = g.op("LessOrEqual", [keys, g.op("Unsqueeze", [queries, g.ints([1])])]);
  const isToken = g.op("Greater", [g.op("Unsqueeze", ["attention_mask", g.ints([1, 2, 3])]), zero]);
  return g.op("Where", [g.op("And", [isBefore, isToken]), g.float(0), g.float(lowest)]);
}

/** [batch, length, heads x headSize] of each, to the same of what was attended to. */
export function attention(
  { config, g }: Making,
  layer: number,
  [q, k, v]: readonly [string, string, string],
  places: Places,
): string {
  const { heads, kvHeads, headSize, width } = dimensions(config);
  const shared = heads / kvHeads;
  const inHeads = (x: string, count: number) => g.op("Reshape", [x, g.ints([0, 0, count, headSize])]);
  const kept = (x: string, which: "key" | "value") => {
    const fresh = g.op("Transpose", [x], { perm: [0, 2, 1, 3] });
    const past = `past_key_values.${layer}.${which}`;
    const all = g.op("Concat", [past, fresh], { axis: 2 }, `present.${layer}.${which}`);
    return g.op("Unsqueeze", [all, g.ints([2])]);
  };
  const turned = rotated(g, inHeads(q, heads), places);
  const grouped = g.op("Reshape", [turned, g.ints([0, 0, kvHeads, shared, headSize])]);
  const queries = g.op("Transpose", [grouped], { perm: [0, 2, 3, 1, 4] });
  const keys = kept(rotated(g, inHeads(k, kvHeads), places), "key");
  const values = kept(inHeads(v, kvHeads), "value");
  const scaled = g.op("Mul", [queries, g.float(1 / Math.sqrt(headSize))]);
  const scores = g.op("MatMul", [scaled, g.op("Transpose", [keys], { perm: [0, 1, 2, 4, 3] })]);
  const weights = g.op("Softmax", [g.op("Add", [scores, places.bias])], { axis: -1 });
  const attended = g.op("Transpose", [g.op("MatMul", [weights, values])], { perm: [0, 3, 1, 2, 4] });
  return g.op("Reshape", [attended, g.ints([0, 0, width])]);
}

/** Of each head, number i and number i + headSize / 2 are a pair, turned by its place. */
function rotated(g: Graph, x: string, { cosines, sines }: Places): string {
  if (cosines === undefined || sines === undefined) return x;
  const [first, second] = g.split(x, 2) as [string, string];
  const times = (a: string, b: string) => g.op("Mul", [a, b]);
  const turnedFirst = g.op("Sub", [times(first, cosines), times(second, sines)]);
  const turnedSecond = g.op("Add", [times(second, cosines), times(first, sines)]);
  return g.op("Concat", [turnedFirst, turnedSecond], { axis: -1 });
}

/** Cosines and sines are in the file for each position that the model was trained for: in float64 they are made most exactly. */
export function rotations({ config, g }: Making): Pick<Places, "cosines" | "sines"> {
  const { context, headSize } = dimensions(config);
  const half = headSize / 2;
  const theta = config.model_type === "llama" ? config.rope_theta : 1;
  const table = (name: string, of: (angle: number) => number) => {
    const values = () =>
      Float32Array.from({ length: context * half }, (_, i) =>
        of(Math.floor(i / half) * theta ** ((-2 * (i % half)) / headSize)),
      );
    const rows = g.op("Gather", [g.tensor(name, [context, half], values), "position_ids"]);
    return g.op("Unsqueeze", [rows, g.ints([2])]);
  };
  return { cosines: table("rotary.cosines", Math.cos), sines: table("rotary.sines", Math.sin) };
}
