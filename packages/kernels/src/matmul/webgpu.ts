// Matrix products in WGSL, all four transpositions without moving an operand.
//
// An invocation owns a tile of C in registers and walks along K in steps of 4: of A and B it takes vec4s along
// whichever axis lies side by side in memory, and turns them in registers, which costs nothing. On a processor that
// plays graphics card a tile of 8 x 8 is read straight from storage: workgroup memory with its barriers costs there
// more than it saves, larger tiles spill. On a real card the invocations of a workgroup share blocks of A and B.
// What follows the product (bias, activation, residual, adding up) happens in registers, before C is written.

import { geluCode } from "../gelu/webgpu.ts";
import type { Attributes } from "../plan/plan.ts";
import type { Tiling } from "../webgpu/design.ts";
import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  ceilDiv,
  type Groups,
  type Program,
  range,
  reads,
  vector,
  type Width,
  writes,
} from "../webgpu/wgsl.ts";

/** What the code depends on. */
interface Shape extends Tiling {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether vec4s can be read (A, B) and written (C) without looking at the edges of their axis. */
  readonly wholeA: boolean;
  readonly wholeB: boolean;
  readonly wholeC: boolean;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Attributes<"MatMul">["activation"];
  readonly accumulate: boolean;
  readonly scaled: boolean;
}

const parts = ["x", "y", "z", "w"] as const;
const lines = (...all: readonly (readonly string[])[]) => all.flat().join("\n");
const widthIf = (whole: boolean): Width => (whole ? 4 : 1);

function programOf(shape: Shape): Program {
  const { wholeA, wholeB, wholeC, bias, residual, activation } = shape;
  const c = widthIf(wholeC);
  return {
    key: `matmul ${Object.values(shape).join(" ")}`,
    bindings: [
      reads("a", widthIf(wholeA)),
      reads("b", widthIf(wholeB)),
      ...(bias ? [reads("bias", c)] : []),
      ...(residual ? [reads("residual", c)] : []),
      ...(activation === "none" ? [] : [activation === "gelu" ? writes("pre", c) : reads("pre", c)]),
      writes("c", c),
    ],
    uniforms: { M: "u32", N: "u32", K: "u32", alpha: "f32", beta: "f32" },
    code: () =>
      `alias V = ${vector(c)};\n${geluCode}${finishCode(shape)}${shape.shared ? fromShared(shape) : fromStorage(shape)}`,
  };
}

/** What happens to a sum, or four side by side, on its way to C. */
function finishCode({ wholeC, bias, residual, activation, accumulate, scaled }: Shape): string {
  return `fn finish(row: u32, column: u32, sum: V) {
  let at = (row * u.N + column)${wholeC ? " / 4u" : ""};
  var value = ${scaled ? "u.alpha * sum" : "sum"};
  ${bias ? `value += get_bias(column${wholeC ? " / 4u" : ""});` : ""}
  ${activation === "gelu" ? "put_pre(at, value); value = gelu(value);" : ""}
  ${activation === "geluGrad" ? "value *= gelu_slope(get_pre(at));" : ""}
  ${residual ? `value += ${scaled ? "u.beta * " : ""}get_residual(at);` : ""}
  ${accumulate ? "value += get_c(at);" : ""}
  put_c(at, value);
}
`;
}

/** Of A: stored [M, K], or [K, M] if it is transposed; of B: [K, N] or [N, K]. */
const loaders = ({ transposeA, transposeB, wholeA, wholeB }: Shape) =>
  lines(
    [loader("a", transposeA ? ["u.K", "u.M"] : ["u.M", "u.K"], wholeA)],
    [loader("b", transposeB ? ["u.N", "u.K"] : ["u.K", "u.N"], wholeB)],
  );

/** Four numbers of a row, from a column that is a multiple of 4. Beyond the edge: zeros, or (if whole) anything. */
function loader(name: string, [rows, columns]: readonly string[], whole: boolean): string {
  if (whole)
    return `fn load_${name}(row: u32, column: u32) -> vec4<f32> {
  return get_${name}((min(row, ${rows} - 1u) * ${columns} + min(column, ${columns} - 4u)) / 4u);
}`;
  // Without branches: SwiftShader takes minutes to compile 64 of them.
  const one = (i: number) =>
    `select(0.0, get_${name}(first + min(column + ${i}u, ${columns} - 1u)), inside & (column + ${i}u < ${columns}))`;
  return `fn load_${name}(row: u32, column: u32) -> vec4<f32> {
  let inside = row < ${rows};
  let first = min(row, ${rows} - 1u) * ${columns};
  return vec4<f32>(${range(4).map(one).join(", ")});
}`;
}

