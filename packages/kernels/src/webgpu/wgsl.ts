// Pieces of WGSL that several kernels share: numbers in fours, grids of any size, rows shared by lanes.

import type { Binding, Groups, Program, Variant } from "./gpu.ts";

export const ceilDiv = (a: number, b: number) => Math.ceil(a / b);

/** 4 where numbers can be taken in fours along an axis of this length, else 1. */
export const lanesOf = (length: number): 1 | 4 => (length % 4 === 0 ? 4 : 1);

export const vector = (width: 1 | 4) => (width === 4 ? "vec4<f32>" : "f32");

export const reads = (name: string, type = "f32"): Binding => ({ name, type, access: "read" });
export const writes = (name: string, type = "f32"): Binding => ({ name, type, access: "read_write" });

/** What WebGPU promises of workgroups along an axis. */
const axisLimit = 65535;

/** At least `count` workgroups, folded onto a second axis where one is too short. */
export function fold(count: number): Groups {
  const x = Math.min(count, axisLimit);
  return [x, ceilDiv(count, x), 1];
}

const flatSize = 64;

/** Workgroups for `count` invocations of a `flat` program. */
export const flatGroups = (count: number): Groups => fold(ceilDiv(count, flatSize));

/** An entry point with an invocation for each `index` below u.size. */
export const flat = (body: string) => `
@compute @workgroup_size(${flatSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = id.x + id.y * groups.x * ${flatSize}u;
  if (index >= u.size) { return; }
  ${body}
}`;

/** Lanes that share a row on real graphics cards. */
const rowLanes = 128;
/** Rows of a workgroup where one invocation does a row. */
const softwareRows = 8;

export const rowGroups = (rows: number, variant: Variant): Groups =>
  fold(variant === "software" ? ceilDiv(rows, softwareRows) : rows);

/**
 * An entry point for each `row` below u.rows, whose elements are shared by lanes: the body loops
 * `for (var i = lane; i < n; i += LANES)` and joins what lanes found by sumOf(x), sum2Of(vec2) and maxOf(x).
 */
export function rowProgram(variant: Variant, body: string): string {
  if (variant === "software")
    return `
const LANES = 1u;
const lane = 0u;
fn sumOf(x: f32) -> f32 { return x; }
fn sum2Of(x: vec2<f32>) -> vec2<f32> { return x; }
fn maxOf(x: f32) -> f32 { return x; }
@compute @workgroup_size(${softwareRows})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = id.x + id.y * groups.x * ${softwareRows}u;
  if (row >= u.rows) { return; }
  ${body}
}`;
  const join = (name: string, type: string, space: string, how: string) => `
fn ${name}(x: ${type}) -> ${type} {
  ${space}[lane] = x;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { let a = ${space}[lane]; let b = ${space}[lane + half]; ${space}[lane] = ${how}; }
  }
  workgroupBarrier();
  let joined = ${space}[0];
  workgroupBarrier();
  return joined;
}`;
  return `
const LANES = ${rowLanes}u;
var<private> lane: u32;
var<workgroup> shared1: array<f32, ${rowLanes}>;
var<workgroup> shared2: array<vec2<f32>, ${rowLanes}>;
${join("sumOf", "f32", "shared1", "a + b")}
${join("maxOf", "f32", "shared1", "max(a, b)")}
${join("sum2Of", "vec2<f32>", "shared2", "a + b")}
@compute @workgroup_size(${rowLanes})
fn main(@builtin(local_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  lane = id.x;
  ${body}
}`;
}

/** hsum(x): the sum over the parts of a V; hmax(x): the largest. `alias V` is the vector. */
export const vectorPrelude = (width: 1 | 4) => `
alias V = ${vector(width)};
fn hsum(x: V) -> f32 { return ${width === 4 ? "x.x + x.y + x.z + x.w" : "x"}; }
fn hmax(x: V) -> f32 { return ${width === 4 ? "max(max(x.x, x.y), max(x.z, x.w))" : "x"}; }
`;

/** Writes zeros: buffers of tensors are used again and hold what was there before. */
export function zeros(width: 1 | 4): Program {
  return {
    key: `zeros ${width}`,
    bindings: [writes("y", vector(width))],
    uniforms: { size: "u32" },
    code: () => flat(`y[index] = ${vector(width)}(0);`),
  };
}
