// C = op(A) op(B) (+ C) (+ bias), float32, all four transpositions, any row strides.
//
// After Goto and van de Geijn (2008): blocks of B are packed into panels of 8 columns and kept in L2, panels of 4 rows
// of A in L1; the kernel keeps a tile of 4 x 8 in registers and adds a row of A times a row of B at each k. Packing
// pads with zeros, so the kernel has no edges; a tile at the edge is written by way of a buffer. Cost 2 M N K. One row
// alone, as of a token that follows others, packs nothing (gemv).

import { dot } from "../../assembly/dot";
import { madd } from "../../assembly/elementary";
import { loadSome, storeSome } from "../../assembly/lanes";

const MR: i32 = 4;
const NR: i32 = 8;
const KC: i32 = 256;
const NC: i32 = 512;

/** Bytes of scratch memory that gemm wants. */
export function gemmScratchBytes(): i32 {
  return (KC * NC + KC * MR + MR * NR) * 4 + 64;
}

export function gemm(
  transposeA: i32, transposeB: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
  accumulate: i32, bias: usize, scratch: usize,
): void {
  const packedB = (scratch + 15) & ~15;
  const packedA = packedB + <usize>(KC * NC * 4);
  const tile = packedA + <usize>(KC * MR * 4);
  for (let j0 = 0; j0 < n; j0 += NC) {
    const nb = min(NC, n - j0);
    for (let p0 = 0; p0 < k; p0 += KC) {
      const kb = min(KC, k - p0);
      const add = accumulate != 0 || p0 > 0;
      packB(transposeB, b, ldb, p0, kb, j0, nb, packedB);
      for (let i0 = 0; i0 < m; i0 += MR) {
        const mb = min(MR, m - i0);
        packA(transposeA, a, lda, i0, mb, p0, kb, packedA);
        let panel = packedB;
        for (let j = 0; j < nb; j += NR) {
          const at = c + <usize>((i0 * ldc + j0 + j) * 4);
          const biasAt = bias != 0 && p0 == 0 ? bias + <usize>((j0 + j) * 4) : <usize>0;
          const width = min(NR, nb - j);
          if (mb == MR && width == NR) kernel(kb, packedA, panel, at, ldc, add, biasAt);
          else edge(kb, packedA, panel, at, ldc, add, biasAt, mb, width, tile);
          panel += <usize>(kb * NR * 4);
        }
      }
    }
  }
}

/** c[n] = a[k] op(B) (+ c) (+ bias): B is read once, as it lies in memory, since packing it costs more than one row is worth. */
export function gemv(
  transposeB: i32, n: i32, k: i32, a: usize, b: usize, ldb: i32, c: usize, accumulate: i32, bias: usize,
): void {
  if (accumulate == 0) {
    if (bias != 0) memory.copy(c, bias, <usize>(n * 4));
    else memory.fill(c, 0, <usize>(n * 4));
  } else if (bias != 0) addScaled(1, bias, c, n);
  if (!transposeB) {
    for (let p = 0; p < k; p++) addScaled(load<f32>(a + <usize>(p * 4)), b + <usize>(p * ldb * 4), c, n);
    return;
  }
  for (let j = 0; j < n; j++) {
    const at = c + <usize>(j * 4);
    store<f32>(at, load<f32>(at) + dot(a, b + <usize>(j * ldb * 4), k));
  }
}

/** y += factor x. */
function addScaled(factor: f32, x: usize, y: usize, size: i32): void {
  const f = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const o = <usize>(i * 4);
    v128.store(y + o, madd(f, v128.load(x + o), v128.load(y + o)));
  }
  for (; i < size; i++) {
    const o = <usize>(i * 4);
    store<f32>(y + o, load<f32>(y + o) + factor * load<f32>(x + o));
  }
}

/** Panels of 8 columns: [panel][k][8]. */
function packB(transposed: i32, b: usize, ldb: i32, p0: i32, kb: i32, j0: i32, nb: i32, out: usize): void {
  for (let j = 0; j < nb; j += NR) {
    const width = min(NR, nb - j);
    if (!transposed) {
      let row = b + <usize>((p0 * ldb + j0 + j) * 4);
      if (width == NR) {
        for (let p = 0; p < kb; p++) {
          v128.store(out, v128.load(row));
          v128.store(out, v128.load(row, 16), 16);
          out += 32;
          row += <usize>(ldb * 4);
        }
      } else {
        for (let p = 0; p < kb; p++) {
          for (let i = 0; i < NR; i++)
            store<f32>(out + <usize>(i * 4), i < width ? load<f32>(row + <usize>(i * 4)) : 0);
          out += 32;
          row += <usize>(ldb * 4);
        }
      }
    } else {
      const first = b + <usize>(((j0 + j) * ldb + p0) * 4);
      const step = <usize>(ldb * 4);
      let p = 0;
      if (width == NR) {
        for (; p + 4 <= kb; p += 4) {
          const from = first + <usize>(p * 4);
          transpose4(from, step, out, 32);
          transpose4(from + 4 * step, step, out + 16, 32);
          out += 128;
        }
      }
      for (; p < kb; p++) {
        for (let i = 0; i < NR; i++)
          store<f32>(out + <usize>(i * 4), i < width ? load<f32>(first + <usize>i * step + <usize>(p * 4)) : 0);
        out += 32;
      }
    }
  }
}

