// What a device remembers of a run beside what it trains: figures for the page, and whether it was contributing.

import type { SourceId } from "@homebody/base";
import type { PassedBytes } from "@homebody/protocol";
import { emptyLedger } from "./ledger.ts";
import type { Pace } from "./pace.ts";
import type { Disk } from "./ports.ts";
import type { Scored } from "./session.ts";
import { recordFromV1 } from "./stored-v1.ts";
import type { Ledger, LossPoint, ScorePoint } from "./view.ts";

export interface RunRecord {
  readonly source: SourceId | null;
  readonly contributing: boolean;
  /** By the volunteer [V36]. */
  readonly paused: boolean;
  readonly roundsContributed: number;
  readonly tokensTrained: number;
  /** Local steps of rounds that were trained to their end. */
  readonly stepsMade: number;
  readonly ledger: Ledger;
  /** What of the ledger the coordinator was told with a delta that was accepted. */
  readonly told: PassedBytes;
  readonly scores: readonly ScorePoint[];
  readonly losses: readonly LossPoint[];
  readonly pace: Pace;
  readonly scored: Scored | null;
}

export const emptyRecord: RunRecord = {
  source: null,
  contributing: false,
  paused: false,
  roundsContributed: 0,
  tokensTrained: 0,
  stepsMade: 0,
  ledger: emptyLedger,
  told: { sentBytes: 0, receivedBytes: 0 },
  scores: [],
  losses: [],
  pace: [],
  scored: null,
};

/** Points kept for the curve; when there are more, every other one of the older half goes. */
const mostLosses = 2000;

/** What was measured of this step and those after it is replaced: it was trained again, from a snapshot. */
export function withLoss(losses: readonly LossPoint[], point: LossPoint): readonly LossPoint[] {
  const before = losses.findLastIndex(({ step }) => step < point.step) + 1;
  const kept = losses.slice(0, before);
  if (kept.length < mostLosses) return [...kept, point];
  const half = kept.length / 2;
  return [...kept.filter((_, i) => i >= half || i % 2 === 0), point];
}

/** The one of the latest version that is there, with what it lacks. */
export function decodeRecord(bytes: Uint8Array | undefined): RunRecord {
  if (bytes === undefined) return emptyRecord;
  const found = recordFromV1(JSON.parse(new TextDecoder().decode(bytes)));
  return { ...emptyRecord, ...(found as Partial<RunRecord>) };
}

export function encodeRecord(record: RunRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

export interface RecordKeeper {
  now(): RunRecord;
  change(inputs: Partial<RunRecord>): void;
  /** Writes follow one another. */
  save(): Promise<void>;
}

const name = "record.json";

export async function readRecord(disk: Pick<Disk, "read">): Promise<RunRecord> {
  return decodeRecord(await disk.read(name));
}

/** The record of this source; where the disk has another source's, that is of no use, and all of it goes. */
export async function openRecord(disk: Disk, source: SourceId): Promise<RecordKeeper> {
  let record = await readRecord(disk);
  if (record.source !== null && record.source !== source) {
    await disk.clear();
    record = emptyRecord;
  }
  record = { ...record, source };
  let saving: Promise<void> = Promise.resolve();
  return {
    now: () => record,
    change: (inputs) => {
      record = { ...record, ...inputs };
    },
    save: () => {
      saving = saving.catch(() => {}).then(() => disk.write(name, encodeRecord(record)));
      return saving;
    },
  };
}
