// Blocks of 64 numbers as levels of 8, 4 or 2 bits with a scale each, and back: bit for bit what src/plain/levels.ts does.

const blockSize = 64;

/**
 * Of `blocks` blocks from `x` on: a bfloat16 each to `scales`, levels to `levels`, and what they leave out to `dropped`, if
 * that is not 0. `scratch`: 256 bytes. Returns the largest magnitude as a float32's bits; unless it is finite, what is written means nothing.
 */
export function writeLevels(
  x: usize, blocks: i32, width: i32, mostScale: f64, scales: usize, levels: usize, dropped: usize, scratch: usize,
): i32 {
  let largest = 0;
  for (let block = 0; block < blocks; block++) {
    const at = x + <usize>(block * blockSize * 4);
    const extreme = extremeOf(at);
    largest = max(largest, reinterpret<i32>(extreme) & 0x7fffffff);
    let scale = 0;
    if (extreme != 0) scale = roundBlock(at, extreme, width, mostScale, scratch);
    if ((scale & 0x7fff) == 0) {
      scale = 0;
      memory.fill(scratch, 0, blockSize * 4);
    }
    store<u16>(scales + <usize>(block * 2), <u16>scale);
    packBlock(scratch, width, levels + <usize>(block * 8 * width));
    if (dropped != 0) dropBlock(at, scratch, reinterpret<f32>(scale << 16), dropped + <usize>(block * blockSize * 4));
  }
  return largest;
}

/** The number furthest from zero, the first of several. As integers, positive floats rise with their size, and above them the negative ones. */
function extremeOf(at: usize): f32 {
  let high = v128.load(at), low = high;
  for (let i = 4; i < blockSize; i += 4) {
    const bits = v128.load(at + <usize>(i * 4));
    high = i32x4.max_s(high, bits);
    low = i32x4.max_u(low, bits);
  }
  high = i32x4.max_s(high, v128.shuffle<i32>(high, high, 2, 3, 0, 1));
  low = i32x4.max_u(low, v128.shuffle<i32>(low, low, 2, 3, 0, 1));
  const above = max(max(i32x4.extract_lane(high, 0), i32x4.extract_lane(high, 1)), 0);
  const lowest = max(<u32>i32x4.extract_lane(low, 0), <u32>i32x4.extract_lane(low, 1));
  const below = lowest >= 0x80000000 ? <i32>(lowest & 0x7fffffff) : 0;
  if (above > below) return reinterpret<f32>(above);
  if (above < below) return reinterpret<f32>(lowest);
  let first = at;
  while ((load<i32>(first) & 0x7fffffff) != above) first += 4;
  return load<f32>(first);
}

/** Writes the nearest levels as 64 integers to `levels`; returns the scale of the least squares as a bfloat16, of either sign. */
function roundBlock(at: usize, extreme: f32, width: i32, mostScale: f64, levels: usize): i32 {
  const most = <f64>(1 << (width - 1));
  const inverse = f64x2.splat(-most / <f64>extreme);
  const middle = f64x2.splat(most + 0.5);
  const shift = f64x2.splat(most), top = f64x2.splat(most - 1);
  const magic = f64x2.splat(6755399441055744.0); // 1.5 * 2^52: an integer added to it is in the lowest bits
  let alongLow = f64x2.splat(0), alongHigh = alongLow;
  let squares = i32x4.splat(0);
  for (let i = 0; i < blockSize; i += 4) {
    const v = v128.load(at + <usize>(i * 4));
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    const levelLow = f64x2.pmin(f64x2.sub(f64x2.floor(f64x2.add(f64x2.mul(low, inverse), middle)), shift), top);
    const levelHigh = f64x2.pmin(f64x2.sub(f64x2.floor(f64x2.add(f64x2.mul(high, inverse), middle)), shift), top);
    alongLow = f64x2.add(alongLow, f64x2.mul(low, levelLow));
    alongHigh = f64x2.add(alongHigh, f64x2.mul(high, levelHigh));
    const level = v128.shuffle<i32>(f64x2.add(levelLow, magic), f64x2.add(levelHigh, magic), 0, 2, 4, 6);
    squares = i32x4.add(squares, i32x4.mul(level, level));
    v128.store(levels + <usize>(i * 4), level);
  }
  const sums = f64x2.add(alongLow, alongHigh);
  const along = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  squares = i32x4.add(squares, v128.shuffle<i32>(squares, squares, 2, 3, 0, 1));
  const square = <f64>(i32x4.extract_lane(squares, 0) + i32x4.extract_lane(squares, 1));
  const largest = min(abs(<f64>extreme) / most, mostScale);
  const fitted = min(abs(along) / square, largest);
  const raw = reinterpret<u32>(<f32>(extreme < 0 ? fitted : -fitted));
  return <i32>((raw + 0x7fff + ((raw >> 16) & 1)) >> 16);
}

