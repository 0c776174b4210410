// What the bytes of a delta hold, measured once: all that is asked about its numbers. Nothing of the run is needed for it, so it may
// be measured in a thread of its own.

import { canonicalise, type Extent } from "@homebody/aggregate";
import { hasher, memory, type Sha256, sha256Of, slotView } from "@homebody/base";
import { type DecodedSection, DeltaError, decodeDelta, type SectionForm } from "@homebody/codec";
import type { Hashed, StoredBytes } from "@homebody/store/ports";

export type TensorContents = Pick<Extent, "largest" | "rootMeanSquare">;

export interface SectionContents {
  readonly sizeBytes: number;
  /** In the order of the layout. */
  readonly tensors: readonly TensorContents[];
}

export type Contents =
  | {
      readonly kind: "numbers";
      /** Of all of them together. */
      readonly norm: number;
      /** Hash of the numbers [C37]. */
      readonly numbers: Sha256;
      /** In the order of the forms. */
      readonly sections: readonly SectionContents[];
    }
  | { readonly kind: "not-finite" | "wrong-shape" };

/** Of a delta: the hash of its bytes, and what they hold. */
export interface Measured extends Hashed {
  readonly contents: Contents;
}

/** Throws where it could not be done, or they could not be read; what the bytes are is in the contents. */
export type Measuring = (delta: StoredBytes, forms: readonly SectionForm[]) => Promise<Measured>;

/** Where it is asked for. */
export function measuringHere(): Measuring {
  const measured = measurer();
  return async (delta, forms) => measured(await delta.read(), forms);
}

/** Measures one delta after another in the same memory, which is as large as the largest of them was. */
export function measurer(): (delta: Uint8Array, forms: readonly SectionForm[]) => Measured {
  const place = memory((size) => new Float32Array(size));
  return (delta, forms) => {
    const all = place(forms.reduce((sum, { layout }) => sum + layout.size, 0));
    let at = 0;
    const into = forms.map(({ layout }) => {
      at += layout.size;
      return all.subarray(at - layout.size, at);
    });
    return { sha256: sha256Of(delta), contents: contentsOf(delta, forms, into) };
  };
}

/** `into`: memory for the numbers of each section. */
export function contentsOf(
  delta: Uint8Array,
  forms: readonly SectionForm[],
  into?: readonly Float32Array[],
): Contents {
  let decoded: readonly DecodedSection[];
  try {
    decoded = decodeDelta(delta, forms, into);
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return { kind: error.reason === "not-finite" ? "not-finite" : "wrong-shape" };
  }
  let squares = 0;
  const sections = decoded.map(({ numbers, sizeBytes }) => {
    const tensors = numbers.layout.slots.map((slot) => {
      const extent = canonicalise(slotView(numbers, slot), squares);
      squares = extent.squaresUntil;
      return { largest: extent.largest, rootMeanSquare: extent.rootMeanSquare };
    });
    return { sizeBytes, tensors };
  });
  const norm = Math.sqrt(squares);
  const numbers = hashOfNumbers(decoded.map((section) => section.numbers.data));
  return Number.isFinite(norm) ? { kind: "numbers", norm, numbers, sections } : { kind: "not-finite" };
}

/** Of canonical numbers: equal for equal ones, whatever their codec made of them. */
function hashOfNumbers(sections: readonly Float32Array[]): Sha256 {
  const bytes = sections.map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const [first] = bytes;
  if (bytes.length === 1) return sha256Of(first!);
  const hash = hasher();
  for (const some of bytes) hash.add(some);
  return hash.done();
}
