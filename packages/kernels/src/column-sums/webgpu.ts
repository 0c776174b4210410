// Column sums in WGSL: rows of a column are shared by lanes on a graphics card, one invocation's on a processor.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
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

export const ColumnSums: WebgpuKernel<"ColumnSums"> = (gpu, { operands: { x, y }, sizes, attributes }) => {
  const { N, C } = sizes;
  const { rows: design } = gpu.design;
  gpu.dispatch(program(design, attributes.accumulate), [x, y], [N, C], columnGroups(C, design));
};
