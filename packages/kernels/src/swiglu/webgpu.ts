// SwiGLU in WGSL, element by element, in fours where the width allows.

import { sizeOf } from "../plan/plan.ts";
import type { Kernel } from "../webgpu/kernels.ts";
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

export const swigluKernel: Kernel = (gpu, { x, y }) => {
  const columns = y!.shape[1]!;
  const width = widthOf(columns);
  const size = sizeOf(y!.shape) / width;
  gpu.dispatch(forward(width), [x!, y!], [size, columns / width], flatGroups(size));
};

export const swigluGradKernel: Kernel = (gpu, { x, dy, dx }) => {
  const columns = dy!.shape[1]!;
  const width = widthOf(columns);
  const size = sizeOf(dy!.shape) / width;
  gpu.dispatch(backward(width), [x!, dy!, dx!], [size, columns / width], flatGroups(size));
};
