// Honest volunteers that really train, and one of bare messages that sends what a test wants sent in its place.

import { namedTensors, random, type SourceId, type VolunteerId } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { encodeDelta } from "@homebody/codec";
import type { Fact } from "@homebody/coordinator";
import { decodeSection, exchangeFor, exchangeOf } from "@homebody/dept";
import { type Announcement, events, type RunManifest, type SectionFile } from "@homebody/protocol";
import type { MemoryHost } from "@homebody/service/memory";
import { memoryBlobs } from "@homebody/store/memory";
import { type BareVolunteer, bareVolunteer } from "../../../test/bare-volunteer.ts";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { reachOf } from "../../service/src/inbox/reach.ts";
import {
  attacking,
  quietConditions,
  startSimulation,
  type Attack as TrainedAttack,
  textsOf,
} from "../src/index.ts";

type Open = Extract<Announcement, { kind: "training" }>;

/** A number of the attacker's delta. */
export type Attack = (number: {
  readonly tensor: string;
  readonly shape: readonly number[];
  /** The largest that a delta of this round may hold here. */
  readonly reach: number;
  /** How the body moved here in the last round. */
  readonly moved: number;
  /** In [0, 1). */
  readonly dice: number;
}) => number;

export function poisonedRun(
  change: Partial<RunManifest> = {},
  sources: readonly string[] = ["a"],
): RunManifest {
  const plain = manifestOf({ sources, vocabulary: 400 });
  return {
    ...plain,
    model: { family: "llama", depth: 2, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } },
    training: {
      ...plain.training,
      ...{ localSteps: 15, batch: 4, fitSteps: 0 },
      learningRate: { ...plain.training.learningRate, peak: 0.01, warmupSteps: 15 },
    },
    rounds: 6,
    round: { ...plain.round, minimum: 3, deadlineSeconds: 600, evaluationSeconds: 60 },
    hold: "off",
    ...change,
  };
}

export interface Poisoned {
  /** As the honest volunteers measure it, body by body. */
  readonly bitsPerByte: readonly number[];
  /** What the attacker's deltas came to: "ok" or a refusal, round by round. */
  readonly words: readonly string[];
  readonly isHeld: boolean;
}

/** Two honest volunteers of the first source, and the attacker of the last; without an attack nobody is in its place. */
export async function poisoned(
  manifest: RunManifest,
  attack: Attack | TrainedAttack | null,
): Promise<Poisoned> {
  const own = attack === null ? { ...manifest, round: { ...manifest.round, minimum: 2 } } : manifest;
  const [first, last] = [own.sources[0]!.id, own.sources.at(-1)!.id];
  const isTrained = attack !== null && typeof attack !== "function";
  const clock = memoryClock();
  const texts = await textsOf(own, memoryBlobs(), { seed: 1, clock });
  const { host, members, check } = await startSimulation(own, {
    ...{
      volunteers: isTrained ? 3 : 2,
      seed: 1,
      stubTraining: false,
      conditions: quietConditions,
      host: { clock },
    },
    texts,
    member: (inputs) => {
      const source = inputs.number === 2 ? last : first;
      const device: typeof inputs.device = (...given) =>
        attacking(inputs.device(...given), attack as TrainedAttack, "attack");
      return { ...inputs, source, text: texts.get(source)!, ...(inputs.number === 2 && { device }) };
    },
  });
  const words: string[] = [];
  if (typeof attack === "function") await enlist(own, host, attack, words);
  const isOver = () => {
    check();
    const { phase, held } = host.service().state();
    return phase.kind === "finished" || held !== null;
  };
  await clock.until("the end", isOver, 1e9);
  const entries = (await host.entries()).map(({ fact }) => fact);
  const { held } = host.service().state();
  await host.close();
  return {
    bitsPerByte: measuredBy(new Set(members.slice(0, 2).map(({ volunteer }) => volunteer)), entries),
    words,
    isHeld: held !== null,
  };
}

function measuredBy(who: ReadonlySet<VolunteerId>, facts: readonly Fact[]): readonly number[] {
  const sums: { nats: number; bytes: number }[] = [];
  for (const fact of facts) {
    if (fact.kind !== "evaluated" || !who.has(fact.volunteer)) continue;
    const { nats, bytes } = sums[fact.body] ?? { nats: 0, bytes: 0 };
    sums[fact.body] = { nats: nats + fact.nats, bytes: bytes + fact.bytes };
  }
  return sums.map(({ nats, bytes }) => nats / Math.LN2 / bytes);
}

async function enlist(run: RunManifest, host: MemoryHost, attack: Attack, words: string[]): Promise<void> {
  let before: readonly SectionFile[] | undefined;
  let round = 0;
  const source = run.sources.at(-1)!.id;
  async function answer(announcement: Announcement): Promise<void> {
    if (announcement.kind !== "training" || announcement.assignment === null || announcement.round <= round)
      return;
    round = announcement.round;
    const delta = await poison(run, { source, announcement, before, host, attack });
    before = announcement.body.sections;
    words.push(await volunteer.deliver(announcement.round, delta));
  }
  const line = host.net("attacker").connect({
    up: () => {},
    down: () => {},
    event: (event, message) => {
      if (event === events.announcement) void answer(message as Announcement);
    },
    passed: () => {},
  });
  const volunteer: BareVolunteer = bareVolunteer(run, "attacker", line.ask);
  await host.clock.advance(0);
  await volunteer.join(source);
}

interface Poison {
  readonly source: SourceId;
  readonly announcement: Open;
  readonly before: readonly SectionFile[] | undefined;
  readonly host: MemoryHost;
  readonly attack: Attack;
}

async function poison(
  run: RunManifest,
  { source, announcement, before, host, attack }: Poison,
): Promise<Uint8Array> {
  const { round, localSteps, stepsBefore, totalSteps, body } = announcement;
  const dice = random(`attack ${round}`);
  const exchange = exchangeFor(run, run.sources.find(({ id }) => id === source)!, null);
  const numbersOf = async (section: (typeof exchange.sections)[number], files: readonly SectionFile[]) => {
    const whole = exchangeOf(run).sections.find(({ name }) => name === section.name)!;
    const { sha256 } = files.find(({ name }) => name === section.name)!;
    return decodeSection(whole, (await host.blob(sha256))!).data;
  };
  const sections = [];
  for (const section of exchange.sections) {
    const now = await numbersOf(section, body.sections);
    const last = before === undefined ? now : await numbersOf(section, before);
    const reach = reachOf(run.training, section, { steps: localSteps, localSteps, stepsBefore, totalSteps });
    const numbers = namedTensors(section.held);
    for (const slot of section.held.slots) {
      const most = reach(slot, 0).rootMeanSquare / 1.01;
      for (let i = slot.offset; i < slot.offset + slot.size; i++) {
        const moved = now[i]! - last[i]!;
        const about = { tensor: slot.name, shape: slot.shape, reach: most, moved, dice: dice.uniform() };
        numbers.data[i] = attack(about);
      }
    }
    sections.push({ codec: section.codec, numbers });
  }
  return encodeDelta(sections).bytes;
}
