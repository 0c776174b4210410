// Numbers as halves (IEEE 754 binary16) and back: bit for bit what src/plain/halves.ts does.

/** Of `size` numbers, a multiple of 4: the largest magnitude, as a float32's bits. */
export function largest(x: usize, size: i32): i32 {
  let most = i32x4.splat(0);
  for (let i = 0; i < size; i += 4)
    most = i32x4.max_s(most, v128.and(v128.load(x + <usize>(i * 4)), i32x4.splat(0x7fffffff)));
  most = i32x4.max_s(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  return max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1));
}

/**
 * Of `size` finite numbers, a multiple of 4: halves of them times 2^-exponent to `halves`; to `dropped`, if that is not 0, what these
 * leave out. Powers of two are given in two factors, of which each is a float32 (`powers`).
 */
export function writeHalves(
  x: usize, size: i32, down: f32, downRest: f32, up: f32, upRest: f32, halves: usize, dropped: usize,
): void {
  const first = f32x4.splat(down), second = f32x4.splat(downRest);
  for (let i = 0; i < size; i += 4) {
    const v = v128.load(x + <usize>(i * 4));
    const half = halves4(f32x4.mul(f32x4.mul(v, first), second));
    store<i64>(halves + <usize>(i * 2), i64x2.extract_lane(i16x8.narrow_i32x4_u(half, half), 0));
    if (dropped != 0) v128.store(dropped + <usize>(i * 4), f32x4.sub(v, numbers4(half, up, upRest)));
  }
}

/** The reverse; whether all numbers are finite. */
export function readHalves(halves: usize, size: i32, up: f32, upRest: f32, x: usize): i32 {
  let most = i32x4.splat(0);
  for (let i = 0; i < size; i += 4) {
    const half = i32x4.extend_low_i16x8_u(v128.load64_zero(halves + <usize>(i * 2)));
    const numbers = numbers4(half, up, upRest);
    const field = v128.and(half, i32x4.splat(0x7c00));
    const infinite = v128.and(i32x4.eq(field, i32x4.splat(0x7c00)), i32x4.splat(0x7f800000));
    most = i32x4.max_s(most, v128.or(v128.and(numbers, i32x4.splat(0x7fffffff)), infinite));
    v128.store(x + <usize>(i * 4), numbers);
  }
  return i32(!v128.any_true(i32x4.ge_s(most, i32x4.splat(0x7f800000))));
}

/** To the nearest, ties to even. */
// @ts-ignore: decorator
@inline
function halves4(numbers: v128): v128 {
  const sign = v128.and(i32x4.shr_u(numbers, 16), i32x4.splat(0x8000));
  const size = v128.and(numbers, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(size, 13), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(size, i32x4.splat(0xfff)), odd);
  const normal = i32x4.shr_u(i32x4.sub(rounded, i32x4.splat(0x38000000)), 13);
  // Next to 0.5 a float32 step is the step of half's subnormals: the addition rounds.
  const subnormal = i32x4.sub(f32x4.add(size, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const isNormal = i32x4.ge_s(size, i32x4.splat(0x38800000));
  return v128.or(sign, v128.bitselect(normal, subnormal, isNormal));
}

/** Times two powers of two: the first leaves all of the number's bits, and the second rounds. */
// @ts-ignore: decorator
@inline
function numbers4(halves: v128, up: f32, upRest: f32): v128 {
  const sign = i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16);
  const size = v128.and(halves, i32x4.splat(0x7fff));
  const normal = i32x4.add(i32x4.shl(size, 13), i32x4.splat(0x38000000));
  const subnormal = f32x4.mul(f32x4.convert_i32x4_s(size), f32x4.splat(5.9604644775390625e-8)); // 2^-24
  const isNormal = i32x4.ge_s(size, i32x4.splat(0x400));
  const number = v128.or(sign, v128.bitselect(normal, subnormal, isNormal));
  return f32x4.mul(f32x4.mul(number, f32x4.splat(up)), f32x4.splat(upRest));
}
