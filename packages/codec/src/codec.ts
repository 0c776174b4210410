// The port of every codec: a section's numbers as bytes, and back.

import type { NamedTensors, Random, TensorLayout } from "@homebody/base";

export type CodecName = "fp32" | "fp16" | "int8" | "int4" | "int2" | "sparse2";

export interface Codec {
  readonly name: CodecName;
  /** Whether every section of a layout has exactly `mostBytes`, so that a receiver knows its size before it comes. */
  readonly exact: boolean;
  /** The most bytes that a section of this layout may take. */
  mostBytes(layout: TensorLayout): number;
  /**
   * Zero stays zero. The bytes say themselves where they end. Where `dropped` is given (as long as the layout), it gets
   * what the bytes leave out: the numbers minus what `decode` makes of them. Throws a DeltaError for a number that is
   * not finite. Where dice are given, codecs of a few bits round by chance, so that the mean of many is the number.
   */
  encode(numbers: NamedTensors, dropped?: Float32Array, dice?: Random): Uint8Array;
  /**
   * Reads one section from the front of the bytes. Throws a DeltaError unless it is finite and of exactly this layout. Where `into`
   * is given (as long as the layout) its memory has the numbers, whatever was in it: fresh memory costs more than decoding does.
   */
  decode(bytes: Uint8Array, layout: TensorLayout, into?: Float32Array): DecodedSection;
}

export interface DecodedSection {
  readonly numbers: NamedTensors;
  /** Of the section: what follows belongs to the next one. */
  readonly sizeBytes: number;
}
