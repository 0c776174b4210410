// Causal attention in WGSL without scores in memory (Dao et al. 2022): an invocation takes a query, walks over the keys
// that it may see, and keeps a running softmax; the backward pass makes probabilities again from lse.
//
// Backward: one program for dq (by queries, which also leaves delta = dy · y), one for dk and dv (by keys, over the
// queries of all heads that share them), so nothing is added to by two at once. On a real graphics card a workgroup's
// invocations walk together over tiles that they share. On a processor that plays one, loads are what costs: an
// invocation takes two neighbours, and loads each row once for both (four compile for seconds and gain little).

import type { BoundCommand } from "../plan/runtime.ts";
import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  ceilDiv,
  type DesignName,
  each,
  type Groups,
  type Program,
  range,
  reads,
  vector,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";
import { headSizeOf } from "./spec.ts";

interface Shape {
  readonly design: DesignName;
  /** D: numbers in a head. */
  readonly headSize: number;
}

/** Invocations of a workgroup, and neighbouring queries (or keys) of each. */
const lanesOf = (design: DesignName) => (design === "software" ? 4 : 64);
const ownOf = (design: DesignName) => (design === "software" ? 2 : 1);
const blockOf = (design: DesignName) => lanesOf(design) * ownOf(design);
/** Shared rows at a time: two tiles within the 16 KiB that every WebGPU has. */
const tileOf = (headSize: number) => Math.max(1, Math.min(32, Math.floor(2048 / headSize)));

const uniforms = { batch: "u32", context: "u32", heads: "u32", kvHeads: "u32", scale: "f32" } as const;

const prelude = ({ design, headSize }: Shape) => {
  const width = widthOf(headSize);
  const pieces = headSize / width;
  const tiles = range(2).map((i) => `var<workgroup> tile${i}: array<V, ${tileOf(headSize) * pieces}>;`);
  return `
alias V = ${vector(width)};
const PIECES = ${pieces}u;
const LANES = ${lanesOf(design)}u;
const BLOCK = ${blockOf(design)}u;
const TILE = ${tileOf(headSize)}u;
fn inner(a: V, b: V) -> f32 { return ${width === 4 ? "dot(a, b)" : "a * b"}; }
// Where a head's row begins, in vectors: of y, and of q, k and v side by side.
fn place(batch: u32, t: u32, head: u32) -> u32 { return ((batch * u.context + t) * u.heads + head) * PIECES; }
fn side(batch: u32, t: u32, head: u32) -> u32 {
  return ((batch * u.context + t) * (u.heads + 2u * u.kvHeads) + head) * PIECES;
}
${design === "hardware" ? tiles.join("\n") : ""}`;
};

const main = (body: string) => `
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let lane = id.x;
  let firstOfGroup = group.x * BLOCK;
  ${body}
}`;

/**
 * A walk of `other` from `from` to `to` over rows of two tensors: `body` reads piece i of each by the code that it is
 * given. On real cards the bounds are the same for all of a workgroup.
 */
