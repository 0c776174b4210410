// What travelling costs, by DEPT's formulas (table 1).
//
// STD, ordinary data-parallel training, exchanges the whole model at each step; DEPT exchanges once in a round of local
// steps, and only what its variant lets travel.

import { countParameters, type Group } from "@homebody/model/parameters";
import type { ManifestSource } from "@homebody/protocol";
import {
  declaresRows,
  deltaSize,
  type Exchange,
  exchangeFor,
  exchangeOf,
  type Manifest,
} from "./exchange.ts";
import type { RowMap } from "./row-map.ts";

/** Parameters of a model as one source has it. */
type GroupCounts = Readonly<Record<Group, number>>;

/** Parameters of all sources' models: they differ in phi. */
export interface ParameterCounts {
  readonly theta: number;
  readonly phi: Readonly<Record<string, number>>; // a source
  readonly psi: number;
}

const bytesPerParameter = 4; // float32, uncompressed
/** Of a number, as it is downloaded. */
const bytesInBody = { fp32: 4, fp16: 2 } as const;

export function parameterCounts(manifest: Manifest): ParameterCounts {
  const counts = (source: ManifestSource) => countsOf(exchangeOf({ ...manifest, sources: [source] }));
  const { theta, psi } = counts(manifest.sources[0]!);
  return {
    theta,
    psi,
    phi: Object.fromEntries(manifest.sources.map((source) => [source.id, counts(source).phi])),
  };
}

function countsOf({ config }: Exchange): GroupCounts {
  const count = (group: Group) => countParameters(config, group);
  return { theta: count("theta"), phi: count("phi"), psi: count("psi") };
}

/** Bytes that a worker would have sent if it had exchanged the whole model at each of these steps (STD), one way. */
export function standardBytes(parameters: ParameterCounts, source: string, steps: number): number {
  const { theta, phi, psi } = parameters;
  return bytesPerParameter * steps * (theta + (phi[source] ?? 0) + psi);
}

/** Bytes of a body without embeddings, uncompressed, one way. */
export function bodyBytes({ theta }: ParameterCounts): number {
  return bytesPerParameter * theta;
}

export interface RoundTraffic {
  /** Of the delta, at most. */
  readonly upBytes: number;
  /** Whether it may have fewer: by its numbers, as its codec has it, or by the rows that a device holds. */
  readonly mayBeFewer: boolean;
  /** Of the body's numbers, as they are downloaded. */
  readonly downBytes: number;
  /** Each way, if every local step of the round exchanged the whole model; with a time box at most. */
  readonly standardBytes: number;
}

/** What one volunteer of a source moves in a round, each way; without its row map as if it held every row. */
export function roundTraffic(
  manifest: Manifest,
  source: ManifestSource,
  rows: RowMap | null = null,
): RoundTraffic {
  const own =
    rows === null ? exchangeOf({ ...manifest, sources: [source] }) : exchangeFor(manifest, source, rows);
  const counts = countsOf(own);
  const { most, exact } = deltaSize(own);
  return {
    upBytes: most,
    mayBeFewer: !exact || (rows === null && declaresRows(manifest)),
    downBytes: own.sections.reduce((sum, { layout }) => sum + bytesInBody[manifest.body] * layout.size, 0),
    standardBytes: standardBytes(
      { ...counts, phi: { [source.id]: counts.phi } },
      source.id,
      manifest.training.localSteps,
    ),
  };
}
