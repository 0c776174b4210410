// What a device keeps of a run beside its text, by name: files of the disk, all written here.
//
//   run.json               the run's manifest, as it was when the device began or went on
//   home.safetensors       the home tensors that count, as the last accepted delta left them [V9], and what it left out [V47]
//   snapshot.safetensors   what the round under way has reached [V7]
//   delta-N.safetensors    the delta of round N, with the home tensors that belong to it and what its bytes leave out,
//                          until it is settled [V8]
//   fitted.safetensors     words of a source that nobody has trained yet, fitted to the body
//   body-G.safetensors     the section of group G of the body that was downloaded last, as it came
//   first-G.safetensors    the same of the first one
//
// Tensors are named `group/tensor` (phi/transformer.wte.weight), moments `first/tensor` and `second/tensor`, what a delta's bytes
// leave out `residual/tensor`, what a snapshot's round started from ahead of its body `start/tensor`, the bytes `delta`. All of an accepted delta's file but the bytes becomes home, names that are not
// known too.

import {
  InputError,
  type NamedTensors,
  once,
  oneByOne,
  type SafetensorsEntry,
  type Sha256,
  type TensorLayout,
} from "@homebody/base";
import type { Residual } from "@homebody/codec";
import type { Exchange } from "@homebody/dept";
import type { ModelConfig } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import type { SectionSize } from "@homebody/protocol";
import type { GroupSteps, Moments } from "@homebody/train";
import type { TrainOrder } from "./ahead.ts";
import type { Disk } from "./ports.ts";
import type { Pending, StoredPending } from "./session.ts";
import type { Start } from "./starts.ts";
import {
  bytesEntry,
  bytesOf,
  decodeStored,
  encodeStored,
  entriesOf,
  type StoredFile,
  tensorsOf,
} from "./stored-file.ts";
import { storedNames } from "./stored-names.ts";

/** Values of groups, and the optimiser's moments of all groups where they are kept. */
export interface Kept {
  readonly values: ReadonlyMap<Group, NamedTensors>;
  readonly moments: Moments | null;
}

/** What is stored with a delta. */
export interface KeptOfDelta extends Kept {
  /** Of each section, what the delta's bytes leave out; null where it is not carried on. */
  readonly residual: readonly NamedTensors[] | null;
}

/** Of a round that was begun ahead of its opening. */
export interface BegunAhead {
  readonly order: TrainOrder;
  readonly start: Start;
}

/** Steps that moments have, by group; one number where all have as many, as it was once written. */
export type StoredSteps = number | GroupSteps;

export interface HomeMeta {
  /** Whose accepted delta left them. */
  readonly round: number;
  /** Null: no moments are kept. */
  readonly momentSteps: StoredSteps | null;
}

/** What the local steps of a round add up to. */
export interface Done {
  readonly steps: number;
  readonly tokens: number;
  readonly nats: number;
}

export interface SnapshotMeta {
  readonly round: number;
  /** The id of the body that the round began from. */
  readonly body: Sha256;
  readonly homeRound: number;
  readonly done: Done;
  readonly momentSteps: StoredSteps;
  /** Where it was begun ahead: the order, and what its delta names as the body that it starts from [V59]. */
  readonly ahead?: { readonly order: TrainOrder; readonly body: number | null } | undefined;
}

/** The round that a snapshot is of, and what it began from. */
export interface SnapshotOf extends Pick<SnapshotMeta, "round" | "body" | "homeRound"> {
  readonly ahead?: TrainOrder["ahead"];
}

export interface DeltaMeta {
  readonly pending: Pending;
  /** Whose home tensors it began from. */
  readonly homeRound: number;
  readonly sections: readonly SectionSize[];
  readonly momentSteps: StoredSteps | null;
}

export interface StoredDelta {
  readonly pending: Pending;
  readonly homeRound: number;
  readonly sections: readonly SectionSize[];
  readonly bytes: Uint8Array;
}

