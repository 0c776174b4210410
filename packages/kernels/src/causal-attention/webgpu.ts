// Causal attention in WGSL without scores in memory (Dao et al. 2022): an invocation takes one query, walks over the
// keys it may see, and keeps a running softmax; the backward pass makes probabilities again from lse.
//
// Backward: one program for dq (an invocation a query, which also leaves delta = dy · y), one for dk and dv (an
// invocation a key, over the queries of all heads that share it), so nothing is added to by two at once. On a real
// graphics card a workgroup's invocations walk together over tiles that they share.

import type { Bound } from "../plan/runtime.ts";
import type { Kernel } from "../webgpu/kernels.ts";
import {
  ceilDiv,
  type Groups,
  type Program,
  range,
  reads,
  type Variant,
  vector,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";
import { attentionSizes } from "./index.ts";

interface Shape {
  readonly variant: Variant;
  /** D: numbers in a head. */
  readonly headSize: number;
}

const each = (n: number, code: (i: number) => string) => range(n).map(code).join("\n");

/** Queries (or keys) of a workgroup. */
const blockOf = (variant: Variant) => (variant === "software" ? 4 : 64);
/** Shared rows at a time: two tiles within the 16 KiB that every WebGPU has. */
const tileOf = (headSize: number) => Math.max(1, Math.min(32, Math.floor(2048 / headSize)));

const uniforms = { batch: "u32", context: "u32", heads: "u32", kvHeads: "u32", scale: "f32" } as const;

const prelude = ({ variant, headSize }: Shape) => {
  const width = widthOf(headSize);
  const pieces = headSize / width;
  const tiles = range(2).map((i) => `var<workgroup> tile${i}: array<V, ${tileOf(headSize) * pieces}>;`);
  return `
alias V = ${vector(width)};
const PIECES = ${pieces}u;
const BLOCK = ${blockOf(variant)}u;
const TILE = ${tileOf(headSize)}u;
fn inner(a: V, b: V) -> f32 { return ${width === 4 ? "dot(a, b)" : "a * b"}; }
// Where a head's row begins, in vectors: of y, and of q, k and v side by side.
fn place(batch: u32, t: u32, head: u32) -> u32 { return ((batch * u.context + t) * u.heads + head) * PIECES; }
fn side(batch: u32, t: u32, head: u32) -> u32 {
  return ((batch * u.context + t) * (u.heads + 2u * u.kvHeads) + head) * PIECES;
}
${variant === "hardware" ? tiles.join("\n") : ""}`;
};

const main = (body: string) => `
@compute @workgroup_size(BLOCK)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let lane = id.x;
  let own = group.x * BLOCK + lane;
  let firstOwn = group.x * BLOCK;
  ${body}
}`;

/**
 * A walk of `other` from `from` to `to`, the same for all of a workgroup, over rows of two tensors: `body` runs where
 * `condition` holds and reads piece i of each by the code that it is given.
 */
function walk(
  { variant, headSize }: Shape,
  bounds: { from: string; to: string; condition: string },
  rows: readonly [Row, Row],
  body: (piece: (row: 0 | 1, i: number) => string) => string,
): string {
  if (variant === "software") {
    const [first, second] = rows;
    return `for (var other = ${bounds.from}; other < ${bounds.to}; other++) {
    if (!(${bounds.condition})) { continue; }
    let at0 = ${first.at};
    let at1 = ${second.at};
    ${body((row, i) => `get_${rows[row].name}(at${row} + ${i}u)`)}
  }`;
  }
  const tile = tileOf(headSize);
  const fill = rows.map(
    ({ name, at }, row) => `for (var n = lane; n < TILE * PIECES; n += BLOCK) {
      let other = base + n / PIECES;
      if (other < ${bounds.to}) { tile${row}[n] = get_${name}(${at} + n % PIECES); }
    }`,
  );
  return `for (var base = ${bounds.from}; base < ${bounds.to}; base += TILE) {
    ${fill.join("\n")}
    workgroupBarrier();
    for (var n = 0u; n < ${tile}u; n++) {
      let other = base + n;
      if (other < ${bounds.to} && ${bounds.condition}) {
        ${body((row, i) => `tile${row}[n * PIECES + ${i}u]`)}
      }
    }
    workgroupBarrier();
  }`;
}

interface Row {
  readonly name: string;
  /** Where row `other` begins. */
  readonly at: string;
}

const sumOfPieces = (pieces: number, left: string, right: (i: number) => string) =>
  range(pieces)
    .map((i) => `inner(${left}${i}, ${right(i)})`)
    .join(" + ");

// group.y is batch * H + head.
const queryPlace = `
  let head = group.y % u.heads;
  let batch = group.y / u.heads;
  let kvHead = head / (u.heads / u.kvHeads);
  let valid = own < u.context;
  let t = min(own, u.context - 1u);
  let at = place(batch, t, head);
  let atQuery = side(batch, t, head);
  let last = min(firstOwn + BLOCK, u.context);`;
const keysAndValues: readonly [Row, Row] = [
  { name: "qkv", at: "side(batch, other, u.heads + kvHead)" },
  { name: "qkv", at: "side(batch, other, u.heads + u.kvHeads + kvHead)" },
];
const seen = { from: "0u", to: "last", condition: "other <= t" };

function forward(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  return {
    key: `attention ${shape.variant} ${shape.headSize}`,
    bindings: [reads("qkv", width), writes("y", width), writes("lse")],
    uniforms,
    code: () =>
      prelude(shape) +
      main(`${queryPlace}
  ${each(pieces, (i) => `let q${i} = get_qkv(atQuery + ${i}u) * u.scale; var y${i} = V(0.0);`)}
  var top = -3.4e38;
  var sum = 0.0;
  ${walk(
    shape,
    seen,
    keysAndValues,
    (piece) => `
    let score = ${sumOfPieces(pieces, "q", (i) => piece(0, i))};
    if (score > top) {
      let shrink = exp(top - score);
      top = score;
      sum *= shrink;
      ${each(pieces, (i) => `y${i} *= shrink;`)}
    }
    let p = exp(score - top);
    sum += p;
    ${each(pieces, (i) => `y${i} += p * ${piece(1, i)};`)}`,
  )}
  if (valid) {
    ${each(pieces, (i) => `put_y(at + ${i}u, y${i} / sum);`)}
    put_lse(group.y * u.context + t, top + log(sum));
  }`),
  };
}

// With p = exp(score - lse), dp = dy · v: dscore = p (dp - delta); dq = scale * sum over keys of dscore k.
function backwardQueries(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  return {
    key: `attention grad queries ${shape.variant} ${shape.headSize}`,
    bindings: [
      ...["qkv", "y", "dy"].map((name) => reads(name, width)),
      reads("lse"),
      writes("dqkv", width),
      writes("delta"),
    ],
    uniforms,
    code: () =>
      prelude(shape) +
      main(`${queryPlace}
  ${each(pieces, (i) => `let q${i} = get_qkv(atQuery + ${i}u) * u.scale; let dy${i} = get_dy(at + ${i}u); var dq${i} = V(0.0);`)}
  let own_delta = ${sumOfPieces(pieces, "dy", (i) => `get_y(at + ${i}u)`)};
  let own_lse = get_lse(group.y * u.context + t);
  ${walk(
    shape,
    seen,
    keysAndValues,
    (piece) => `
    let p = exp(${sumOfPieces(pieces, "q", (i) => piece(0, i))} - own_lse);
    let dp = ${sumOfPieces(pieces, "dy", (i) => piece(1, i))};
    let ds = p * (dp - own_delta) * u.scale;
    ${each(pieces, (i) => `dq${i} += ds * ${piece(0, i)};`)}`,
  )}
  if (valid) {
    ${each(pieces, (i) => `put_dqkv(atQuery + ${i}u, dq${i});`)}
    put_delta(group.y * u.context + t, own_delta);
  }`),
  };
}

// group.y is batch * G + key-value head. dv = sum over queries of p dy; dk = scale * sum of dscore q.
function backwardKeys(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  const queries = [
    { name: "qkv", at: "side(batch, other, head)" },
    { name: "dy", at: "place(batch, other, head)" },
  ] as const;
  const later = { from: "firstOwn", to: "u.context", condition: "other >= s" };
  return {
    key: `attention grad keys ${shape.variant} ${shape.headSize}`,
    bindings: [
      ...["qkv", "dy"].map((name) => reads(name, width)),
      reads("lse"),
      reads("delta"),
      writes("dqkv", width),
    ],
    uniforms,
    code: () =>
      prelude(shape) +
      main(`
  let kvHead = group.y % u.kvHeads;
  let batch = group.y / u.kvHeads;
  let shared_by = u.heads / u.kvHeads;
  let valid = own < u.context;
  let s = min(own, u.context - 1u);
  let atKey = side(batch, s, u.heads + kvHead);
  let atValue = side(batch, s, u.heads + u.kvHeads + kvHead);
  ${each(pieces, (i) => `let k${i} = get_qkv(atKey + ${i}u) * u.scale; let v${i} = get_qkv(atValue + ${i}u); var dk${i} = V(0.0); var dv${i} = V(0.0);`)}
  for (var member = 0u; member < shared_by; member++) {
    let head = kvHead * shared_by + member;
    let rows = (batch * u.heads + head) * u.context;
    ${walk(
      shape,
      later,
      queries,
      (piece) => `
    let p = exp(${sumOfPieces(pieces, "k", (i) => piece(0, i))} - get_lse(rows + other));
    let dp = ${sumOfPieces(pieces, "v", (i) => piece(1, i))};
    let ds = p * (dp - get_delta(rows + other)) * u.scale;
    ${each(pieces, (i) => `dk${i} += ds * ${piece(0, i)}; dv${i} += p * ${piece(1, i)};`)}`,
    )}
  }
  if (valid) {
    ${each(pieces, (i) => `put_dqkv(atKey + ${i}u, dk${i}); put_dqkv(atValue + ${i}u, dv${i});`)}
  }`),
  };
}

export const attentionKernel: Kernel = (gpu, { qkv, y, lse }, attributes) => {
  const { shape, values, groups, heads } = sizes(gpu.design.rows, qkv!, attributes);
  gpu.dispatch(forward(shape), [qkv!, y!, lse!], values, groups(heads));
};

export const attentionGradKernel: Kernel = (gpu, { qkv, y, lse, dy, delta, dqkv }, attributes) => {
  const { shape, values, groups, heads, kvHeads } = sizes(gpu.design.rows, qkv!, attributes);
  const queries = [qkv!, y!, dy!, lse!, dqkv!, delta!];
  gpu.dispatch(backwardQueries(shape), queries, values, groups(heads));
  gpu.dispatch(backwardKeys(shape), [qkv!, dy!, lse!, delta!, dqkv!], values, groups(kvHeads));
};

function sizes(variant: Variant, qkv: Bound, attributes: Readonly<Record<string, number>>) {
  const { batch, heads, kvHeads, context, headSize } = attentionSizes(qkv, attributes);
  const groups = (rowHeads: number): Groups => [ceilDiv(context, blockOf(variant)), batch * rowHeads, 1];
  const values = [batch, context, heads, kvHeads, 1 / Math.sqrt(headSize)];
  return { shape: { variant, headSize }, values, heads, kvHeads, groups };
}
