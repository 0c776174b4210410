// Matrix products in WGSL, all four transpositions without moving an operand.
//
// An invocation owns a tile of C in registers and walks along K in steps of 4: of A and B it takes vec4s along
// whichever axis lies side by side in memory, and turns them in registers, which costs nothing. On a processor that
// plays graphics card a tile of 8 x 8 is read straight from storage: workgroup memory with its barriers costs there
// more than it saves, larger tiles spill. On a real card invocations own 4 x 4 and share blocks of A and B.

import type { Binding, Groups, Kernel, Program, Variant } from "../webgpu/gpu.ts";
import { ceilDiv, reads, vector, writes } from "../webgpu/wgsl.ts";

/** What the code depends on. */
interface Shape {
  readonly variant: Variant;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether vec4s can be read (A, B) and written (C) without looking at the edges of their axis. */
  readonly wholeA: boolean;
  readonly wholeB: boolean;
  readonly wholeC: boolean;
  readonly bias: boolean;
  /** Invocations along a side of a workgroup. */
  readonly side: 4 | 8 | 16;
}

const parts = ["x", "y", "z", "w"] as const;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (...all: readonly string[][]) => all.flat().join("\n");

function programOf(shape: Shape): Program {
  const { variant, transposeA, transposeB, wholeA, wholeB, wholeC, bias, side } = shape;
  const flags = [transposeA, transposeB, wholeA, wholeB, wholeC, bias].map(Number).join("");
  return {
    key: `matmul ${variant} ${side} ${flags}`,
    bindings: [
      reads("a", vector(wholeA ? 4 : 1)),
      reads("b", vector(wholeB ? 4 : 1)),
      ...((bias ? [reads("bias")] : []) as Binding[]),
      writes("c", vector(wholeC ? 4 : 1)),
    ],
    uniforms: { M: "u32", N: "u32", K: "u32" },
    code: () => (variant === "software" ? fromStorage(shape) : fromShared(shape)),
  };
}

/** Of A: stored [M, K], or [K, M] if it is transposed; of B: [K, N] or [N, K]. */
const loaders = ({ transposeA, transposeB, wholeA, wholeB }: Shape) =>
  lines(
    [loader("a", transposeA ? ["u.K", "u.M"] : ["u.M", "u.K"], wholeA)],
    [loader("b", transposeB ? ["u.N", "u.K"] : ["u.K", "u.N"], wholeB)],
  );

/** Four numbers of a row, from a column that is a multiple of 4. Beyond the edge: zeros, or (if whole) anything. */
function loader(name: string, [rows, columns]: readonly [string, string] | string[], whole: boolean): string {
  if (whole)
    return `fn load_${name}(row: u32, column: u32) -> vec4<f32> {
  return ${name}[(min(row, ${rows} - 1u) * ${columns} + min(column, ${columns} - 4u)) / 4u];
}`;
  // Without branches: SwiftShader takes minutes to compile 64 of them.
  const one = (i: number) =>
    `select(0.0, ${name}[first + min(column + ${i}u, ${columns} - 1u)], inside & (column + ${i}u < ${columns}))`;
  return `fn load_${name}(row: u32, column: u32) -> vec4<f32> {
  let inside = row < ${rows};
  let first = min(row, ${rows} - 1u) * ${columns};
  return vec4<f32>(${range(4).map(one).join(", ")});
}`;
}

/**
 * One step of 4 along K for a tile of `rows` x `columns`: c{row}_{column / 4} += A B. `a(i, k)` and `b(k, j)` give the
 * code of the vec4 there: along K from k for row or column i, or, of the transposed kind, along rows or columns.
 */
