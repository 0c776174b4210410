// Sums of columns, row by row, as memory lies.

import { loadSome, storeSome } from "../../assembly/lanes";

/** y [width] = sums of the columns of x [rows, width]. */
export function columnSums(x: usize, y: usize, rows: i32, width: i32, accumulate: i32): void {
  if (accumulate == 0) memory.fill(y, 0, <usize>(width * 4));
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      storeSome(y + o, f32x4.add(loadSome(y + o, left), loadSome(x + <usize>(r * width * 4) + o, left)), left);
    }
}