/**
 * One step of 4 along K for a tile: c{row}_{column / 4} += A B. `a(i, k)` and `b(k, j)` give the code of the vec4 there:
 * along K from k for row or column i, or, of the transposed kind, along rows or columns.
 */
function step(
  { transposeA, transposeB, rows, columns }: Shape,
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

const accumulators = ({ rows, columns }: Tiling) =>
  range(rows)
    .flatMap((i) => range(columns / 4).map((q) => `var c${i}_${q} = vec4<f32>(0.0);`))
    .join("\n");

/** From accumulators to C, below its edges; `row` and `column` are the tile's first. */
function store({ wholeC, rows, columns }: Shape): string {
  const quads = range(columns / 4);
  if (wholeC)
    return lines(
      range(rows).flatMap((i) =>
        quads.map((q) => {
          const inside = `row + ${i}u < u.M && column + ${4 * q}u < u.N`;
          return `if (${inside}) { finish(row + ${i}u, column + ${4 * q}u, c${i}_${q}); }`;
        }),
      ),
    );
  const all = range(rows).flatMap((i) => quads.map((q) => `c${i}_${q}`));
  return `var tile = array<vec4<f32>, ${all.length}>(${all.join(", ")});
  for (var i = 0u; i < ${rows}u && row + i < u.M; i++) {
    for (var j = 0u; j < ${columns}u && column + j < u.N; j++) {
      finish(row + i, column + j, tile[i * ${columns / 4}u + j / 4u][j % 4u]);
    }
  }`;
}

function fromStorage(shape: Shape): string {
  const { transposeA, transposeB, wholeA, wholeB, side, rows, columns } = shape;
  // Where whole, all that does not depend on k is found before the loop.
  const basesA = !wholeA
    ? []
    : transposeA
      ? range(rows / 4).map((q) => `let at_a${4 * q} = min(row / 4u + ${q}u, u.M / 4u - 1u);`)
      : range(rows).map((i) => `let at_a${i} = min(row + ${i}u, u.M - 1u) * (u.K / 4u);`);
  const basesB = !wholeB
    ? []
    : transposeB
      ? range(columns).map((j) => `let at_b${j} = min(column + ${j}u, u.N - 1u) * (u.K / 4u);`)
      : range(columns / 4).map((q) => `let at_b${4 * q} = min(column / 4u + ${q}u, u.N / 4u - 1u);`);
  const a = (i: number, k: number) => {
    if (wholeA) return transposeA ? `get_a((k + ${k}u) * (u.M / 4u) + at_a${i})` : `get_a(at_a${i} + k / 4u)`;
    return transposeA ? `load_a(k + ${k}u, row + ${i}u)` : `load_a(row + ${i}u, k + ${k}u)`;
  };
  const b = (k: number, j: number) => {
    if (wholeB) return transposeB ? `get_b(at_b${j} + k / 4u)` : `get_b((k + ${k}u) * (u.N / 4u) + at_b${j})`;
    return transposeB ? `load_b(column + ${j}u, k + ${k}u)` : `load_b(k + ${k}u, column + ${j}u)`;
  };
  return `${loaders(shape)}
@compute @workgroup_size(${side}, ${side})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * ${rows}u;
  let column = id.x * ${columns}u;
  if (row >= u.M || column >= u.N) { return; }
  ${lines(basesA, basesB)}
  ${accumulators(shape)}
  for (var k = 0u; k < u.K; k += 4u) {
    ${step(shape, a, b)}
  }
  ${store(shape)}
}`;
}

// Shared blocks hold vec4s as memory does: along K a row's vec4s, turned by the row's number so that neighbours read
// from other banks; otherwise a row of the block's width for each k.
function fromShared(shape: Shape): string {
  const { transposeA, transposeB, side, rows, columns, depth } = shape;
  const [blockRows, blockColumns] = [side * rows, side * columns];
  const alongK = (i: string) => `${i} * ${depth / 4}u + (((k / 4u) + ${i} / 4u) % ${depth / 4}u)`;
  const across = (block: number, i: string, k: number) => `(k + ${k}u) * ${block / 4}u + (${i}) / 4u`;
  const place = (first: string, i: number) => `(${first} + ${i}u)`;
  const a = (i: number, k: number) =>
    `shared_a[${transposeA ? across(blockRows, place("tileRow", i), k) : alongK(place("tileRow", i))}]`;
  const b = (k: number, j: number) =>
    `shared_b[${transposeB ? alongK(place("tileColumn", j)) : across(blockColumns, place("tileColumn", j), k)}]`;
  const fill = (name: string, block: number, first: string, isAlongK: boolean) => {
    const vectors = (block * depth) / 4;
    return range(ceilDiv(vectors, side * side)).map((n) => {
      const at = `(lane + ${n * side * side}u)`;
      const body = isAlongK
        ? `let i = ${at} / ${depth / 4}u; let q = ${at} % ${depth / 4}u;
      shared_${name}[i * ${depth / 4}u + ((q + i / 4u) % ${depth / 4}u)] = within(load_${name}(${first} + i, start + 4u * q), start + 4u * q);`
        : `let k = ${at} / ${block / 4}u; let q = ${at} % ${block / 4}u;
      shared_${name}[${at}] = within(load_${name}(start + k, ${first} + 4u * q), start + k);`;
      return (n + 1) * side * side <= vectors ? `{ ${body} }` : `if (${at} < ${vectors}u) { ${body} }`;
    });
  };
  return `${loaders(shape)}
var<workgroup> shared_a: array<vec4<f32>, ${(blockRows * depth) / 4}>;
var<workgroup> shared_b: array<vec4<f32>, ${(blockColumns * depth) / 4}>;
fn within(x: vec4<f32>, k: u32) -> vec4<f32> { return select(vec4<f32>(0.0), x, k < u.K); }
@compute @workgroup_size(${side}, ${side})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let firstRow = group.y * ${blockRows}u;
  let firstColumn = group.x * ${blockColumns}u;
  let tileRow = id.y * ${rows}u;
  let tileColumn = id.x * ${columns}u;
  let row = firstRow + tileRow;
  let column = firstColumn + tileColumn;
  ${accumulators(shape)}
  for (var start = 0u; start < u.K; start += ${depth}u) {
    ${lines(fill("a", blockRows, "firstRow", !transposeA), fill("b", blockColumns, "firstColumn", transposeB))}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k += 4u) {
      ${step(shape, a, b)}
    }
    workgroupBarrier();
  }
  ${store(shape)}
}`;
}

const smallBlocks = { rows: 4, columns: 4, side: 8 } as const;

export const MatMul: WebgpuKernel<"MatMul"> = (gpu, { operands, sizes: { M, N, K }, attributes }) => {
  const { a, b, bias, residual, pre, c } = operands;
  const { transposeA, transposeB, activation, accumulate, alpha, beta } = attributes;
  const { matmul, fewBlocks } = gpu.design;
  const blocksOf = ({ rows, columns, side }: Pick<Tiling, "rows" | "columns" | "side">) =>
    ceilDiv(M, side * rows) * ceilDiv(N, side * columns);
  const tiling =
    matmul.shared && blocksOf(matmul) < fewBlocks
      ? { ...matmul, ...smallBlocks, depth: 16 as const }
      : matmul;
  const fours = (n: number) => n % 4 === 0;
  const program = programOf({
    ...tiling,
    transposeA,
    transposeB,
    wholeA: fours(K) && (!transposeA || fours(M)),
    wholeB: fours(transposeB ? K : N) && (transposeB || fours(K)),
    wholeC: fours(N),
    bias: bias !== undefined,
    residual: residual !== undefined,
    activation,
    accumulate,
    scaled: alpha !== 1 || beta !== 1,
  });
  const groups: Groups = [ceilDiv(N, tiling.side * tiling.columns), ceilDiv(M, tiling.side * tiling.rows), 1];
  const all = [a, b, bias, residual, pre, c].filter((one) => one !== undefined);
  gpu.dispatch(program, all, [M, N, K, alpha, beta], groups);
};
