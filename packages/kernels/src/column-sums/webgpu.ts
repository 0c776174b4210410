// Column sums in WGSL: rows of a column are shared by lanes on a graphics card, one invocation's on a processor.

import type { Kernel } from "../webgpu/kernels.ts";
import { columnGroups, columnProgram, type Program, reads, type Variant, writes } from "../webgpu/wgsl.ts";

const program = (variant: Variant, accumulate: boolean): Program => ({
  key: `column sums ${variant} ${accumulate}`,
  bindings: [reads("x"), writes("y")],
  uniforms: { rows: "u32", columns: "u32" },
  code: () =>
    columnProgram(
      variant,
      "for (var row = lane; row < u.rows; row += LANES) { sum.x += get_x(row * u.columns + column); }",
      `put_y(column, sum.x${accumulate ? " + get_y(column)" : ""});`,
    ),
});

export const columnSumsKernel: Kernel = (gpu, { x, y }, { accumulate }) => {
  const { rows: variant } = gpu.design;
  const [rows = 0, columns = 0] = x!.shape;
  gpu.dispatch(program(variant, accumulate === 1), [x!, y!], [rows, columns], columnGroups(columns, variant));
};
