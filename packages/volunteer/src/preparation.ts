// Before a device can train: its backend started, what the disk has in the form of now, the text, the exchange that
// follows from it, the memory that training takes, and the replica. What is there already is not made again [V3].

import { bitsOf, declaresRows, type Exchange, exchangeFor, leavesOutRows, type RowMap } from "@homebody/dept";
import { dimensions, type Group } from "@homebody/model";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { type MemoryPlan, requireMemory } from "@homebody/train";
import type { BroughtFile } from "./brought.ts";
import type { Clock, Device, DeviceStart, Disk, Net } from "./ports.ts";
import { prepareText } from "./prepare.ts";
import { createReplica, type Replica } from "./replica.ts";
import { heldText, rowsOfText } from "./rows.ts";
import { upgradeState, upgradeText } from "./stored-v1.ts";
import type { Text } from "./text-file.ts";
import type { Task } from "./view.ts";

export interface PreparationInputs {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  /** What words that stay here begin from. */
  readonly wordsSeed: string;
  /** For text that is brought; null takes what is on the disk. */
  readonly files: readonly BroughtFile[] | null;
  /** Prepared already, by whoever has many volunteers of a source in one process. */
  readonly text?: Text | undefined;
  readonly net: Net;
  readonly disk: Disk;
  readonly device: Device;
  readonly clock: Clock;
  readonly snapshotMs?: number | undefined;
  /** Who this device is can be said: with the rows that it declares, where it does. */
  readonly introducible: (rows: Uint8Array | undefined) => void;
  readonly changed: () => void;
  /** The text is another one than before [V24]. */
  readonly replaced: () => void;
  /** Bytes of a body came, of this group. */
  readonly received: (group: Group, bytes: number) => void;
}

/** What there is by now. */
export interface Equipment {
  readonly started?: DeviceStart;
  readonly memory?: MemoryPlan;
  /** In the tokens that the device trains: places of its row map, where it has one. */
  readonly text?: Text;
  readonly rows?: RowMap;
  readonly replica?: Replica;
}

export interface Preparation {
  has(): Equipment;
  prepare(report: (task: Omit<Task, "startedAt">) => void, signal: AbortSignal): Promise<Replica>;
  /** [V18] What was on the device is gone. */
  lost(): void;
  /** Resolves when nothing is being stored any more. */
  dispose(): Promise<void>;
}

export function createPreparation(inputs: PreparationInputs): Preparation {
  const { manifest, source, files, net, disk, device, clock, introducible, changed, replaced } = inputs;
  let has: Equipment = inputs.text === undefined ? {} : { text: inputs.text };
  /** What replicas that are gone were still storing. */
  let stored: Promise<void> = Promise.resolve();

  async function prepare(
    report: (task: Omit<Task, "startedAt">) => void,
    signal: AbortSignal,
  ): Promise<Replica> {
    report({ kind: "check-device", done: 0, of: 1, unit: "steps" });
    const started = has.started ?? (await device.start());
    has = { ...has, started };
    const whole = leavesOutRows(manifest) ? undefined : exchangeFor(manifest, source, null);
    if (whole !== undefined) equip(whole, started, undefined);
    await upgradeText(disk);
    const tools = { net, disk, clock, report, signal, replaced };
    const text = has.text ?? (await prepareText(manifest, source, files, tools));
    has = { ...has, text };
    // Where rows are left out that the text does not need, nothing of the model is known before it.
    const rows = whole === undefined ? (has.rows ?? rowsOfText(source.vocabulary, text)) : undefined;
    const exchange = whole ?? exchangeFor(manifest, source, rows!);
    if (rows !== undefined) {
      has = { ...has, rows, text: has.rows === undefined ? heldText(text, rows) : text };
      // Which rows a device holds is nobody's business, unless they are exchanged and the host does not know the text.
      const declares = declaresRows(manifest) && source.served?.rows === undefined;
      equip(exchange, started, declares ? bitsOf(rows) : undefined);
    }
    await stored;
    await upgradeState(disk, exchange.config);
    const { memory, replica = createReplica({ ...inputs, exchange, memory }) } = has;
    has = { ...has, replica };
    return replica;
  }

  /** Throws an EngineError where the model does not fit. */
  function equip({ config }: Exchange, { limits }: DeviceStart, declared: Uint8Array | undefined): void {
    const shape = { rows: manifest.training.batch, context: dimensions(config).context };
    const { optimiser } = manifest.training;
    has = { ...has, memory: has.memory ?? requireMemory(config, shape, limits, { optimiser }) };
    changed();
    introducible(declared);
  }

  return {
    has: () => has,
    prepare,
    lost: () => {
      stored = has.replica?.dispose() ?? stored;
      device.lost();
      const { started: _started, memory: _memory, replica: _replica, ...kept } = has;
      has = kept;
    },
    dispose: () => has.replica?.dispose() ?? stored,
  };
}
