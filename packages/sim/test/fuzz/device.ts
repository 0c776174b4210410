// The rules as a volunteer's disk and device show them, over all its lives: whatever is written is looked at as it is written,
// and so are the numbers that a round's training begins from.

import assert from "node:assert/strict";
import { decodeSafetensors, float32Tensors, type NamedTensors, type Sha256, sha256Of } from "@homebody/base";
import type { Group } from "@homebody/model/parameters";
import { groupOf, type SectionFile } from "@homebody/protocol";
import type { Device, DeviceTrainer, Disk } from "@homebody/volunteer";
import { decodeStored, type StoredFile } from "../../../volunteer/src/stored-file.ts";
import type { DeltaMeta, HomeMeta, SnapshotMeta } from "../../../volunteer/src/stored-state.ts";
import { type MemberInputs, memberId } from "../../src/member.ts";
import { type Carried, carriedBy } from "./carried.ts";
import { lastCounted } from "./facts.ts";
import type { Watch } from "./watch.ts";

/** Numbers of groups, by their hash. */
type Numbers = ReadonlyMap<Group, Sha256>;

/** What has been seen of a device. */
interface Seen {
  /** What was loaded since the last beginning. */
  readonly loaded: Map<Group, Sha256>;
  /** Whether a step was made since. */
  moved: boolean;
  /** What was read last. */
  readonly read: Map<Group, Sha256>;
  /** What the training under way began from. */
  begun: Numbers;
  /** Theta as it was read last. */
  theta: Float32Array;
  readonly carried: Carried;
  /** What training began from of which this was a snapshot, by its theta. */
  readonly snapshots: Map<Sha256, Numbers>;
  /** Home tensors that each delta left. */
  readonly homes: Map<number, Numbers>;
}

export function watchedMember(inputs: MemberInputs, watch: Watch): MemberInputs {
  const seen: Seen = {
    ...{ loaded: new Map(), moved: false, read: new Map(), begun: new Map() },
    ...{ snapshots: new Map(), homes: new Map() },
    ...{ theta: new Float32Array(), carried: carriedBy(inputs.manifest) },
  };
  return {
    ...inputs,
    disk: watchedDisk(inputs, seen, watch),
    device: (clock, times) => watchedDevice(inputs.device(clock, times), seen),
  };
}

function watchedDevice<T extends Device>(device: T, seen: Seen): T {
  return {
    ...device,
    trainer: (...options) => {
      const trainer = device.trainer(...options);
      const step: DeviceTrainer["step"] = (batch, rates) => {
        if (!seen.moved) begin(seen);
        return trainer.step(batch, rates);
      };
      return {
        ...trainer,
        load: (group, numbers) => {
          if (seen.moved) seen.loaded.clear();
          seen.moved = false;
          seen.loaded.set(group, hashOf(numbers));
          trainer.load(group, numbers);
        },
        read: async (group) => {
          const numbers = await trainer.read(group);
          seen.read.set(group, hashOf(numbers));
          if (group === "theta") seen.theta = numbers.data.slice();
          return numbers;
        },
        step,
      };
    },
  };
}

/** The first step on what was loaded: a body with home tensors, or a snapshot of what had begun so. */
function begin(seen: Seen): void {
  seen.moved = true;
  seen.begun = seen.snapshots.get(seen.loaded.get("theta")!) ?? new Map(seen.loaded);
}

function watchedDisk({ disk, ...member }: MemberInputs, seen: Seen, watch: Watch): Disk {
  const { known } = watch;
  const volunteer = memberId(member.seed, member.number);
  const counted = () => lastCounted(known, volunteer);

  async function look(name: string, bytes: Uint8Array): Promise<void> {
    const [kind, rest = ""] = name.replace(".safetensors", "").split("-");
    if (kind === "body" || kind === "first") isPublished(rest, bytes);
    if (kind === "home") isCounted(decodeStored<HomeMeta>(bytes, name));
    if (kind === "snapshot") isOfBody(decodeStored<SnapshotMeta>(bytes, name).meta);
    if (kind === "delta") await isFromBody(decodeStored<DeltaMeta>(bytes, name));
  }

  function isPublished(group: string, bytes: Uint8Array): void {
    const hash = sha256Of(bytes);
    const isOf = ({ name, sha256 }: SectionFile) => groupOf(name) === group && sha256 === hash;
    assert.ok(
      known.bodies.some((sections) => sections.some(isOf)),
      `${group}: of a body that was published`,
    );
  }

  function isCounted(file: StoredFile<HomeMeta>): void {
    const { round } = file.meta;
    seen.carried.home(file, round);
    assert.equal(round, counted(), "[V9] home tensors of the last delta that counted");
    if (round === 0) seen.homes.set(0, new Map(seen.read));
  }

  function isOfBody({ round, body, homeRound }: SnapshotMeta): void {
    assert.ok(known.ids.get(body)?.has(round - 1), "[V7] a snapshot of what began from the round's body");
    assert.equal(homeRound, counted(), "[V9] and from the words of the last delta that counted");
    seen.snapshots.set(seen.read.get("theta")!, seen.begun);
  }

  async function isFromBody(file: StoredFile<DeltaMeta>): Promise<void> {
    const { pending, homeRound } = file.meta;
    const { round } = pending;
    const theta = known.bodies[round - 1]?.find(({ name }) => name === "theta");
    assert.ok(theta !== undefined, `[V6] body ${round - 1} was published`);
    const from = float32Tensors(decodeSafetensors((await watch.blob(theta.sha256))!));
    seen.carried.delta(file, { round, homeRound }, { theta: seen.theta, from: from.data });
    assert.equal(
      seen.begun.get("theta"),
      hashOf(from),
      `[V6] round ${round} was trained from body ${round - 1}`,
    );
    assert.equal(homeRound, counted(), "[V9] it began from the words of the last delta that counted");
    const home = seen.homes.get(homeRound);
    for (const group of homeGroups(home, member))
      assert.equal(seen.begun.get(group), home?.get(group), `[V9] ${group} is what that delta left`);
    seen.homes.set(round, new Map(seen.read));
  }

  return {
    ...disk,
    write: async (name, bytes) => {
      await watch.lookAt(() => look(name, bytes));
      await disk.write(name, bytes);
    },
  };
}

/** Groups that stay at home, where it is known what they were. */
function homeGroups(
  home: Numbers | undefined,
  { manifest }: Pick<MemberInputs, "manifest">,
): readonly Group[] {
  const groups: readonly Group[] = manifest.variant === "spec" ? ["phi", "psi"] : [];
  return groups.filter((group) => home?.has(group) && home.get(group) !== ofNothing);
}

/** Of a group that this model does not have. */
const ofNothing = sha256Of(new Uint8Array(0));

function hashOf({ data }: NamedTensors): Sha256 {
  return sha256Of(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
