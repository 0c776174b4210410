// A run in the simulator whose volunteers really train, and some of them poison.

import type { SourceId, VolunteerId } from "@homebody/base";
import type { Fact } from "@homebody/coordinator";
import type { Entrance } from "@homebody/line";
import { checkRunFile, manifestOf, type Refusal, type RunManifest } from "@homebody/protocol";
import {
  attacking,
  attacks,
  type MemberInputs,
  quietConditions,
  startSimulation,
  type Texts,
} from "@homebody/sim";
import { bitsPerByte, shardBytes } from "@homebody/text";
import { evaluatedShare, type Row } from "../job.ts";
import type { AttackedWork } from "../work.ts";
import { type Made, type Performing, textOf } from "./performing.ts";

/** Of virtual time; a run takes minutes. */
const longestMs = 1e9;

export async function trainAttacked(work: AttackedWork, performing: Performing): Promise<Made> {
  const texts = await textsFor(work, performing);
  const manifest = manifestFor(work, texts);
  const refused = new Map<Refusal, number>();
  const { host, members, check } = await startSimulation(manifest, {
    ...{ volunteers: work.volunteers.length, seed: work.seed, stubTraining: false, texts },
    conditions: quietConditions,
    host: { around: (entrance) => counting(entrance, refused) },
    member: (inputs) => memberFor(work, texts, performing, inputs),
  });
  await host.clock.until(
    "the end",
    () => {
      check();
      return host.service().state().phase.kind === "finished";
    },
    longestMs,
  );
  const facts = (await host.entries()).map(({ fact }) => fact);
  const body = host.service().state().body.id;
  await host.close();
  const isAttacker = new Map(members.map(({ volunteer }, i) => [volunteer, work.volunteers[i]!.isAttacker]));
  return {
    rows: [...curves(work, facts, isAttacker), ...counts(work, facts, isAttacker, refused)],
    provenance: { run: manifest.run, body },
  };
}

async function textsFor({ texts }: AttackedWork, performing: Performing): Promise<Texts> {
  const found = new Map<SourceId, MemberInputs["text"]>();
  for (const ref of texts) {
    const text = await textOf(performing, ref);
    found.set(ref.source as SourceId, { ...text, textBytes: shardBytes(text.train) });
  }
  return found;
}

function manifestFor(
  { arm, seed, recipe, rules, volunteers, localSteps, rounds, curveRows }: AttackedWork,
  texts: Texts,
): RunManifest {
  const file = checkRunFile({
    name: arm,
    description: "an arm of a study",
    model: recipe.model,
    sources: [...texts].map(([id, { tokenizer }]) => ({
      ...{ id, title: id, language: "und", text: "brought", vocabulary: tokenizer.vocabularySize },
    })),
    training: { localSteps, batch: recipe.batch, learningRate: recipe.learningRate, seed },
    rounds,
    round: {
      ...{ minimum: volunteers.length, deadlineSeconds: 86_400, minimumSeconds: 0, evaluationSeconds: 3600 },
    },
    // All are here from the first round on.
    newcomerRounds: 1,
    heldOut: { sampleRows: curveRows },
    ...{ ...rules, hold: "off" },
  });
  return manifestOf(file, new Map());
}

function memberFor(
  { volunteers, attack, seed }: AttackedWork,
  texts: Texts,
  { passed }: Performing,
  inputs: MemberInputs,
): MemberInputs {
  const { source, isAttacker } = volunteers[inputs.number]!;
  const device: MemberInputs["device"] = (...given) => {
    const own = counted(inputs.device(...given), passed);
    if (!isAttacker || attack === null) return own;
    return { ...own, ...attacking(own, attacks[attack], `${seed}/attacker ${inputs.number}`) };
  };
  const id = source as SourceId;
  return { ...inputs, source: id, text: texts.get(id)!, device };
}

type MemberDevice = ReturnType<MemberInputs["device"]>;

/** Says how many tokens went through the model. */
function counted(device: MemberDevice, passed: Performing["passed"]): MemberDevice {
  return {
    ...device,
    trainer: (...options) => {
      const trainer = device.trainer(...options);
      return {
        ...trainer,
        step: (batch, rates) => {
          passed(batch.inputs.length);
          return trainer.step(batch, rates);
        },
        evaluate: (batch) => {
          passed(batch.inputs.length * evaluatedShare);
          return trainer.evaluate(batch);
        },
      };
    },
  };
}

/** Adds up why volunteers are refused. */
function counting(entrance: Entrance, refused: Map<Refusal, number>): Entrance {
  return {
    ...entrance,
    connected: (connection) => {
      const listener = entrance.connected(connection);
      return {
        ...listener,
        message: (event, message, answer) =>
          listener.message(event, message, (reply) => {
            const { refusal } = reply as { readonly refusal?: Refusal };
            if (refusal !== undefined) refused.set(refusal, (refused.get(refusal) ?? 0) + 1);
            answer(reply);
          }),
      };
    },
  };
}

/** What the honest ones of each source measure, body by body. */
function curves(
  { arm, seed, localSteps }: AttackedWork,
  facts: readonly Fact[],
  isAttacker: ReadonlyMap<VolunteerId, boolean>,
): readonly Row[] {
  const sums = new Map<string, { source: SourceId; body: number; nats: number; bytes: number }>();
  for (const fact of facts) {
    if (fact.kind !== "evaluated" || isAttacker.get(fact.volunteer) !== false) continue;
    const { source, body } = fact;
    const { nats, bytes } = sums.get(`${source} ${body}`) ?? { nats: 0, bytes: 0 };
    sums.set(`${source} ${body}`, { source, body, nats: nats + fact.nats, bytes: bytes + fact.bytes });
  }
  return [...sums.values()].map(({ source, body, nats, bytes }) => ({
    ...{ arm, seed, phase: "rounds", source, step: body * localSteps },
    ...{ measure: "bits per byte", value: bitsPerByte(nats, bytes) },
  }));
}

/** How many deltas of those in the attackers' places were accepted, and of whomever refused, by why. */
function counts(
  { arm, seed, localSteps, rounds }: AttackedWork,
  facts: readonly Fact[],
  isAttacker: ReadonlyMap<VolunteerId, boolean>,
  refused: ReadonlyMap<Refusal, number>,
): readonly Row[] {
  const about = { arm, seed, phase: "trained", source: null, step: rounds * localSteps };
  const accepted = facts.filter(
    (fact) => fact.kind === "accepted" && isAttacker.get(fact.volunteer) === true,
  ).length;
  return [
    { ...about, measure: "accepted", value: accepted },
    ...[...refused].map(([refusal, value]) => ({ ...about, measure: `refused: ${refusal}`, value })),
  ];
}
