// Attention to what is kept, in WGSL: first the new rows' keys and values into the cache, then a workgroup for each head
// of each row. Its lanes walk over the keys that the row sees, each with a running softmax of its own (Dao et al. 2022),
// and what they found is joined. On a processor that plays graphics card there is one lane.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  type DesignName,
  each,
  flat,
  flatGroups,
  fold,
  type Program,
  range,
  reads,
  vector,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";

const keep: Program = {
  key: "cached attention keep",
  bindings: [reads("qkv"), reads("places"), writes("cache")],
  uniforms: { size: "u32", columns: "u32", kept: "u32" },
  code: () =>
    flat(`
  let row = index / u.kept;
  let column = index % u.kept;
  let at = u32(get_places(row)) * u.kept + column;
  put_cache(at, get_qkv((row + 1u) * u.columns - u.kept + column));`),
};

function attend(design: DesignName, headSize: number): Program {
  const width = widthOf(headSize);
  const pieces = headSize / width;
  const lanes = design === "software" ? 1 : 64;
  const barrier = lanes === 1 ? "" : "workgroupBarrier();";
  const inner = (i: number) => {
    const [q, k] = [`q${i}`, `get_cache(k + ${i}u)`];
    return width === 4 ? `dot(${q}, ${k})` : `${q} * ${k}`;
  };
  return {
    key: `cached attention ${design} ${headSize}`,
    bindings: [reads("qkv", width), reads("places"), reads("cache", width), writes("y", width)],
    uniforms: { rows: "u32", heads: "u32", kvHeads: "u32", scale: "f32" },
    code: () => `
alias V = ${vector(width)};
const PIECES = ${pieces}u;
const LANES = ${lanes}u;
var<workgroup> tops: array<f32, ${lanes}>;
var<workgroup> sums: array<f32, ${lanes}>;
var<workgroup> parts: array<V, ${lanes}>;
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = group.x + group.y * groups.x;
  if (index >= u.rows * u.heads) { return; }
  let row = index / u.heads;
  let head = index % u.heads;
  let kvHead = head / (u.heads / u.kvHeads);
  let at = (row * (u.heads + 2u * u.kvHeads) + head) * PIECES;
  let seen = u32(get_places(row)) + 1u;
  ${each(pieces, (i) => `let q${i} = get_qkv(at + ${i}u) * u.scale; var y${i} = V(0.0);`)}
  var top = -3.4e38;
  var sum = 0.0;
  for (var key = lane; key < seen; key += LANES) {
    let k = (key * 2u * u.kvHeads + kvHead) * PIECES;
    let v = k + u.kvHeads * PIECES;
    let score = ${range(pieces).map(inner).join(" + ")};
    let higher = max(top, score);
    let shrink = exp(top - higher);
    let p = exp(score - higher);
    top = higher;
    sum = sum * shrink + p;
    ${each(pieces, (i) => `y${i} = y${i} * shrink + p * get_cache(v + ${i}u);`)}
  }
  tops[lane] = top;
  ${barrier}
  for (var other = 0u; other < LANES; other++) { top = max(top, tops[other]); }
  let weight = exp(tops[lane] - top);
  sums[lane] = sum * weight;
  ${barrier}
  var total = 0.0;
  for (var other = 0u; other < LANES; other++) { total += sums[other]; }
  let share = weight / total;
  ${each(
    pieces,
    (i) => `parts[lane] = y${i} * share;
  ${barrier}
  if (lane == 0u) {
    var joined = V(0.0);
    for (var other = 0u; other < LANES; other++) { joined += parts[other]; }
    put_y(index * PIECES + ${i}u, joined);
  }
  ${barrier}`,
  )}
}`,
  };
}

export const CachedAttention: WebgpuKernel<"CachedAttention"> = (gpu, { operands, sizes, attributes }) => {
  const { qkv, places, cache, y } = operands;
  const { heads, kvHeads } = attributes;
  const { N, W, K, U } = sizes;
  gpu.dispatch(keep, [qkv, places, cache], [N * K, W, K], flatGroups(N * K));
  const values = [N, heads, kvHeads, 1 / Math.sqrt(U / heads)];
  gpu.dispatch(attend(gpu.design.rows, U / heads), [qkv, places, cache, y], values, fold(N * heads));
};
