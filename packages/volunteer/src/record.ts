// What a device remembers of a run beside its words: figures for the page, and whether it was contributing.

import type { Sha256, SourceId } from "@homebody/base";
import type { Scored } from "./session.ts";
import type { Ledger, LossPoint, ScorePoint } from "./view.ts";

export interface Record {
  readonly source: SourceId | null;
  readonly contributing: boolean;
  readonly roundsContributed: number;
  readonly tokensTrained: number;
  readonly ledger: Ledger;
  readonly scores: readonly ScorePoint[];
  readonly losses: readonly LossPoint[];
  readonly scored: Scored | null;
  readonly firstBody: Sha256 | null;
}

export const emptyLedger: Ledger = {
  sent: { deltas: 0, messages: 0, words: 0 },
  received: { bodies: 0, texts: 0, messages: 0 },
};

export const emptyRecord: Record = {
  source: null,
  contributing: false,
  roundsContributed: 0,
  tokensTrained: 0,
  ledger: emptyLedger,
  scores: [],
  losses: [],
  scored: null,
  firstBody: null,
};

/** Points kept for the curve; when there are more, every other one of the older half goes. */
const mostLosses = 2000;

export function withLoss(losses: readonly LossPoint[], point: LossPoint): readonly LossPoint[] {
  if (losses.length < mostLosses) return [...losses, point];
  const half = losses.length / 2;
  return [...losses.filter((_, i) => i >= half || i % 2 === 0), point];
}

export function decodeRecord(bytes: Uint8Array | undefined): Record {
  if (bytes === undefined) return emptyRecord;
  return { ...emptyRecord, ...(JSON.parse(new TextDecoder().decode(bytes)) as Partial<Record>) };
}

export function encodeRecord(record: Record): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}