export interface StoredState {
  /** The round whose home tensors count; 0: none is stored, so they are the first ones. */
  homeRound(): Promise<number>;
  /** As the delta of this round left them; undefined where none is stored. */
  home(round: number): Promise<Kept | undefined>;
  /** Of each section, what the delta of this round left out [V47]; null where nothing is carried on. */
  residual(round: number): Promise<readonly Residual[] | null>;
  /** The snapshot goes: it began from others. */
  saveHome(round: number, kept: Kept): Promise<void>;
  /** Whether there are home tensors that were stored. */
  hasHome(): Promise<boolean>;
  /** Words that this device fitted to a body before anybody had trained them; undefined where there are none. */
  fitted(wanted: readonly Group[]): Promise<Kept | undefined>;
  /** The snapshot goes: it began without them. */
  saveFitted(kept: Kept): Promise<void>;
  /** The snapshot, if it is of this; another one is removed. */
  snapshot(
    of: SnapshotOf,
  ): Promise<(Kept & { readonly done: Done; readonly begunAhead: BegunAhead | null }) | undefined>;
  saveSnapshot(
    of: Omit<SnapshotMeta, "momentSteps" | "ahead">,
    kept: Kept,
    begunAhead?: BegunAhead | null,
  ): Promise<void>;
  /** That of the snapshot, where it is of a round that was begun ahead. */
  orderAhead(): Promise<TrainOrder | null>;
  /** All that are stored, by round. */
  deltas(): Promise<readonly StoredPending[]>;
  delta(round: number): Promise<StoredDelta | undefined>;
  /**
   * Together with what belongs to it, in one write [V8], which goes on beside what comes next; the snapshot of the round goes
   * afterwards. Whoever asks for the delta waits for it, and hears why it failed; it is then tried again.
   */
  saveDelta(delta: StoredDelta, kept: KeptOfDelta): void;
  /** [V9] Home first, then the delta goes: a crash between them settles again. */
  settle(round: number, accepted: boolean): Promise<void>;
  /** Nothing is being written any more. */
  written(): Promise<void>;
}

/** A delta's file in memory. */
interface DeltaFile {
  readonly bytes: Uint8Array;
  /** In the memory of its bytes. */
  readonly file: StoredFile<DeltaMeta>;
  isWritten: boolean;
}

/** Deletes all of it, where the words of this device are others from now on. */
export async function forgetState(disk: Pick<Disk, "names" | "remove">): Promise<void> {
  const deltas = (await disk.names()).filter(isDelta);
  for (const name of [storedNames.home, storedNames.snapshot, storedNames.fitted, ...deltas])
    await disk.remove(name);
}

/** Whether a delta is stored that was not settled. */
export async function hasDeltas(disk: Pick<Disk, "names">): Promise<boolean> {
  return (await disk.names()).some(isDelta);
}

const residualPrefix = "residual";
const startPrefix = "start";
const isOfResidual = (tensor: string) => tensor.startsWith(`${residualPrefix}/`);

const isDelta = (name: string) => /^delta-\d+\.safetensors$/.test(name);

