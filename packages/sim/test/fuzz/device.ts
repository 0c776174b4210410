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
import { isStart, thetaOfDelta } from "./ahead.ts";
import { type Carried, carriedBy } from "./carried.ts";
import { lastCounted } from "./facts.ts";
import type { Watch } from "./watch.ts";

/** Numbers of groups, by their hash. */
type Numbers = ReadonlyMap<Group, Sha256>;

/** What training began from. */
interface Begun {
  readonly numbers: Numbers;
  readonly theta: Float32Array;
}

/** What has been seen of a device. */
interface Seen {
  /** What was loaded since the last beginning. */
  readonly loaded: Map<Group, Sha256>;
  loadedTheta: Float32Array;
  /** Whether a step was made since. */
  moved: boolean;
  /** What was read last. */
  readonly read: Map<Group, Sha256>;
  /** What the training under way began from. */
  begun: Begun;
  /** Theta as it was read last. */
  theta: Float32Array;
  readonly carried: Carried;
  /** What training began from of which this was a snapshot, by its theta. */
  readonly snapshots: Map<Sha256, Begun>;
  /** Home tensors that each delta left. */
  readonly homes: Map<number, Numbers>;
  /** Deltas by round, as they were stored last. */
  readonly deltas: Map<number, StoredFile<DeltaMeta>>;
  /** The round whose home tensors are this device's own. */
  home: number;
}

export function watchedMember(inputs: MemberInputs, watch: Watch): MemberInputs {
  const seen: Seen = {
    ...{ loaded: new Map(), loadedTheta: new Float32Array(), moved: false, read: new Map() },
    ...{ begun: { numbers: new Map(), theta: new Float32Array() }, snapshots: new Map() },
    ...{ homes: new Map(), deltas: new Map(), home: 0 },
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
          if (group === "theta") seen.loadedTheta = numbers.data;
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
  const loaded = { numbers: new Map(seen.loaded), theta: seen.loadedTheta };
  seen.begun = seen.snapshots.get(seen.loaded.get("theta")!) ?? loaded;
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
    if (round !== 0 && round !== seen.home)
      assert.equal(
        seen.deltas.get(round)?.meta.homeRound,
        seen.home,
        "[V9] [V56] which began from those of the one before that counted",
      );
    seen.home = round;
    if (round === 0) seen.homes.set(0, new Map(seen.read));
  }

  function isOfBody({ round, body, homeRound, ahead }: SnapshotMeta): void {
    const number = ahead === undefined ? round - 1 : round - 2;
    assert.ok(known.ids.get(body)?.has(number), "[V7] [V59] a snapshot of what began from the round's body");
    isFromWords(homeRound, round);
    seen.snapshots.set(seen.read.get("theta")!, seen.begun);
  }

  /** Of the last delta that counted; where the run is eager, of the one before, of which it is not known yet. */
  function isFromWords(homeRound: number, round: number): void {
    if (known.manifest.overlap === "eager" && homeRound === round - 1) return;
    assert.equal(homeRound, counted(), "[V9] it began from the words of the last delta that counted");
  }

  async function thetaOf(body: number): Promise<Float32Array> {
    const theta = known.bodies[body]?.find(({ name }) => name === "theta");
    assert.ok(theta !== undefined, `[V6] body ${body} was published`);
    return float32Tensors(decodeSafetensors((await watch.blob(theta.sha256))!)).data;
  }

  async function isFromBody(file: StoredFile<DeltaMeta>): Promise<void> {
    const { pending, homeRound } = file.meta;
    const { round, body = round - 1 } = pending;
    seen.carried.delta(file, { round, homeRound }, { theta: seen.theta, from: seen.begun.theta });
    if (body === round - 1)
      assert.ok(
        Buffer.compare(bytesOf(seen.begun.theta), bytesOf(await thetaOf(body))) === 0,
        `[V6] round ${round} was trained from body ${body}`,
      );
    else await isFromStart(seen.begun.theta, { round, body, homeRound });
    isFromWords(homeRound, round);
    seen.deltas.set(round, file);
    const home = seen.homes.get(homeRound);
    for (const group of homeGroups(home, member))
      assert.equal(seen.begun.numbers.get(group), home?.get(group), `[V9] ${group} is what that delta left`);
    seen.homes.set(round, new Map(seen.read));
  }

  /** A round opens again when it has lapsed; of sources those are counted from whom nobody was removed. */
  function sharesIn(round: number): readonly number[] {
    return (known.openings.get(round) ?? []).flatMap((assigned) => {
      const slots = assigned.find((one) => one.volunteer === volunteer)?.slots;
      return slots === undefined ? [] : [1, 2, 3].map((sources) => 1 / (slots * sources));
    });
  }

  /** [V55] Of what is not known, no test can say when a device lost it: each of these is a start. */
  async function isFromStart(
    start: Float32Array,
    { round, body, homeRound }: { round: number; body: number; homeRound: number },
  ): Promise<void> {
    assert.deepEqual([body, homeRound], [round - 2, round - 1], "[V54] one round ahead of its body");
    const own = thetaOfDelta(known.manifest, seen.deltas.get(homeRound)!);
    const late = seen.deltas.get(body);
    const isIn = late !== undefined && seen.deltas.get(homeRound)!.meta.homeRound === body;
    const before = body > 0 ? await thetaOf(body - 1) : null;
    const found = isStart(start, {
      ...{ latest: await thetaOf(body), before, own, outer: known.manifest.outer },
      ...{ ownBefore: isIn ? thetaOfDelta(known.manifest, late) : null, deltas: sharesIn(homeRound) },
    });
    assert.ok(found, `[V55] round ${round}: what it began from is made of what was known`);
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

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function hashOf({ data }: NamedTensors): Sha256 {
  return sha256Of(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
