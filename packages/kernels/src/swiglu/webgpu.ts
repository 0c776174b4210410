// SwiGLU in WGSL, element by element, in fours where the width allows.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  flat,
  flatGroups,
  type Program,
  reads,
  vector,
  type Width,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";

// Beyond 80 exp would be infinite, which WGSL does not promise to handle.
const prelude = (width: Width) => `
alias V = ${vector(width)};
fn sigmoid(x: V) -> V { return 1.0 / (1.0 + exp(-clamp(x, V(-80.0), V(80.0)))); }
`;
const uniforms = { size: "u32", columns: "u32" } as const;
const place = "let at = (index / u.columns) * 2u * u.columns + index % u.columns;";

const forward = (width: Width): Program => ({
  key: `swiglu ${width}`,
  bindings: [reads("x", width), writes("y", width)],
  uniforms,
  code: () =>
    prelude(width) +
    flat(`${place}
  let g = get_x(at);
  put_y(index, g * sigmoid(g) * get_x(at + u.columns));`),
});

const backward = (width: Width): Program => ({
  key: `swiglu grad ${width}`,
  bindings: [reads("x", width), reads("dy", width), writes("dx", width)],
  uniforms,
  code: () =>
    prelude(width) +
    flat(`${place}
  let g = get_x(at);
  let d = get_dy(index);
  let s = sigmoid(g);
  put_dx(at, d * get_x(at + u.columns) * s * (1.0 + g * (1.0 - s)));
  put_dx(at + u.columns, d * g * s);`),
});

export const SwiGlu: WebgpuKernel<"SwiGlu"> = (gpu, { operands: { x, y }, sizes: { N, F } }) => {
  const width = widthOf(F);
  const size = (N * F) / width;
  gpu.dispatch(forward(width), [x, y], [size, F / width], flatGroups(size));
};

export const SwiGluGrad: WebgpuKernel<"SwiGluGrad"> = (gpu, { operands: { x, dy, dx }, sizes: { N, F } }) => {
  const width = widthOf(F);
  const size = (N * F) / width;
  gpu.dispatch(backward(width), [x, dy, dx], [size, F / width], flatGroups(size));
};
