// GELU in WGSL, for V, a vec4 or a number.

// tanh is 1 to the last bit from 9.1 on, and some drivers' tanh of large numbers is not a number.
export const geluCode = `
const GELU_SCALE = ${Math.sqrt(2 / Math.PI)};
fn gelu_bend(x: V) -> V { return tanh(clamp(GELU_SCALE * (x + 0.044715 * x * x * x), V(-10.0), V(10.0))); }
fn gelu(x: V) -> V { return 0.5 * x * (1.0 + gelu_bend(x)); }
fn gelu_slope(x: V) -> V {
  let t = gelu_bend(x);
  return 0.5 * (1.0 + t + x * GELU_SCALE * (1.0 + ${3 * 0.044715} * x * x) * (1.0 - t * t));
}
`;