export function storedState(
  disk: Disk,
  { sections, home, config }: Pick<Exchange, "sections" | "home" | "config">,
): StoredState {
  const everything = layoutOfMoments(config);
  const homeGroups = home.map(({ name }) => name);
  /** What deltas, home and snapshot are written and read by. */
  const inTurn = oneByOne();
  /** By round, deltas that are not on the disk yet, and the one that was made last. */
  const made = new Map<number, DeltaFile>();
  /** What the delta that was made last left: whatever goes on from it has it at once. */
  let left: { readonly round: number; readonly file: StoredFile<DeltaMeta> } | undefined;

  const unwritten = () => [...made].filter(([, { isWritten }]) => !isWritten);

  async function writeAll(): Promise<void> {
    for (const [round, delta] of unwritten()) {
      await disk.write(storedNames.delta(round), delta.bytes);
      await disk.remove(storedNames.snapshot);
      delta.isWritten = true;
    }
  }

  const openDelta = async (round: number): Promise<StoredFile<DeltaMeta> | undefined> =>
    made.get(round)?.file ?? open<DeltaMeta>(storedNames.delta(round));

  async function open<M>(name: string): Promise<StoredFile<M> | undefined> {
    const bytes = await disk.read(name);
    return bytes && decodeStored<M>(bytes, name);
  }

  function keptOf(
    file: StoredFile<{ readonly momentSteps: StoredSteps | null }>,
    wanted: readonly Group[],
    where: string,
  ): Kept {
    const values = new Map(
      wanted.map((group) => [group, tensorsOf(file, group, groupLayout(config, group), where)]),
    );
    const { momentSteps } = file.meta;
    if (momentSteps === null) return { values, moments: null };
    const [first, second] = (["first", "second"] as const).map((which) =>
      tensorsOf(file, which, everything, where),
    );
    return { values, moments: { steps: stepsOf(momentSteps), first: first!, second: second! } };
  }

  /**
   * What the delta of this round left: in its own file until it is settled, then in home. An InputError where that is of another
   * round: the delta was refused meanwhile, and whoever goes on from it is given up [V9].
   */
  async function leftBy(round: number) {
    if (left?.round === round) return { file: left.file, where: storedNames.delta(round) };
    return inTurn(() => readLeftBy(round));
  }

  async function readLeftBy(round: number) {
    const where = storedNames.delta(round);
    const delta = await openDelta(round);
    if (delta !== undefined) return { file: delta, where };
    const file = await open<HomeMeta>(storedNames.home);
    const there = file?.meta.round ?? 0;
    if (there !== round)
      throw new InputError(storedNames.home, `home tensors of round ${round}`, `those of round ${there}`);
    return file && { file, where: storedNames.home };
  }

  return {
    homeRound: () => inTurn(async () => (await open<HomeMeta>(storedNames.home))?.meta.round ?? 0),
    home: async (round) => {
      const found = await leftBy(round);
      return found && keptOf(found.file, homeGroups, found.where);
    },
    residual: async (round) => {
      const found = await leftBy(round);
      if (found === undefined || ![...found.file.tensors.keys()].some(isOfResidual)) return null;
      const { file, where } = found;
      return sections.map(({ held }) => ({
        round,
        numbers: tensorsOf(file, residualPrefix, held, where),
      }));
    },
    saveHome: (round, kept) =>
      inTurn(async () => {
        const meta: HomeMeta = { round, momentSteps: kept.moments?.steps ?? null };
        left = undefined;
        await disk.remove(storedNames.snapshot);
        await disk.write(storedNames.home, encodeStored({ meta, tensors: new Map(entriesOfKept(kept)) }));
      }),
    hasHome: async () => (await disk.names()).includes(storedNames.home),
    fitted: async (wanted) => {
      const file = await open<{ readonly momentSteps: null }>(storedNames.fitted);
      return file && keptOf(file, wanted, storedNames.fitted);
    },
    saveFitted: async (kept) => {
      const meta = { momentSteps: null };
      await disk.remove(storedNames.snapshot);
      await disk.write(storedNames.fitted, encodeStored({ meta, tensors: new Map(entriesOfKept(kept)) }));
    },
    snapshot: async (of) => {
      if (unwritten().length > 0) return undefined; // it is of the round of one of them, and goes with it
      return inTurn(async () => {
        const where = storedNames.snapshot;
        const file = await open<SnapshotMeta>(where);
        if (file === undefined) return undefined;
        const { done, ahead } = file.meta;
        if (!isOf(file.meta, of)) {
          await disk.remove(where);
          return undefined;
        }
        const kept = keptOf(file, groups, where);
        if (ahead === undefined) return { ...kept, done, begunAhead: null };
        const numbers = sections.map(({ held }) => tensorsOf(file, startPrefix, held, where));
        return { ...kept, done, begunAhead: { order: ahead.order, start: { numbers, body: ahead.body } } };
      });
    },
    saveSnapshot: (of, kept, begunAhead = null) =>
      inTurn(async () => {
        await writeAll(); // it may go on from one of them
        const start = (begunAhead?.start.numbers ?? []).flatMap((section) => entriesOf(startPrefix, section));
        const ahead = begunAhead && { order: begunAhead.order, body: begunAhead.start.body };
        const meta: SnapshotMeta = {
          ...{ ...of, momentSteps: kept.moments?.steps ?? 0 },
          ...(ahead === null ? {} : { ahead }),
        };
        await disk.write(
          storedNames.snapshot,
          encodeStored({ meta, tensors: new Map([...entriesOfKept(kept), ...start]) }),
        );
      }),
    orderAhead: () =>
      inTurn(async () => (await open<SnapshotMeta>(storedNames.snapshot))?.meta.ahead?.order ?? null),
    deltas: () =>
      inTurn(async () => {
        const names = (await disk.names()).filter(isDelta);
        const all: StoredPending[] = [];
        for (const name of names) {
          const { pending, homeRound } = (await open<DeltaMeta>(name))!.meta;
          all.push({ pending, homeRound });
        }
        return all.sort((a, b) => a.pending.round - b.pending.round);
      }),
    delta: (round) =>
      inTurn(async () => {
        await writeAll();
        const name = storedNames.delta(round);
        const file = await openDelta(round);
        if (file === undefined) return undefined;
        const { pending, homeRound, sections } = file.meta;
        return { pending, homeRound, sections, bytes: bytesOf(file, "delta", name) };
      }),
    settle: (round, accepted) =>
      inTurn(async () => {
        const name = storedNames.delta(round);
        const file = await openDelta(round);
        if (file === undefined) return;
        if (accepted) {
          const meta: HomeMeta = { round, momentSteps: file.meta.momentSteps };
          const tensors = new Map([...file.tensors].filter(([tensor]) => tensor !== "delta"));
          await disk.write(storedNames.home, encodeStored({ meta, tensors }));
        }
        await disk.remove(name);
        made.delete(round);
        if (!accepted && left?.round === round) left = undefined;
        const snapshot = await open<SnapshotMeta>(storedNames.snapshot);
        if (snapshot !== undefined && snapshot.meta.round <= round) await disk.remove(storedNames.snapshot);
      }),
    saveDelta: ({ pending, homeRound, sections, bytes }, kept) => {
      const meta: DeltaMeta = { pending, homeRound, sections, momentSteps: kept.moments?.steps ?? null };
      const tensors = new Map([
        ["delta", bytesEntry(bytes)],
        ...entriesOfKept(kept),
        ...(kept.residual ?? []).flatMap((section) => entriesOf(residualPrefix, section)),
      ]);
      const { round } = pending;
      const encoded = encodeStored({ meta, tensors });
      const file = decodeStored<DeltaMeta>(encoded, storedNames.delta(round));
      for (const [before, { isWritten }] of made) if (isWritten) made.delete(before);
      made.set(round, { bytes: encoded, file, isWritten: false });
      left = { round, file };
      inTurn(writeAll).catch(() => {}); // heard by whoever asks for the delta
    },
    written: () => inTurn(async () => {}),
  };
}

/** [V7] What was begun ahead goes on from one delta alone [V59]. */
function isOf({ round, body, homeRound, ahead }: SnapshotMeta, of: SnapshotOf): boolean {
  const isOfRound = round === of.round && body === of.body && homeRound === of.homeRound;
  return isOfRound && ahead?.order.ahead?.own === of.ahead?.own;
}

export function entriesOfKept({ values, moments }: Kept): readonly [string, SafetensorsEntry][] {
  const entries = [...values].flatMap(([group, tensors]) => entriesOf(group, tensors));
  if (moments === null) return entries;
  return [...entries, ...entriesOf("first", moments.first), ...entriesOf("second", moments.second)];
}

export const stepsOf = (steps: StoredSteps): GroupSteps =>
  typeof steps === "number" ? { theta: steps, phi: steps, psi: steps } : steps;

/** Moments are over all groups, in their order. Made once a config. */
export const layoutOfMoments = once((config: ModelConfig): TensorLayout => {
  let size = 0;
  const slots = groups.flatMap((group) => {
    const layout = groupLayout(config, group);
    const start = size;
    size += layout.size;
    return layout.slots.map((slot) => ({ ...slot, offset: start + slot.offset }));
  });
  return { slots, size };
});
