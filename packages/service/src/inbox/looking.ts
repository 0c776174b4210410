// What a sealed delta holds, or why it cannot count [P10].

import { normOf } from "@homebody/aggregate";
import { type DecodedSection, DeltaError, decodeDelta } from "@homebody/codec";
import { type Exchange, formsOf } from "@homebody/dept";
import type { Refusal, RunManifest, SectionSize } from "@homebody/protocol";
import { no } from "./no.ts";
import { largestNorm } from "./reach.ts";

export type Looked =
  | { readonly ok: true; readonly norm: number; readonly sections: readonly SectionSize[] }
  | { readonly ok: false; readonly refusal: Refusal };

export function lookInto(
  delta: Uint8Array,
  exchange: Exchange,
  { manifest, bodyNorm }: { readonly manifest: RunManifest; readonly bodyNorm: number },
): Looked {
  let decoded: readonly DecodedSection[];
  try {
    decoded = decodeDelta(delta, formsOf(exchange));
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return no(error.reason === "not-finite" ? "not-finite" : "wrong-shape");
  }
  const norm = normOf(decoded.map(({ numbers }) => numbers.data));
  if (!Number.isFinite(norm)) return no("not-finite");
  const parameters = decoded.reduce((sum, { numbers }) => sum + numbers.data.length, 0);
  if (norm > largestNorm(manifest, parameters, bodyNorm)) return no("too-far");
  const sections = exchange.sections.map(({ name }, i) => ({ name, sizeBytes: decoded[i]!.sizeBytes }));
  return { ok: true, norm, sections };
}