function walk(
  { design, headSize }: Shape,
  { from, to }: { readonly from: string; readonly to: string },
  rows: readonly [Row, Row],
  body: (piece: (row: 0 | 1, i: number) => string) => string,
): string {
  const pieces = headSize / widthOf(headSize);
  if (design === "software") {
    const loads = rows.flatMap(({ name }, row) =>
      range(pieces).map((i) => `let row${row}_${i} = get_${name}(at${row} + ${i}u);`),
    );
    return `for (var other = ${from}; other < ${to}; other++) {
    let at0 = ${rows[0].at};
    let at1 = ${rows[1].at};
    ${loads.join(" ")}
    ${body((row, i) => `row${row}_${i}`)}
  }`;
  }
  const fill = rows.map(
    ({ name, at }, row) => `for (var n = lane; n < TILE * PIECES; n += LANES) {
      let other = base + n / PIECES;
      if (other < ${to}) { tile${row}[n] = get_${name}(${at} + n % PIECES); }
    }`,
  );
  return `for (var base = ${from}; base < ${to}; base += TILE) {
    ${fill.join("\n")}
    workgroupBarrier();
    for (var n = 0u; n < TILE; n++) {
      let other = base + n;
      if (other < ${to}) {
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

/** `own`: rows of this invocation, numbered r; `t{r}` is where row r stands, clamped to the last one. */
const owned = (shape: Shape, code: (r: number) => string) => each(ownOf(shape.design), code);
const positions = (shape: Shape) => `
  let firstOwn = firstOfGroup + lane * ${ownOf(shape.design)}u;
  ${owned(shape, (r) => `let t${r} = min(firstOwn + ${r}u, u.context - 1u);`)}`;

// group.y is batch * H + head.
const queryPlaces = (shape: Shape) => `
  let head = group.y % u.heads;
  let batch = group.y / u.heads;
  let kvHead = head / (u.heads / u.kvHeads);
  ${positions(shape)}
  ${owned(shape, (r) => `let at${r}_y = place(batch, t${r}, head); let at${r}_q = side(batch, t${r}, head);`)}`;
/** Keys up to the last query: of this invocation, or of all that share tiles. */
const seen = ({ design }: Shape) => ({
  from: "0u",
  to: design === "software" ? `t${ownOf(design) - 1} + 1u` : "min(firstOfGroup + BLOCK, u.context)",
});
const keysAndValues: readonly [Row, Row] = [
  { name: "qkv", at: "side(batch, other, u.heads + kvHead)" },
  { name: "qkv", at: "side(batch, other, u.heads + u.kvHeads + kvHead)" },
];

function forward(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  const begin = (r: number) => `
  ${each(pieces, (i) => `let q${r}_${i} = get_qkv(at${r}_q + ${i}u) * u.scale; var y${r}_${i} = V(0.0);`)}
  var top${r} = -3.4e38;
  var sum${r} = 0.0;`;
  const meet = (r: number, piece: (row: 0 | 1, i: number) => string) => `
    if (other <= t${r}) {
      let score = ${sumOfPieces(pieces, `q${r}_`, (i) => piece(0, i))};
      if (score > top${r}) {
        let shrink = exp(top${r} - score);
        top${r} = score;
        sum${r} *= shrink;
        ${each(pieces, (i) => `y${r}_${i} *= shrink;`)}
      }
      let p = exp(score - top${r});
      sum${r} += p;
      ${each(pieces, (i) => `y${r}_${i} += p * ${piece(1, i)};`)}
    }`;
  const end = (r: number) => `
  if (firstOwn + ${r}u < u.context) {
    ${each(pieces, (i) => `put_y(at${r}_y + ${i}u, y${r}_${i} / sum${r});`)}
    put_lse(group.y * u.context + t${r}, top${r} + log(sum${r}));
  }`;
  return {
    key: `attention ${shape.design} ${shape.headSize}`,
    bindings: [reads("qkv", width), writes("y", width), writes("lse")],
    uniforms,
    code: () =>
      prelude(shape) +
      main(`${queryPlaces(shape)}
  ${owned(shape, begin)}
  ${walk(shape, seen(shape), keysAndValues, (piece) => owned(shape, (r) => meet(r, piece)))}
  ${owned(shape, end)}`),
  };
}

// With p = exp(score - lse), dp = dy · v: dscore = p (dp - delta); dq = scale * sum over keys of dscore k.
function backwardQueries(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  const begin = (r: number) => `
  ${each(
    pieces,
    (i) =>
      `let q${r}_${i} = get_qkv(at${r}_q + ${i}u) * u.scale; let dy${r}_${i} = get_dy(at${r}_y + ${i}u); var dq${r}_${i} = V(0.0);`,
  )}
  let delta${r} = ${sumOfPieces(pieces, `dy${r}_`, (i) => `get_y(at${r}_y + ${i}u)`)};
  let lse${r} = get_lse(group.y * u.context + t${r});`;
  const meet = (r: number, piece: (row: 0 | 1, i: number) => string) => `
    if (other <= t${r}) {
      let p = exp(${sumOfPieces(pieces, `q${r}_`, (i) => piece(0, i))} - lse${r});
      let dp = ${sumOfPieces(pieces, `dy${r}_`, (i) => piece(1, i))};
      let ds = p * (dp - delta${r}) * u.scale;
      ${each(pieces, (i) => `dq${r}_${i} += ds * ${piece(0, i)};`)}
    }`;
  const end = (r: number) => `
  if (firstOwn + ${r}u < u.context) {
    ${each(pieces, (i) => `put_dqkv(at${r}_q + ${i}u, dq${r}_${i});`)}
    put_delta(group.y * u.context + t${r}, delta${r});
  }`;
  return {
    key: `attention grad queries ${shape.design} ${shape.headSize}`,
    bindings: [
      ...["qkv", "y", "dy"].map((name) => reads(name, width)),
      reads("lse"),
      writes("dqkv", width),
      writes("delta"),
    ],
    uniforms,
    code: () =>
      prelude(shape) +
      main(`${queryPlaces(shape)}
  ${owned(shape, begin)}
  ${walk(shape, seen(shape), keysAndValues, (piece) => owned(shape, (r) => meet(r, piece)))}
  ${owned(shape, end)}`),
  };
}

// group.y is batch * G + key-value head. dv = sum over queries of p dy; dk = scale * sum of dscore q.
function backwardKeys(shape: Shape): Program {
  const width = widthOf(shape.headSize);
  const pieces = shape.headSize / width;
  const queries: readonly [Row, Row] = [
    { name: "qkv", at: "side(batch, other, head)" },
    { name: "dy", at: "place(batch, other, head)" },
  ];
  const later = { from: shape.design === "software" ? "t0" : "firstOfGroup", to: "u.context" };
  const begin = (r: number) => `
  let at${r}_k = side(batch, t${r}, u.heads + kvHead);
  let at${r}_v = side(batch, t${r}, u.heads + u.kvHeads + kvHead);
  ${each(
    pieces,
    (i) =>
      `let k${r}_${i} = get_qkv(at${r}_k + ${i}u) * u.scale; let v${r}_${i} = get_qkv(at${r}_v + ${i}u); var dk${r}_${i} = V(0.0); var dv${r}_${i} = V(0.0);`,
  )}`;
  const meet = (r: number, piece: (row: 0 | 1, i: number) => string) => `
    if (other >= t${r}) {
      let p = exp(${sumOfPieces(pieces, `k${r}_`, (i) => piece(0, i))} - get_lse(rows + other));
      let dp = ${sumOfPieces(pieces, `v${r}_`, (i) => piece(1, i))};
      let ds = p * (dp - get_delta(rows + other)) * u.scale;
      ${each(pieces, (i) => `dk${r}_${i} += ds * ${piece(0, i)}; dv${r}_${i} += p * ${piece(1, i)};`)}
    }`;
  const end = (r: number) => `
  if (firstOwn + ${r}u < u.context) {
    ${each(pieces, (i) => `put_dqkv(at${r}_k + ${i}u, dk${r}_${i}); put_dqkv(at${r}_v + ${i}u, dv${r}_${i});`)}
  }`;
  return {
    key: `attention grad keys ${shape.design} ${shape.headSize}`,
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
  let sharedBy = u.heads / u.kvHeads;
  ${positions(shape)}
  ${owned(shape, begin)}
  for (var member = 0u; member < sharedBy; member++) {
    let head = kvHead * sharedBy + member;
    let rows = (batch * u.heads + head) * u.context;
    ${walk(shape, later, queries, (piece) => owned(shape, (r) => meet(r, piece)))}
  }
  ${owned(shape, end)}`),
  };
}