function step(
  { transposeA, transposeB }: Shape,
  rows: number,
  columns: number,
  a: (i: number, k: number) => string,
  b: (k: number, j: number) => string,
): string {
  const loadA = transposeA
    ? range(4).flatMap((k) => range(rows / 4).map((q) => `let a${k}_${q} = ${a(4 * q, k)};`))
    : range(rows).map((i) => `let a${i} = ${a(i, 0)};`);
  const one = (i: number, k: number) =>
    transposeA ? `a${k}_${i >> 2}.${parts[i & 3]}` : `a${i}.${parts[k]}`;
  const quads = range(columns / 4);
  const loadB = transposeB
    ? range(columns).map((j) => `let t${j} = ${b(0, j)};`)
    : range(4).flatMap((k) => quads.map((q) => `let b${k}_${q} = ${b(k, 4 * q)};`));
  const turnB = transposeB
    ? range(4).flatMap((k) =>
        quads.map((q) => {
          const four = range(4).map((j) => `t${4 * q + j}.${parts[k]}`);
          return `let b${k}_${q} = vec4<f32>(${four.join(", ")});`;
        }),
      )
    : [];
  const sums = range(rows).flatMap((i) =>
    quads.map(
      (q) =>
        `c${i}_${q} += ${range(4)
          .map((k) => `${one(i, k)} * b${k}_${q}`)
          .join(" + ")};`,
    ),
  );
  return lines(loadA, loadB, turnB, sums);
}

const accumulators = (rows: number, columns: number) =>
  range(rows)
    .flatMap((i) => range(columns / 4).map((q) => `var c${i}_${q} = vec4<f32>(0.0);`))
    .join("\n");

/** From accumulators to C, below its edges; `row` and `column` are the tile's first. */
function store({ wholeC, bias }: Shape, rows: number, columns: number): string {
  const biases = range(columns / 4).flatMap((q) =>
    bias
      ? [
          `let bias${q} = vec4<f32>(${range(4)
            .map((j) => `bias[min(column + ${4 * q + j}u, u.N - 1u)]`)
            .join(", ")});`,
        ]
      : [],
  );
  const quads = range(columns / 4);
  if (!wholeC) {
    const all = range(rows).flatMap((i) => quads.map((q) => (bias ? `c${i}_${q} + bias${q}` : `c${i}_${q}`)));
    return lines(biases, [
      `var tile = array<vec4<f32>, ${all.length}>(${all.join(", ")});
  for (var i = 0u; i < ${rows}u && row + i < u.M; i++) {
    for (var j = 0u; j < ${columns}u && column + j < u.N; j++) {
      c[(row + i) * u.N + column + j] = tile[i * ${columns / 4}u + j / 4u][j % 4u];
    }
  }`,
    ]);
  }
  const stores = range(rows).flatMap((i) =>
    quads.map((q) => {
      const sum = bias ? `c${i}_${q} + bias${q}` : `c${i}_${q}`;
      const inside = `row + ${i}u < u.M && column + ${4 * q}u < u.N`;
      return `if (${inside}) { c[((row + ${i}u) * u.N + column) / 4u + ${q}u] = ${sum}; }`;
    }),
  );
  return lines(biases, stores);
}

const softwareTile = 8;

function fromStorage(shape: Shape): string {
  const { transposeA, transposeB, side } = shape;
  const size = softwareTile;
  const a = (i: number, k: number) =>
    transposeA ? `load_a(k + ${k}u, row + ${i}u)` : `load_a(row + ${i}u, k + ${k}u)`;
  const b = (k: number, j: number) =>
    transposeB ? `load_b(column + ${j}u, k + ${k}u)` : `load_b(k + ${k}u, column + ${j}u)`;
  return `${loaders(shape)}
@compute @workgroup_size(${side}, ${side})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * ${size}u;
  let column = id.x * ${size}u;
  if (row >= u.M || column >= u.N) { return; }
  ${accumulators(size, size)}
  for (var k = 0u; k < u.K; k += 4u) {
    ${step(shape, size, size, a, b)}
  }
  ${store(shape, size, size)}
}`;
}

const hardwareTile = 4;
/** Of A and B that a workgroup shares at a time, along K. */
const depth = 16;