/** One panel of 4 rows: [k][4]. */
function packA(transposed: i32, a: usize, lda: i32, i0: i32, mb: i32, p0: i32, kb: i32, out: usize): void {
  if (!transposed) {
    const first = a + <usize>((i0 * lda + p0) * 4);
    const step = <usize>(lda * 4);
    let p = 0;
    if (mb == MR) {
      for (; p + 4 <= kb; p += 4) {
        transpose4(first + <usize>(p * 4), step, out, 16);
        out += 64;
      }
    }
    for (; p < kb; p++) {
      for (let i = 0; i < MR; i++)
        store<f32>(out + <usize>(i * 4), i < mb ? load<f32>(first + <usize>i * step + <usize>(p * 4)) : 0);
      out += 16;
    }
  } else {
    let row = a + <usize>((p0 * lda + i0) * 4);
    if (mb == MR) {
      for (let p = 0; p < kb; p++) {
        v128.store(out, v128.load(row));
        out += 16;
        row += <usize>(lda * 4);
      }
    } else {
      for (let p = 0; p < kb; p++) {
        for (let i = 0; i < MR; i++)
          store<f32>(out + <usize>(i * 4), i < mb ? load<f32>(row + <usize>(i * 4)) : 0);
        out += 16;
        row += <usize>(lda * 4);
      }
    }
  }
}

/** Four rows of four, transposed: rows `step` bytes apart are read, rows `outStep` bytes apart are written. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, step: usize, out: usize, outStep: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + step);
  const r2 = v128.load(from + 2 * step);
  const r3 = v128.load(from + 3 * step);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(out + outStep, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(out + 2 * outStep, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(out + 3 * outStep, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

function kernel(kb: i32, a: usize, b: usize, c: usize, ldc: i32, add: bool, bias: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let p = 0; p < kb; p++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  const step = <usize>(ldc * 4);
  let d0 = f32x4.splat(0), d1 = d0;
  if (bias != 0) {
    d0 = v128.load(bias);
    d1 = v128.load(bias, 16);
  }
  put(c, add, f32x4.add(c00, d0), f32x4.add(c01, d1));
  put(c + step, add, f32x4.add(c10, d0), f32x4.add(c11, d1));
  put(c + 2 * step, add, f32x4.add(c20, d0), f32x4.add(c21, d1));
  put(c + 3 * step, add, f32x4.add(c30, d0), f32x4.add(c31, d1));
}

// @ts-ignore: decorator
@inline
function put(at: usize, add: bool, x0: v128, x1: v128): void {
  if (add) {
    v128.store(at, f32x4.add(v128.load(at), x0));
    v128.store(at, f32x4.add(v128.load(at, 16), x1), 16);
  } else {
    v128.store(at, x0);
    v128.store(at, x1, 16);
  }
}

function edge(
  kb: i32, a: usize, b: usize, c: usize, ldc: i32, add: bool, bias: usize,
  mb: i32, width: i32, tile: usize,
): void {
  kernel(kb, a, b, tile, NR, false, 0);
  for (let i = 0; i < mb; i++)
    for (let j = 0; j < width; j++) {
      const at = c + <usize>((i * ldc + j) * 4);
      let value = load<f32>(tile + <usize>((i * NR + j) * 4));
      if (bias != 0) value += load<f32>(bias + <usize>(j * 4));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
}

export function copy(from: usize, to: usize, size: i32): void {
  memory.copy(to, from, <usize>(size * 4));
}

/** c <- alpha c + beta r; r may be 0: none. */
export function blend(c: usize, r: usize, alpha: f32, beta: f32, size: i32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    let x = f32x4.mul(a, loadSome(c + at, size - i));
    if (r != 0) x = f32x4.add(x, f32x4.mul(b, loadSome(r + at, size - i)));
    storeSome(c + at, x, size - i);
  }
}
