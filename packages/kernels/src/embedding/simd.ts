// Rows of a table, and gradients back into them along chains of equal ids.

import { loadSome, storeSome } from "../../assembly/lanes";

/** positions: 0, or a table of `context` rows, of which row r % context is added. */
export function embedding(
  ids: usize, table: usize, positions: usize, y: usize, rows: i32, width: i32, context: i32,
): void {
  const bytes = <usize>(width * 4);
  for (let r = 0; r < rows; r++) {
    const to = y + <usize>r * bytes;
    const from = table + <usize>load<i32>(ids + <usize>(r * 4)) * bytes;
    if (positions == 0) {
      memory.copy(to, from, bytes);
      continue;
    }
    const position = positions + <usize>(r % context) * bytes;
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      storeSome(to + o, f32x4.add(loadSome(from + o, width - i), loadSome(position + o, width - i)), width - i);
    }
  }
}

/** Each row of the table sums the rows of dy along its chain. */
export function embeddingGrad(
  heads: usize, links: usize, dy: usize, dtable: usize, entries: i32, width: i32, accumulate: i32,
): void {
  if (accumulate == 0) memory.fill(dtable, 0, <usize>(entries * width * 4));
  for (let entry = 0; entry < entries; entry++) {
    const to = dtable + <usize>(entry * width * 4);
    for (let n = load<i32>(heads + <usize>(entry * 4)); n >= 0; n = load<i32>(links + <usize>(n * 4))) {
      const from = dy + <usize>(n * width * 4);
      for (let i = 0; i < width; i += 4) {
        const o = <usize>(i * 4);
        storeSome(to + o, f32x4.add(loadSome(to + o, width - i), loadSome(from + o, width - i)), width - i);
      }
    }
  }
}
