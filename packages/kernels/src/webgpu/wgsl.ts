// Pieces of WGSL that several kernels share: bindings and how they are read, grids of any size, rows shared by lanes.
//
// A binding is read and written by get_NAME(i) and put_NAME(i, value), in float32 whatever is in memory: halves are two in
// a u32 (pack2x16float), which every adapter can do.

import type { ElementType } from "../plan/plan.ts";

export type Width = 1 | 4;
export type Groups = readonly [number, number, number];

export interface Binding {
  readonly name: string;
  /** Numbers that are taken at once. */
  readonly width: Width;
  readonly access: "read" | "read_write";
}

export interface Program {
  /** Names the code: every number that is written into it has to be in here. */
  readonly key: string;
  /** In the order of the operands it runs on. */
  readonly bindings: readonly Binding[];
  /** Scalars, in the order of their values: `u.name` in the code. */
  readonly uniforms: Readonly<Record<string, "u32" | "f32">>;
  /** Functions and a compute entry point `main`; made only when the pipeline is. */
  readonly code: () => string;
}

/** One invocation a row on a processor that plays graphics card; a workgroup a row on a real one. */
export type DesignName = "software" | "hardware";

export const ceilDiv = (a: number, b: number) => Math.ceil(a / b);
export const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** Code that is written out n times. */
export const each = (n: number, code: (i: number) => string) => range(n).map(code).join("\n");

/** 4 where numbers can be taken in fours along an axis of this length, else 1. */
export const widthOf = (length: number): Width => (length % 4 === 0 ? 4 : 1);

export const vector = (width: Width) => (width === 4 ? "vec4<f32>" : "f32");

export const reads = (name: string, width: Width = 1): Binding => ({ name, width, access: "read" });
export const writes = (name: string, width: Width = 1): Binding => ({ name, width, access: "read_write" });

/** Declares a binding and its accessors. */
export function declare({ name, width, access }: Binding, index: number, type: ElementType): string {
  const storage = `@group(0) @binding(${index}) var<storage, ${access}> ${name}`;
  if (type === "f16") {
    const [memory, get, put] =
      width === 4
        ? [
            "vec2<u32>",
            `let h = ${name}[i]; return vec4<f32>(unpack2x16float(h.x), unpack2x16float(h.y));`,
            `${name}[i] = vec2<u32>(pack2x16float(value.xy), pack2x16float(value.zw));`,
          ]
        : ["u32", `return unpack2x16float(${name}[i / 2u])[i % 2u];`, null];
    if (put === null && access === "read_write")
      throw new Error(`${name}: expected halves to be written in fours, got one at a time`);
    return accessors(name, access, `${storage}: array<${memory}>;`, vector(width), get!, put ?? "");
  }
  const element = type === "i32" ? "i32" : vector(width);
  return accessors(
    name,
    access,
    `${storage}: array<${element}>;`,
    element,
    `return ${name}[i];`,
    `${name}[i] = value;`,
  );
}

function accessors(
  name: string,
  access: Binding["access"],
  storage: string,
  value: string,
  get: string,
  put: string,
) {
  const reader = `fn get_${name}(i: u32) -> ${value} { ${get} }`;
  const writer = `fn put_${name}(i: u32, value: ${value}) { ${put} }`;
  return [storage, reader, ...(access === "read" ? [] : [writer])].join("\n");
}

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

export const rowGroups = (rows: number, design: DesignName): Groups =>
  fold(design === "software" ? ceilDiv(rows, softwareRows) : rows);

/**
 * An entry point for each `row` below u.rows, whose elements are shared by lanes: the body loops
 * `for (var i = lane; i < n; i += LANES)` and joins what lanes found by sumOf(x), sum2Of(vec2) and maxOf(x).
 */
export function rowProgram(design: DesignName, body: string): string {
  if (design === "software")
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
  return `
const LANES = ${rowLanes}u;
var<private> lane: u32;
${joins("LANES", rowLanes)}
@compute @workgroup_size(${rowLanes})
fn main(@builtin(local_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  lane = id.x;
  ${body}
}`;
}

/** sumOf, sum2Of and maxOf over the lanes of a workgroup. */
function joins(lanes: string, count: number): string {
  const join = (name: string, type: string, space: string, how: string) => `
fn ${name}(x: ${type}) -> ${type} {
  ${space}[lane] = x;
  for (var half = ${lanes} / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { let a = ${space}[lane]; let b = ${space}[lane + half]; ${space}[lane] = ${how}; }
  }
  workgroupBarrier();
  let joined = ${space}[0];
  workgroupBarrier();
  return joined;
}`;
  return `
var<workgroup> shared1: array<f32, ${count}>;
var<workgroup> shared2: array<vec2<f32>, ${count}>;
${join("sumOf", "f32", "shared1", "a + b")}
${join("maxOf", "f32", "shared1", "max(a, b)")}
${join("sum2Of", "vec2<f32>", "shared2", "a + b")}`;
}

/** Columns of a workgroup, and lanes that share a column's rows, on real graphics cards. */
const columnWidth = 32;
const columnLanes = 8;

export const columnGroups = (columns: number, design: DesignName): Groups =>
  fold(ceilDiv(columns, design === "software" ? softwareRows : columnWidth));

/**
 * An entry point for each `column` below u.columns: the body adds up `sum`, a vec2, over the rows `for (var row = lane;
 * row < u.rows; row += LANES)`, and `finish` takes the total once.
 */
export function columnProgram(design: DesignName, body: string, finish: string): string {
  if (design === "software")
    return `
const LANES = 1u;
const lane = 0u;
@compute @workgroup_size(${softwareRows})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let column = id.x + id.y * groups.x * ${softwareRows}u;
  if (column >= u.columns) { return; }
  var sum = vec2<f32>(0.0);
  ${body}
  ${finish}
}`;
  return `
const LANES = ${columnLanes}u;
var<workgroup> parts: array<vec2<f32>, ${columnWidth * columnLanes}>;
@compute @workgroup_size(${columnWidth}, ${columnLanes})
fn main(@builtin(local_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let column = (group.x + group.y * groups.x) * ${columnWidth}u + id.x;
  let lane = id.y;
  var sum = vec2<f32>(0.0);
  if (column < u.columns) {
    ${body}
  }
  parts[lane * ${columnWidth}u + id.x] = sum;
  workgroupBarrier();
  if (lane == 0u && column < u.columns) {
    for (var i = 1u; i < LANES; i++) { sum += parts[i * ${columnWidth}u + id.x]; }
    ${finish}
  }
}`;
}

/** hsum(x): the sum over the parts of a V; hmax(x): the largest. `alias V` is the vector. */
export const vectorPrelude = (width: Width) => `
alias V = ${vector(width)};
fn hsum(x: V) -> f32 { return ${width === 4 ? "x.x + x.y + x.z + x.w" : "x"}; }
fn hmax(x: V) -> f32 { return ${width === 4 ? "max(max(x.x, x.y), max(x.z, x.w))" : "x"}; }
`;