// Shared blocks hold vec4s as memory does: along K a row's 4 vec4s, turned by the row's number so that neighbours read
// from other banks; otherwise a row of the block's width for each k.
function fromShared(shape: Shape): string {
  const { transposeA, transposeB, side } = shape;
  const block = side * hardwareTile;
  const vectors = (block * depth) / 4;
  const alongK = (i: string) => `${i} * ${depth / 4}u + (((k / 4u) + ${i} / 4u) % ${depth / 4}u)`;
  const across = (i: string, k: number) => `(k + ${k}u) * ${block / 4}u + (${i}) / 4u`;
  const place = (first: string, i: number) => `(${first} + ${i}u)`;
  const a = (i: number, k: number) =>
    `shared_a[${transposeA ? across(place("tileRow", i), k) : alongK(place("tileRow", i))}]`;
  const b = (k: number, j: number) =>
    `shared_b[${transposeB ? alongK(place("tileColumn", j)) : across(place("tileColumn", j), k)}]`;
  const fill = (name: string, first: string, isAlongK: boolean) =>
    range(vectors / (side * side)).map((n) => {
      const at = `(lane + ${n * side * side}u)`;
      if (isAlongK)
        return `{ let i = ${at} / ${depth / 4}u; let q = ${at} % ${depth / 4}u;
      shared_${name}[i * ${depth / 4}u + ((q + i / 4u) % ${depth / 4}u)] = within(load_${name}(${first} + i, start + 4u * q), start + 4u * q); }`;
      return `{ let k = ${at} / ${block / 4}u; let q = ${at} % ${block / 4}u;
      shared_${name}[${at}] = select(vec4<f32>(0.0), load_${name}(start + k, ${first} + 4u * q), start + k < u.K); }`;
    });
  return `${loaders(shape)}
var<workgroup> shared_a: array<vec4<f32>, ${vectors}>;
var<workgroup> shared_b: array<vec4<f32>, ${vectors}>;
fn within(x: vec4<f32>, k: u32) -> vec4<f32> { return select(vec4<f32>(0.0), x, k < u.K); }
@compute @workgroup_size(${side}, ${side})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let firstRow = group.y * ${block}u;
  let firstColumn = group.x * ${block}u;
  let tileRow = id.y * ${hardwareTile}u;
  let tileColumn = id.x * ${hardwareTile}u;
  let row = firstRow + tileRow;
  let column = firstColumn + tileColumn;
  ${accumulators(hardwareTile, hardwareTile)}
  for (var start = 0u; start < u.K; start += ${depth}u) {
    ${lines(fill("a", "firstRow", !transposeA), fill("b", "firstColumn", transposeB))}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k += 4u) {
      ${step(shape, hardwareTile, hardwareTile, a, b)}
    }
    workgroupBarrier();
  }
  ${store(shape, hardwareTile, hardwareTile)}
}`;
}

/** Workgroups below which smaller blocks keep more of a graphics card busy. */
const fewBlocks = 128;

export const matmulKernel: Kernel = (gpu, inputs, attributes) => {
  const [a, b, bias] = [inputs.a!, inputs.b!, inputs.bias];
  const [transposeA, transposeB] = [Boolean(attributes.transposeA), Boolean(attributes.transposeB)];
  const [a0 = 0, a1 = 0] = a.shape;
  const [b0 = 0, b1 = 0] = b.shape;
  const [M, K] = transposeA ? [a1, a0] : [a0, a1];
  const [depthB, N] = transposeB ? [b1, b0] : [b0, b1];
  if (K !== depthB) throw new Error(`matmul: expected ${K} as B's inner axis, got ${depthB}`);
  const { variant } = gpu;
  const blocks = (size: number) => ceilDiv(M, size) * ceilDiv(N, size);
  const side = variant === "software" ? 4 : blocks(16 * hardwareTile) < fewBlocks ? 8 : 16;
  const fours = (n: number) => n % 4 === 0;
  const program = programOf({
    variant,
    transposeA,
    transposeB,
    wholeA: fours(a1) && (!transposeA || fours(K)),
    wholeB: fours(b1) && (transposeB || fours(K)),
    wholeC: fours(N),
    bias: bias !== undefined,
    side,
  });
  const c = gpu.make([M, N]);
  const block = side * (variant === "software" ? softwareTile : hardwareTile);
  const groups: Groups = [ceilDiv(N, block), ceilDiv(M, block), 1];
  gpu.run(program, bias === undefined ? [a, b, c] : [a, b, bias, c], [M, N, K], groups);
  return [c];
};
