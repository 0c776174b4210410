// How large a run's model is, in one sentence for whoever starts it or takes part.

import type { ManifestSource } from "@homebody/protocol";
import type { Manifest } from "./exchange.ts";
import { parameterCounts, type RoundTraffic, roundTraffic } from "./traffic.ts";

export interface ModelSize extends RoundTraffic {
  readonly bodyParameters: number;
  /** Of the embeddings, positions included. */
  readonly wordsParameters: number;
}

/** Of one source's model, or of all sources' the most in each. */
export function modelSize(
  manifest: Manifest,
  sources: readonly ManifestSource[] = manifest.sources,
): ModelSize {
  const { theta, phi, psi } = parameterCounts({ ...manifest, sources });
  const rounds = sources.map((source) => roundTraffic(manifest, source));
  const most = (of: "upBytes" | "downBytes" | "standardBytes") =>
    Math.max(...rounds.map((round) => round[of]));
  return {
    bodyParameters: theta,
    wordsParameters: Math.max(...Object.values(phi)) + psi,
    upBytes: most("upBytes"),
    mayBeFewer: rounds.some(({ mayBeFewer }) => mayBeFewer),
    downBytes: most("downBytes"),
    standardBytes: most("standardBytes"),
  };
}

/** `memoryBytes`: what training takes of a tab at least, where that is known. */
export function sizeInWords(size: ModelSize, memoryBytes?: number): string {
  const { bodyParameters, wordsParameters, upBytes, downBytes } = size;
  const parameters = `${short(bodyParameters)} parameters in the body and ${short(wordsParameters)} in words`;
  const memory =
    memoryBytes === undefined ? "" : `at least ${bytesInWords(memoryBytes)} of memory in a tab, `;
  return `${parameters}, ${memory}${bytesInWords(upBytes)} up and ${bytesInWords(downBytes)} down a round at most`;
}

/** `1.23 MB`. */
export function bytesInWords(bytes: number): string {
  const [unit, name] = unitOf(bytes, ["TB", "GB", "MB", "kB"]) ?? [1, "bytes"];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}

/** `1.23 million`. */
function short(count: number): string {
  const [unit, name] = unitOf(count, ["trillion", "billion", "million"]) ?? [1, ""];
  return unit === 1 ? count.toLocaleString("en") : `${Number((count / unit).toPrecision(3))} ${name}`;
}

function unitOf(value: number, names: readonly string[]): readonly [unit: number, name: string] | undefined {
  const units = names.map((name, i) => [1000 ** (4 - i), name] as const);
  return units.find(([unit]) => value >= unit);
}
