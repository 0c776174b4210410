// A delta as bytes, and back: its sections' bytes one after another, in the exchange's order. Each section begins with a
// header of its own (header.ts) and is in its own codec.

import { joinedBytes, type NamedTensors, type TensorLayout } from "@homebody/base";
import type { Codec, CodecName, DecodedSection } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { fp16 } from "./fp16.ts";
import { fp32 } from "./fp32.ts";
import { int2, int4, int8 } from "./levels.ts";
import { sparse2 } from "./sparse.ts";

/** Those of which there is one alone. */
export const codecs = { fp32, fp16, int8, int4, int2 } as const satisfies Partial<Record<CodecName, Codec>>;

/** As a run file says it of its deltas; `k` numbers are kept of a chunk. */
export type DeltaCodec = keyof typeof codecs | { readonly kind: "sparse2"; readonly k: number };

export const codecNames: readonly CodecName[] = [...Object.values(codecs).map(({ name }) => name), "sparse2"];

export function codecOf(codec: DeltaCodec): Codec {
  return typeof codec === "string" ? codecs[codec] : sparse2(codec.k);
}

/** How one section of a delta is written: both sides know it beforehand. */
export interface SectionForm {
  readonly codec: DeltaCodec;
  readonly layout: TensorLayout;
}

export interface EncodedDelta {
  readonly bytes: Uint8Array;
  /** Of each section, in order: their sum is the length. */
  readonly sizes: readonly number[];
}

/**
 * One section a form, in order. Where `dropped` is given, it gets for each section what its bytes leave out. Throws a
 * DeltaError for a number that is not finite.
 */
export function encodeDelta(
  sections: readonly { readonly codec: DeltaCodec; readonly numbers: NamedTensors }[],
  dropped?: readonly Float32Array[],
): EncodedDelta {
  const pieces = sections.map(({ codec, numbers }, i) => codecOf(codec).encode(numbers, dropped?.[i]));
  return { bytes: joinedBytes(pieces), sizes: pieces.map(({ length }) => length) };
}

/**
 * Throws a DeltaError unless the bytes are finite sections of exactly these forms, and nothing else. `into`: memory for the numbers of
 * each.
 */
export function decodeDelta(
  bytes: Uint8Array,
  forms: readonly SectionForm[],
  into?: readonly Float32Array[],
): readonly DecodedSection[] {
  let at = 0;
  const sections = forms.map(({ codec, layout }, i) => {
    const section = codecOf(codec).decode(bytes.subarray(at), layout, into?.[i]);
    at += section.sizeBytes;
    return section;
  });
  if (at !== bytes.length) throw new DeltaError("size", `delta: expected ${at} bytes, got ${bytes.length}`);
  return sections;
}

/** How large a delta of these forms is: `exact` where all codecs are, else it may be smaller. */
export function deltaBytes(forms: readonly SectionForm[]): {
  readonly most: number;
  readonly exact: boolean;
} {
  return {
    most: forms.reduce((sum, { codec, layout }) => sum + codecOf(codec).mostBytes(layout), 0),
    exact: forms.every(({ codec }) => codecOf(codec).exact),
  };
}
