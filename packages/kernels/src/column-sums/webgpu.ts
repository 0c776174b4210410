// Column sums in WGSL: rows of a column are shared by lanes on a graphics card, one invocation's on a processor.

import type { Kernel } from "../webgpu/kernels.ts";
import { columnGroups, columnProgram, type DesignName, type Program, reads, writes } from "../webgpu/wgsl.ts";

const program = (design: DesignName, accumulate: boolean): Program => ({
  key: `column sums ${design} ${accumulate}`,
  bindings: [reads("x"), writes("y")],
  uniforms: { rows: "u32", columns: "u32" },
  code: () =>
    columnProgram(
      design,
      "for (var row = lane; row < u.rows; row += LANES) { sum.x += get_x(row * u.columns + column); }",
      `put_y(column, sum.x${accumulate ? " + get_y(column)" : ""});`,
    ),
});

export const columnSumsKernel: Kernel = (gpu, { x, y }, { accumulate }) => {
  const { rows: design } = gpu.design;
  const [rows = 0, columns = 0] = x!.shape;
  gpu.dispatch(program(design, accumulate === 1), [x!, y!], [rows, columns], columnGroups(columns, design));
};
