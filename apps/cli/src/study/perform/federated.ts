// Federated arms: whole rounds through the coordinator, the replica, the upload and the averaging that production has.

import { type NamedTensors, random, sha256Of } from "@homebody/base";
import { exchangeFor, leavesOutRows, type RowMap, takeRows } from "@homebody/dept";
import { checkRunFile, manifestOf, type RunManifest, type ServedText } from "@homebody/protocol";
import { drawBatch, encodeShard, type PreparedText, shardBytes } from "@homebody/text";
import { heldText, rowsOfText } from "@homebody/volunteer";
import { type Federated, federate } from "../../federation.ts";
import { deltaBytes, evaluatedShare, type Row } from "../job.ts";
import type { FederatedWork } from "../work.ts";
import { fitted } from "./fitted.ts";
import {
  evaluated,
  evaluatedOn,
  keepBody,
  keepWords,
  type Made,
  type Performing,
  rootMeanSquare,
  rowsOf,
  textOf,
  trainerOf,
} from "./performing.ts";

/** A member's text in the tokens that its device trains, and which rows of a shared vocabulary those are. */
interface Member {
  readonly text: PreparedText;
  /** Null: all. */
  readonly rows: RowMap | null;
}

export async function trainFederated(work: FederatedWork, performing: Performing): Promise<Made> {
  const { arm, seed, recipe, localSteps, rounds, curveRows } = work;
  const texts = new Map<string, PreparedText>();
  for (const ref of work.members) texts.set(ref.source, await textOf(performing, ref));
  const manifest = manifestFor(work, texts);
  const members = membersOf(manifest, texts);
  const sourceOf = new Map(work.volunteers.map(({ name, source }) => [name, source]));
  const textOfVolunteer = (name: string) => members.get(sourceOf.get(name)!)!.text.train;
  const draw = { seed, localSteps, batch: recipe.batch };
  const { fitSteps, refitSteps } = manifest.training;
  const fits = { ...draw, slot: 0, slots: 1, localSteps: Math.max(1, fitSteps, refitSteps) };
  const taking = Array.from({ length: rounds }, (_, i) => takingPart(work, i + 1));
  let sentBytes = 0;
  const federated = await federate({
    manifest,
    volunteers: sourceOf,
    served: manifest.sources.some(({ served }) => served !== null) ? shardsOf(texts) : [],
    rowsOf: (source) => members.get(source)!.rows,
    rounds: taking,
    sent: ({ length }) => {
      sentBytes += length;
    },
    batchOf: (round, name, step, { slot, slots }) => {
      const at = { source: sourceOf.get(name)!, slot, slots, round: round - 1, step };
      return drawBatch(textOfVolunteer(name), { ...draw, ...at });
    },
    fittingOf: (round, name, step) => {
      performing.passed(recipe.batch * recipe.model.context);
      const at = { source: `${sourceOf.get(name)!}/fit`, round, step };
      return drawBatch(textOfVolunteer(name), { ...fits, ...at });
    },
    ...(curveRows === null ? {} : { heldOut: (source: string) => members.get(source)!.text.heldOut }),
    scoresReplicas: work.scoresReplicas,
    stepped: performing.passed,
  });
  const curve = federated.scores.flatMap(({ of, body, name, source, ...score }) => {
    performing.passed(score.tokens * evaluatedShare);
    const whose = name === source ? "" : ` of ${name}`;
    const phase = `${of === "body" ? "rounds" : "replicas"}${whose}`;
    return rowsOf({ arm, seed, phase, step: body * localSteps }, source, score).slice(0, 1);
  });
  const sent: Row = {
    ...{ arm, seed, phase: "trained", source: null, step: rounds * localSteps },
    ...{ measure: deltaBytes, value: sentBytes / taking.flat().length },
  };
  if (work.keepsWords) await keepAllWords(manifest, federated, performing);
  return {
    rows: [...curve, sent, ...(await endOf(work, manifest, members, federated, performing))],
    provenance: { run: manifest.run, ...(await keepBody(performing, federated.body)) },
  };
}

/** Under SPEC: of each source, from its device or from the coordinator. */
async function keepAllWords(
  { sources }: RunManifest,
  { body, home }: Federated,
  performing: Performing,
): Promise<void> {
  for (const { id } of sources) {
    const words = new Map<"phi" | "psi", NamedTensors>();
    for (const group of ["phi", "psi"] as const) {
      const numbers = home.get(id)?.get(group) ?? body.get(`${group}/${id}`);
      if (numbers !== undefined) words.set(group, numbers);
    }
    if (words.size > 0) await keepWords(performing, id, words);
  }
}

