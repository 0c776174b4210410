// What version 1 kept on the disk, made into the form that is kept now; the old form is never written.
//
// Version 1 knew one variant (SPEC), and wrote files of parts by position: a u32 length of a JSON head, the head
// ({meta, sizes}), then the parts. Each file is written in its new form before the old one goes, so a device that stops
// in between finds the same to do. Names of version 1 have no extension; none is used any more.

import { InputError, namedTensors, type Sha256, type TensorLayout } from "@homebody/base";
import type { ModelConfig } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import { bodyId } from "@homebody/protocol";
import type { Disk } from "./ports.ts";
import type { Pending } from "./session.ts";
import { bytesEntry, encodeStored } from "./stored-file.ts";
import { storedNames } from "./stored-names.ts";
import {
  type DeltaMeta,
  type Done,
  entriesOfKept,
  type HomeMeta,
  type Kept,
  layoutOfMoments,
  type SnapshotMeta,
  stepsOf,
} from "./stored-state.ts";
import { encodeTextBytes, type TextMeta } from "./text-file.ts";
import { textName } from "./text-name.ts";

/** Makes the text alone readable: it needs no model. */
export async function upgradeText(disk: Disk): Promise<void> {
  await upgrade(disk, "text", textName, (file) => {
    const { meta, parts } = decodeParts<TextMeta>(file, "text");
    const [tokenizer, train, heldOut] = parts;
    return encodeTextBytes(meta, part(tokenizer, "text"), part(train, "text"), part(heldOut, "text"));
  });
}

/** Everything but the text. */
export async function upgradeState(disk: Disk, config: ModelConfig): Promise<void> {
  const names = await disk.names();
  const has = (name: string) => names.includes(name);
  if (has("words"))
    await upgrade(disk, "words", storedNames.home, (file) => {
      const { meta, parts } = decodeParts<{ momentSteps: number }>(file, "words");
      const kept = keptOf(config, ["phi", "psi"], parts, meta.momentSteps, "words");
      const home: HomeMeta = { round: 0, momentSteps: kept.moments && meta.momentSteps };
      return encodeStored({ meta: home, tensors: new Map(entriesOfKept(kept)) });
    });
  if (has("snapshot"))
    await upgrade(disk, "snapshot", storedNames.snapshot, (file) => {
      const { meta, parts } = decodeParts<OldSnapshot>(file, "snapshot");
      const kept = keptOf(config, groups, parts, meta.momentSteps, "snapshot");
      const { round, done, momentSteps } = meta;
      const snapshot: SnapshotMeta = { round, body: bodyOf(meta.sha256), homeRound: 0, done, momentSteps };
      return encodeStored({ meta: snapshot, tensors: new Map(entriesOfKept(kept)) });
    });
  if (has("pending")) {
    const old = await disk.read("pending");
    const { meta, parts } = decodeParts<OldPending>(old!, "pending");
    const [delta, ...others] = parts;
    const { pending, momentSteps } = meta;
    await upgrade(disk, "pending", storedNames.delta(pending.round), () => {
      const kept = keptOf(config, ["phi", "psi"], others, momentSteps, "pending");
      const sections = [{ name: "theta", sizeBytes: pending.sizeBytes }] as const;
      const stored: DeltaMeta = {
        pending,
        homeRound: 0,
        sections,
        momentSteps: kept.moments && momentSteps,
      };
      const bytes = bytesEntry(part(delta, "pending"));
      return encodeStored({ meta: stored, tensors: new Map([["delta", bytes], ...entriesOfKept(kept)]) });
    });
  }
  await upgrade(disk, "body", storedNames.body("theta"), (file) => file);
  await upgrade(disk, "first-body", storedNames.firstBody("theta"), (file) => file);
}

/** A body of version 1 was one file, of theta: its name now. */
export function bodyOf(sha256: Sha256): Sha256 {
  return bodyId([{ name: "theta", sha256 }]);
}

interface OldSnapshot {
  readonly round: number;
  readonly sha256: Sha256;
  readonly done: Done;
  readonly momentSteps: number;
}

interface OldPending {
  readonly pending: Pending;
  readonly momentSteps: number;
}

async function upgrade(
  disk: Disk,
  from: string,
  to: string,
  made: (file: Uint8Array) => Uint8Array,
): Promise<void> {
  const file = await disk.read(from);
  if (file === undefined) return;
  await disk.write(to, made(file));
  await disk.remove(from);
}

/** Parts of groups in order, then both moments where they were kept. */
function keptOf(
  config: ModelConfig,
  wanted: readonly Group[],
  parts: readonly Uint8Array[],
  step: number,
  where: string,
): Kept {
  const tensors = (layout: TensorLayout, bytes: Uint8Array | undefined) =>
    namedTensors(layout, numbersOf(part(bytes, where), layout.size, where));
  const values = new Map(wanted.map((group, i) => [group, tensors(groupLayout(config, group), parts[i])]));
  const [first, second] = parts.slice(wanted.length);
  if (first === undefined && second === undefined) return { values, moments: null };
  const everything = layoutOfMoments(config);
  return {
    values,
    moments: { steps: stepsOf(step), first: tensors(everything, first), second: tensors(everything, second) },
  };
}

function part(bytes: Uint8Array | undefined, where: string): Uint8Array {
  if (bytes === undefined) throw new InputError(`${where} of version 1`, "all parts", "fewer");
  return bytes;
}

function decodeParts<M>(file: Uint8Array, name: string): { readonly meta: M; readonly parts: Uint8Array[] } {
  const where = `${name} of version 1`;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headBytes = file.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0, true);
  if (4 + headBytes > file.length)
    throw new InputError(where, "a head within the file", `${file.length} bytes`);
  const { meta, sizes } = JSON.parse(new TextDecoder().decode(file.subarray(4, 4 + headBytes))) as {
    meta: M;
    sizes: number[];
  };
  let at = 4 + headBytes;
  const parts = sizes.map((size) => {
    const part = file.slice(at, at + size);
    at += size;
    return part;
  });
  if (at !== file.length) throw new InputError(where, `${at} bytes`, `${file.length}`);
  return { meta, parts };
}

function numbersOf(bytes: Uint8Array, count: number, where: string): Float32Array {
  if (bytes.length !== 4 * count) throw new InputError(where, `${4 * count} bytes`, `${bytes.length}`);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** A record as it is kept now, of one of version 1 or of now: all bytes of deltas were theta's. */
export function recordFromV1(record: unknown): unknown {
  const { ledger, scored, firstBody: _, ...rest } = record as OldRecord;
  return {
    ...rest,
    ...(ledger === undefined ? {} : { ledger: ledgerOf(ledger) }),
    ...(scored === undefined ? {} : { scored: scoredOf(scored) }),
  };
}

interface OldRecord {
  readonly ledger?: { readonly sent: Record<string, number>; readonly received: Record<string, number> };
  readonly scored?: { readonly sha256?: Sha256 } | null;
  readonly firstBody?: unknown;
}

function ledgerOf({ sent, received }: NonNullable<OldRecord["ledger"]>): unknown {
  const { deltas, messages } = sent;
  const { bodies, ...others } = received;
  return {
    sent: deltas === undefined ? sent : { theta: deltas, phi: 0, psi: 0, messages },
    received: bodies === undefined ? received : { theta: bodies, phi: 0, psi: 0, ...others },
  };
}

function scoredOf(scored: NonNullable<OldRecord["scored"]> | null): unknown {
  if (scored?.sha256 === undefined) return scored;
  const { sha256, ...rest } = scored;
  return { ...rest, id: bodyOf(sha256) };
}