export const CausalAttention: WebgpuKernel<"CausalAttention"> = (gpu, command) => {
  const { qkv, y, lse } = command.operands;
  const { shape, values, groups, heads } = layoutOf(gpu.design.rows, command);
  gpu.dispatch(forward(shape), [qkv, y, lse], values, groups(heads));
};

export const CausalAttentionGrad: WebgpuKernel<"CausalAttentionGrad"> = (gpu, command) => {
  const { qkv, y, lse, dy, delta, dqkv } = command.operands;
  const { shape, values, groups, heads, kvHeads } = layoutOf(gpu.design.rows, command);
  gpu.dispatch(backwardQueries(shape), [qkv, y, dy, lse, dqkv, delta], values, groups(heads));
  gpu.dispatch(backwardKeys(shape), [qkv, dy, lse, delta, dqkv], values, groups(kvHeads));
};

function layoutOf(
  design: DesignName,
  { sizes, attributes }: Pick<BoundCommand<"CausalAttention">, "sizes" | "attributes">,
) {
  const { batch, heads, kvHeads } = attributes;
  const headSize = headSizeOf(sizes, attributes);
  const groups = (rowHeads: number): Groups => [ceilDiv(sizes.T, blockOf(design)), batch * rowHeads, 1];
  const values = [batch, sizes.T, heads, kvHeads, 1 / Math.sqrt(headSize)];
  return { shape: { design, headSize }, values, heads, kvHeads, groups };
}
