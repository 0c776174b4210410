// Embedding in WGSL: a gather, and a scatter-add that is the same every time.
//
// The backward pass first links each position to the next one of the same id; the first position of an id then sums
// its chain into the table, in the order of positions. No atomics: floats that are added in any order differ.

import type { Kernel, Program } from "../webgpu/gpu.ts";
import { flat, flatGroups, lanesOf, reads, vector, writes, zeros } from "../webgpu/wgsl.ts";

const gather = (width: 1 | 4): Program => ({
  key: `embedding ${width}`,
  bindings: [reads("ids", "i32"), reads("embeddings", vector(width)), writes("y", vector(width))],
  uniforms: { size: "u32", columns: "u32" },
  code: () => flat("y[index] = embeddings[u32(ids[index / u.columns]) * u.columns + index % u.columns];"),
});

// links[n]: the next position of n's id, u.size if there is none; firsts[n]: whether n is the first one.
const link: Program = {
  key: "embedding links",
  bindings: [reads("ids", "i32"), writes("links", "u32"), writes("firsts", "u32")],
  uniforms: { size: "u32" },
  code: () =>
    flat(`
  let own = ids[index];
  var before = 0u;
  while (before < index && ids[before] != own) { before++; }
  firsts[index] = select(0u, 1u, before == index);
  var after = index + 1u;
  while (after < u.size && ids[after] != own) { after++; }
  links[index] = after;`),
};

const scatter = (width: 1 | 4): Program => ({
  key: `embedding grad ${width}`,
  bindings: [
    reads("ids", "i32"),
    reads("links", "u32"),
    reads("firsts", "u32"),
    reads("dy", vector(width)),
    writes("gradient", vector(width)),
  ],
  uniforms: { size: "u32", columns: "u32", positions: "u32" },
  code: () =>
    flat(`
  var position = index / u.columns;
  let column = index % u.columns;
  if (firsts[position] == 0u) { return; }
  let row = u32(ids[position]);
  var sum = ${vector(width)}(0);
  while (position < u.positions) {
    sum += dy[position * u.columns + column];
    position = links[position];
  }
  gradient[row * u.columns + column] = sum;`),
});

export const embeddingKernel: Kernel = (gpu, inputs) => {
  const [ids, table] = [inputs.ids!, inputs.table!];
  const [positions = 0, columns = 0] = [ids.shape[0], table.shape[1]];
  const y = gpu.make([positions, columns]);
  const width = lanesOf(columns);
  const size = (positions * columns) / width;
  gpu.run(gather(width), [ids, table, y], [size, columns / width], flatGroups(size));
  return [y];
};

export const embeddingGradKernel: Kernel = (gpu, inputs, attributes) => {
  const [ids, dy] = [inputs.ids!, inputs.dy!];
  const rows = Number(attributes.rows);
  const [positions = 0, columns = 0] = dy.shape;
  const width = lanesOf(columns);
  const gradient = gpu.make([rows, columns]);
  const [links, firsts] = [gpu.make([positions], "int32"), gpu.make([positions], "int32")];
  gpu.run(zeros(width), [gradient], [(rows * columns) / width], flatGroups((rows * columns) / width));
  gpu.run(link, [ids, links, firsts], [positions], flatGroups(positions));
  const size = (positions * columns) / width;
  const values = [size, columns / width, positions];
  gpu.run(scatter(width), [ids, links, firsts, dy, gradient], values, flatGroups(size));
  gpu.release(links, firsts);
  return [gradient];
};
