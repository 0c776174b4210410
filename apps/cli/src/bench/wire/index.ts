// What codecs make of real deltas: bits a parameter with everything counted, and how fast one worker writes and reads them,
// beside a copy of the same numbers. In processor time, so that other work on the machine counts little.

import { fileURLToPath } from "node:url";
import type { NamedTensors } from "@homebody/base";
import { type Codec, chunkSize, codecs, plainCodecs, sparse2 } from "@homebody/codec";
import { loadRunFile } from "@homebody/server";
import { type Origin, realDelta } from "./deltas.ts";

export interface WireRow {
  readonly delta: string;
  readonly codec: string;
  /** Of 4,096 numbers, where not all are sent. */
  readonly k?: number;
  readonly parameters: number;
  readonly tensors: number;
  /** Of the whole section: every tensor, scale, table and header. */
  readonly bitsPerParameter: number;
  /** The least that positions can take, by their number alone, and what they take: bits each. */
  readonly indexLimitBits?: number;
  readonly indexBits?: number;
  /** The squared length of what is dropped over that of the delta. */
  readonly droppedShare: number;
  /** Of float32, a second of processor time: the best of some. */
  readonly encodeGBps: number;
  readonly decodeGBps: number;
  readonly memcpyGBps: number;
  /** By plain TypeScript, where WebAssembly does it otherwise. */
  readonly plain?: { readonly encodeGBps: number; readonly decodeGBps: number };
  /** Of the JavaScript heap, that encoding once makes for each block of 262,144 parameters: typed arrays' own memory apart. */
  readonly heapBytesPerBlock: number;
}

interface Measured {
  readonly codec: Codec;
  readonly plain?: Codec;
  readonly k?: number;
}

const measured: readonly Measured[] = [
  { codec: codecs.fp32 },
  ...(["fp16", "int8", "int4", "int2"] as const).map((name) => ({
    codec: codecs[name],
    plain: plainCodecs[name],
  })),
  ...[64, 32].map((k) => ({ codec: sparse2(k), k })),
];

/** Of the tenth round of three-scripts, and of a body of ten million after ten steps. */
export async function measureWire(texts: string, kept: string): Promise<readonly WireRow[]> {
  const rows: WireRow[] = [];
  for (const origin of await origins()) {
    const delta = await realDelta(origin, texts, kept);
    for (const one of measured) rows.push({ delta: origin.name, ...rowOf(one, delta) });
  }
  return rows;
}

async function origins(): Promise<readonly Origin[]> {
  const path = new URL("../../../../../docs/experiments/three-scripts.yaml", import.meta.url);
  const { file: run } = await loadRunFile(fileURLToPath(path), null);
  const model = { ...run.model, depth: 6, overrides: { width: 384, heads: 6 } };
  const training = { ...run.training, localSteps: 10, batch: 4 };
  const round = { ...run.round, minimum: 1 };
  const large = { ...run, model, training, round, sources: run.sources.slice(0, 1) };
  return [
    { name: "three-scripts", rounds: 10, run },
    { name: "ten-million", rounds: 1, run: large },
  ];
}

function rowOf({ codec, plain, k }: Measured, delta: NamedTensors): Omit<WireRow, "delta"> {
  const { layout, data } = delta;
  const dropped = new Float32Array(layout.size);
  const bytes = codec.encode(delta, dropped);
  const copy = new Float32Array(layout.size);
  const squares = (numbers: Float32Array) => numbers.reduce((sum, x) => sum + x * x, 0);
  const rate = (work: () => unknown) => (4 * layout.size) / secondsOf(work) / 1e9;
  const ratesOf = (one: Codec) => ({
    encodeGBps: rate(() => one.encode(delta)),
    decodeGBps: rate(() => one.decode(bytes, layout)),
  });
  return {
    codec: codec.name,
    ...(k === undefined ? {} : { k, ...indexBits(bytes, codec.decode(bytes, layout).numbers) }),
    parameters: layout.size,
    tensors: layout.slots.length,
    bitsPerParameter: (8 * bytes.length) / layout.size,
    droppedShare: squares(dropped) / squares(data),
    ...ratesOf(codec),
    memcpyGBps: rate(() => copy.set(data)),
    ...(plain && { plain: ratesOf(plain) }),
    heapBytesPerBlock: heapOf(() => codec.encode(delta)) / (layout.size / 262_144),
  };
}

/** What positions take in a sparse section, beside log2 of the number of ways to choose as many in each chunk. */
function indexBits(
  bytes: Uint8Array,
  { layout, data }: NamedTensors,
): { readonly indexBits: number; readonly indexLimitBits: number } {
  const perBlock = 64 * chunkSize;
  let [kept, ways, outside] = [0, 0, 22];
  for (const { offset, size } of layout.slots) {
    outside += 7 * Math.ceil(size / perBlock);
    for (let from = 0; from < size; from += chunkSize) {
      const chunk = data.subarray(offset + from, offset + Math.min(from + chunkSize, size));
      const count = chunk.reduce((sum, x) => sum + (x === 0 ? 0 : 1), 0);
      kept += count;
      ways += logFactorial(chunk.length) - logFactorial(count) - logFactorial(chunk.length - count);
    }
  }
  return { indexBits: (8 * (bytes.length - outside)) / kept - 2, indexLimitBits: ways / kept };
}

/** In bits. */
function logFactorial(n: number): number {
  let sum = 0;
  for (let i = 2; i <= n; i++) sum += Math.log2(i);
  return sum;
}

const repeats = 5;

/** Of processor time, once it is compiled: the best of some. */
function secondsOf(work: () => unknown): number {
  work();
  const all = Array.from({ length: repeats }, () => {
    const began = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  });
  return Math.min(...all);
}

/** What a call leaves on JavaScript's heap: the least of some, since a collection, or code that is compiled anew after one, disturbs. */
function heapOf(work: () => unknown): number {
  const all = Array.from({ length: 2 * repeats }, () => {
    const before = process.memoryUsage().heapUsed;
    work();
    return process.memoryUsage().heapUsed - before;
  });
  return Math.min(...all.filter((bytes) => bytes >= 0));
}
