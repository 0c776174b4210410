// Four numbers at a time where an axis need not be a multiple of four.

// tfjs allocates at least 16 bytes apart, and its allocator keeps a word before and after: reading a whole vector at
// the end of a tensor stays within the memory; writing past it must not happen, so the last lanes are stored one by one.
// @ts-ignore: decorator
@inline
export function storeSome(at: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, x);
    return;
  }
  store<f32>(at, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(x, 2), 8);
}

// @ts-ignore: decorator
@inline
export function loadSome(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at);
  let x = f32x4.splat(0);
  x = f32x4.replace_lane(x, 0, load<f32>(at));
  if (count > 1) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (count > 2) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
  return x;
}

/** Zeros from lane `count` on. */
export function firstLanes(x: v128, count: i32): v128 {
  if (count <= 3) x = f32x4.replace_lane(x, 3, 0);
  if (count <= 2) x = f32x4.replace_lane(x, 2, 0);
  if (count <= 1) x = f32x4.replace_lane(x, 1, 0);
  return x;
}

/** In float64. */
export function sumOfSquares(x: usize, size: i32): f64 {
  let low = f64x2.splat(0), high = low;
  for (let i = 0; i < size; i += 4) {
    const v = loadSome(x + <usize>(i * 4), size - i);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