/** Of 64 integers, the first in the lowest bits of a byte. */
function packBlock(levels: usize, width: i32, to: usize): void {
  for (let i = 0; i < blockSize; i += 16) {
    const at = levels + <usize>(i * 4);
    const low = i16x8.narrow_i32x4_s(v128.load(at), v128.load(at, 16));
    const high = i16x8.narrow_i32x4_s(v128.load(at, 32), v128.load(at, 48));
    const bytes = i8x16.narrow_i16x8_s(low, high);
    const target = to + <usize>((i * width) >> 3);
    if (width == 8) v128.store(target, bytes);
    else if (width == 4) {
      const pairs = v128.or(
        v128.and(bytes, i16x8.splat(15)),
        v128.and(i16x8.shr_u(bytes, 4), i16x8.splat(0xf0)),
      );
      store<i64>(target, i64x2.extract_lane(i8x16.narrow_i16x8_u(pairs, pairs), 0));
    } else {
      const pairs = v128.or(v128.and(bytes, i16x8.splat(3)), v128.and(i16x8.shr_u(bytes, 6), i16x8.splat(0xc)));
      const fours = v128.or(v128.and(pairs, i32x4.splat(15)), v128.and(i32x4.shr_u(pairs, 12), i32x4.splat(0xf0)));
      const words = i16x8.narrow_i32x4_u(fours, fours);
      store<i32>(target, i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0));
    }
  }
}

/** What 64 integers times a scale leave out. */
function dropBlock(at: usize, levels: usize, scale: f32, dropped: usize): void {
  for (let i = 0; i < blockSize; i += 4) {
    const o = <usize>(i * 4);
    v128.store(dropped + o, f32x4.sub(v128.load(at + o), numbers4(v128.load(levels + o), scale)));
  }
}

/** Never minus zero. */
// @ts-ignore: decorator
@inline
function numbers4(levels: v128, scale: f32): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(levels), f32x4.splat(scale)), f32x4.splat(0));
}

/** The reverse of `writeLevels`. Returns how many blocks have a scale of at most `mostScale`, up to the first that has not. */
export function readLevels(scales: usize, levels: usize, blocks: i32, width: i32, mostScale: f32, x: usize): i32 {
  for (let block = 0; block < blocks; block++) {
    const scale = reinterpret<f32>(<i32>load<u16>(scales + <usize>(block * 2)) << 16);
    if (!(abs(scale) <= mostScale)) return block;
    const from = levels + <usize>(block * 8 * width);
    const to = x + <usize>(block * blockSize * 4);
    for (let i = 0; i < blockSize; i += 4) v128.store(to + <usize>(i * 4), numbers4(unpack4(from, i, width), scale));
  }
  return blocks;
}

/** Levels `i` to `i + 3` of a block, as integers. */
// @ts-ignore: decorator
@inline
function unpack4(from: usize, i: i32, width: i32): v128 {
  if (width == 8) return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from + <usize>i)));
  if (width == 4) {
    const word = i32x4.splat(<i32>load<u16>(from + <usize>(i >> 1)));
    return i32x4.shr_s(i32x4.mul(word, i32x4(1 << 28, 1 << 24, 1 << 20, 1 << 16)), 28);
  }
  const word = i32x4.splat(<i32>load<u8>(from + <usize>(i >> 2)));
  return i32x4.shr_s(i32x4.mul(word, i32x4(1 << 30, 1 << 28, 1 << 26, 1 << 24)), 30);
}