/** Where the exchange leaves out rows, a device has those whose tokens occur in its text. */
function membersOf(
  manifest: RunManifest,
  texts: ReadonlyMap<string, PreparedText>,
): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  for (const { id, vocabulary } of manifest.sources) {
    const text = texts.get(id)!;
    const rows = leavesOutRows(manifest) ? rowsOfText(vocabulary, text) : null;
    const held = rows === null ? text : heldText({ ...text, textBytes: shardBytes(text.train) }, rows);
    members.set(id, { text: held, rows });
  }
  return members;
}

/** The run that the arm is, as its run file would say it. */
export function manifestFor(
  { variant, words, recipe, seed, arm, vocabulary, ...work }: FederatedWork,
  texts: ReadonlyMap<string, PreparedText>,
): RunManifest {
  const isOfSources = words === "source";
  const own = isOfSources ? "source" : "own";
  const file = checkRunFile({
    name: arm,
    description: "an arm of a study",
    model: recipe.model,
    variant,
    words,
    vocabulary: vocabulary === null ? { kind: own } : { kind: "global", size: vocabulary, file: "given" },
    sources: [...texts].map(([id, { tokenizer }]) => ({
      ...{ id, title: id, language: "und" },
      // Words of a source need text that the host has; here it is read from the study's folder all the same.
      ...(isOfSources ? { text: "served", train: "given" } : { text: "brought" }),
      ...(vocabulary === null ? { vocabulary: tokenizer.vocabularySize } : {}),
    })),
    training: {
      localSteps: work.localSteps,
      batch: recipe.batch,
      learningRate: recipe.learningRate,
      seed,
      ...work.training,
    },
    outer: work.outer,
    codec: work.codec,
    errorFeedback: work.errorFeedback,
    down: work.down,
    rounds: work.rounds,
    round: { minimum: 1, deadlineSeconds: 86_400, minimumSeconds: 0 },
    newcomerRounds: 1,
    heldOut: { sampleRows: work.curveRows ?? "all" },
    // The method alone: nobody here is a stranger.
    ...{ clipping: "off", hold: "off" },
  });
  return manifestOf(file, new Map(isOfSources ? [...texts].map(([id, text]) => [id, served(text)]) : []));
}

function shardsOf(texts: ReadonlyMap<string, PreparedText>): readonly Uint8Array[] {
  return [...texts.values()].flatMap(({ train, heldOut }) => [encodeShard(train), encodeShard(heldOut)]);
}

function served({ train, heldOut }: PreparedText): ServedText {
  const [own, kept] = [encodeShard(train), encodeShard(heldOut)];
  return {
    ...{ train: sha256Of(own), trainBytes: own.length },
    ...{ heldOut: sha256Of(kept), heldOutBytes: kept.length },
  };
}

/** Who takes part in a round, of those that have come: all, or a share of them that the seed draws. */
export function takingPart(
  { volunteers, share, seed }: Pick<FederatedWork, "volunteers" | "share" | "seed">,
  round: number,
): readonly string[] {
  const names = volunteers.filter(({ from }) => from <= round).map(({ name }) => name);
  const count = Math.max(1, Math.round(share * names.length));
  const dice = random(`${seed}/sources/${round}`);
  const drawn = names.map((name) => ({ name, lot: dice.uint32() })).sort((a, b) => a.lot - b.lot);
  const chosen = new Set(drawn.slice(0, count).map(({ name }) => name));
  return names.filter((name) => chosen.has(name));
}

/** The last body on whole held-out texts: with each member's own embeddings, or, where it is to be, on others' texts. */
async function endOf(
  work: FederatedWork,
  manifest: RunManifest,
  members: ReadonlyMap<string, Member>,
  { body, home }: Federated,
  performing: Performing,
): Promise<Row[]> {
  const { arm, seed, recipe, localSteps, rounds, evaluate } = work;
  const { batch } = recipe;
  const about = { arm, seed, phase: "trained", step: rounds * localSteps };
  const size = rootMeanSquare(body.get("theta")!);
  const rows: Row[] = [{ ...about, source: null, measure: "root mean square of the body", value: size }];
  for (const source of manifest.sources.slice(0, evaluate.length > 0 ? 1 : undefined)) {
    const member = members.get(source.id)!;
    const { config, sections } = exchangeFor(manifest, source, member.rows);
    const trainer = trainerOf(config);
    try {
      for (const { name, group, rows: held } of sections) {
        const numbers = body.get(name)!;
        trainer.load(group, held === null ? numbers : takeRows(numbers, held));
      }
      for (const [group, numbers] of home.get(source.id)!) trainer.load(group, numbers);
      if (evaluate.length > 0) rows.push(...(await evaluatedOn(evaluate, trainer, batch, about, performing)));
      else {
        const score = await evaluated(trainer, member.text.heldOut, batch, performing);
        rows.push(...rowsOf(about, source.id, score));
        rows.push(...(await fitted(work, trainer, source.id, member.text, performing)));
      }
    } finally {
      trainer.dispose();
    }
  }
  return rows;
}
