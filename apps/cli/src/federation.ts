// Whole federated rounds in memory, through what production runs: the volunteer's replica and upload on one side, the
// coordinator's journal, inbox and averaging on the other. What differs from a run is that batches (and, where a check
// has its own, first values) are given, and that the line between the two sides is a call.

import {
  InputError,
  type NamedTensors,
  type Sha256,
  type TensorLayout,
  type VolunteerId,
} from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { announcementFor, type Ready, type RunState } from "@homebody/coordinator";
import {
  bitsOf,
  declaresRows,
  decodeSection,
  type Exchange,
  exchangeFor,
  exchangeOf,
  firstNumbers,
  type RowMap,
  wordsSeed,
} from "@homebody/dept";
import { evaluateHeldOut } from "@homebody/experiment";
import { type Group, initialParameters } from "@homebody/model";
import {
  type Announcement,
  type Assignment,
  checkChunk,
  checkCommit,
  checkOpenMessage,
  events,
  type RunManifest,
  type SectionName,
  volunteerOf,
} from "@homebody/protocol";
import { beginRun, type Coordinator, openCoordinator } from "@homebody/service";
import { memoryBlobs, memoryJournal, memorySpool } from "@homebody/store/memory";
import type { Blobs } from "@homebody/store/ports";
import type { Batch, Score, Shard } from "@homebody/text";
import { createPredictor, createTrainer } from "@homebody/train";
import {
  createReplica,
  type Device,
  heldOutOptions,
  type Line,
  type Net,
  upload,
  type Work,
} from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";

export interface Federation {
  readonly manifest: RunManifest;
  /**
   * First values: of the body where a group travels (`source` is null), else of one source. Without it those that a run
   * of this manifest begins with.
   */
  readonly first?: (group: Group, layout: TensorLayout, source: string | null) => NamedTensors;
  /** What the manifest says that the host serves. */
  readonly served?: readonly Uint8Array[];
  /** Volunteers by their names here, and of which source each is; without it one a source, named as it. */
  readonly volunteers?: ReadonlyMap<string, string>;
  /** Which rows of the vocabulary a source's device has, where it leaves some out; else null. */
  readonly rowsOf: (source: string) => RowMap | null;
  /** Which volunteers take part in each round. */
  readonly rounds: readonly (readonly string[])[];
  /** In the tokens that the device trains. */
  readonly batchOf: (round: number, name: string, step: number, at: Assignment) => Batch;
  /** For words that fit a body before they count (round 0: fresh ones); without it none are fitted. */
  readonly fittingOf?: (round: number, name: string, step: number) => Batch;
  /**
   * In the tokens that the device trains. Where it is given, each body is evaluated on it by those who take part in the
   * next round, before they train, and the last body by all, as in a run.
   */
  readonly heldOut?: (source: string) => Shard;
  /** Also what each device has made of a body, at the end of its local steps and before anything is averaged. */
  readonly scoresReplicas?: boolean;
  /** Each message of an upload, as it passes. */
  readonly sent?: (bytes: Uint8Array, name: string, round: number) => void;
  /** After each local step. */
  readonly stepped?: (tokens: number) => void;
  /** Ends it with an AbortError. */
  readonly signal?: AbortSignal;
}

/** A body on the held-out text of a volunteer's source, with the home tensors that the volunteer has. */
export interface FederatedScore {
  /** `replica`: what the volunteer's local steps made of the body before this one. */
  readonly of: "body" | "replica";
  readonly body: number;
  readonly name: string;
  readonly source: string;
  readonly nats: number;
  readonly tokens: number;
  readonly bytes: number;
}

export interface Federated {
  /** The last body, section by section. */
  readonly body: ReadonlyMap<SectionName, NamedTensors>;
  /** What each volunteer keeps at home at the end. */
  readonly home: ReadonlyMap<string, ReadonlyMap<Group, NamedTensors>>;
  /** Of each local step, by round and volunteer. */
  readonly losses: readonly Readonly<Record<string, readonly number[]>>[];
  readonly scores: readonly FederatedScore[];
}

type Replica = ReturnType<typeof createReplica>;

interface Volunteer extends Ready {
  readonly volunteer: VolunteerId;
  readonly replica: Replica;
  readonly exchange: Exchange;
  readonly line: Line;
  readonly bits: Uint8Array | undefined;
}

/** The backend has to be started. */
export async function federate(given: Federation): Promise<Federated> {
  const { manifest, rounds } = given;
  const blobs = memoryBlobs();
  for (const bytes of given.served ?? []) await blobs.put(bytes);
  const volunteers = new Map<string, Volunteer>();
  let published = () => {};
  let failure: unknown;
  const failed = (error: unknown) => {
    failure = error;
    published();
  };
  const journal = memoryJournal();
  const opened = await beginRun(manifest, {
    journal,
    blobs,
    now: systemClock.now(),
    first: (section) =>
      given.first?.(section.group, section.layout, section.source) ?? firstNumbers(manifest, section),
  });
  const inRound = () => {
    const { phase } = coordinator.actor.state();
    const round = phase.kind === "gathering" ? phase.round : 0;
    const named = (rounds[round - 1] ?? []).map((name) => volunteers.get(name)!);
    return new Map(named.map((one) => [one.volunteer, one]));
  };
  const coordinator: Coordinator = await openCoordinator({
    opened,
    journal,
    blobs,
    spool: memorySpool(blobs),
    people: {
      ready: inRound,
      rowsOf: (who) => [...volunteers.values()].find((one) => one.volunteer === who)?.bits,
    },
    faults: () => {},
    clock: systemClock,
    notices: {
      appended: (entries) => {
        if (entries.some(({ fact }) => fact.kind === "published")) published();
      },
      averaged: () => {},
      stays: () => {},
      troubled: failed,
      failed,
    },
  });
  const { actor } = coordinator;
  const losses: Record<string, readonly number[]>[] = [];
  const scores: FederatedScore[] = [];
  const work: Work = {
    report: () => {},
    stepped: ({ tokens }) => given.stepped?.(tokens),
    keeping: async () => {},
    signal: given.signal ?? new AbortController().signal,
    duty: () => 1,
    isLineBusy: () => false,
    deadline: () => null,
    boxEnds: () => null,
    pace: () => [],
  };
  const evaluate = async (names: readonly string[], of: FederatedScore["of"]) => {
    for (const name of given.heldOut === undefined ? [] : names) {
      const { replica, source } = volunteers.get(name)!;
      const heldOut = given.heldOut!(source);
      const { body } = actor.state();
      const scored =
        of === "body"
          ? await replica.evaluate(body, await replica.stored.homeRound(), heldOut, work)
          : await replicaScore(given, replica, source, heldOut);
      const { nats, tokens, bytes } = scored;
      scores.push({ of, body: body.number + (of === "body" ? 0 : 1), name, source, nats, tokens, bytes });
    }
  };
  try {
    for (const [name, source] of volunteersOf(given))
      volunteers.set(name, await volunteerFor(name, source, given, coordinator, blobs));
    actor.start();
    for (const [i, names] of rounds.entries()) {
      const round = i + 1;
      await opening(actor.state, round);
      const isPublished = new Promise<void>((resolve) => {
        published = resolve;
      });
      const own: Record<string, readonly number[]> = {};
      for (const name of names) await fitWords(given, volunteers.get(name)!, name, actor.state(), work);
      await evaluate(names, "body");
      for (const name of names) {
        own[name] = await takePart(given, volunteers.get(name)!, name, actor.state(), work, async () => {
          if (given.scoresReplicas === true) await evaluate([name], "replica");
        });
      }
      losses.push(own);
      await isPublished;
      if (failure !== undefined) throw failure;
    }
    await evaluate([...volunteers.keys()], "body");
    return {
      body: await lastBody(manifest, actor.state(), blobs),
      home: await homesOf(given, volunteers),
      losses,
      scores,
    };
  } finally {
    await coordinator.close();
    for (const { replica } of volunteers.values()) await replica.dispose();
  }
}

const volunteersOf = ({ volunteers, manifest }: Federation): ReadonlyMap<string, string> =>
  volunteers ?? new Map(manifest.sources.map(({ id }) => [id, id]));

async function volunteerFor(
  name: string,
  sourceId: string,
  given: Federation,
  { inbox, actor }: Coordinator,
  blobs: Blobs,
): Promise<Volunteer> {
  const { manifest, first, rowsOf, sent } = given;
  const source = manifest.sources.find(({ id }) => id === sourceId)!;
  const volunteer = volunteerOf(name);
  const sender = { volunteer, source: source.id };
  const rows = rowsOf(source.id);
  const bits = rows === null || !declaresRows(manifest) ? undefined : bitsOf(rows);
  const exchange = exchangeFor(manifest, source, rows);
  const told = (bytes: Uint8Array) => {
    const { phase } = actor.state();
    sent?.(bytes, name, phase.kind === "training" ? phase.round : 0);
  };
  const line: Line = {
    ask: async (event, message) => {
      if (event === events.open) {
        const opening = checkOpenMessage(message);
        if (opening.bytes !== undefined) told(opening.bytes);
        return inbox.open(sender, opening);
      }
      if (event === events.commit) return inbox.commit(sender, checkCommit(message));
      if (event !== events.chunk) throw new InputError("event", "one of an upload", event);
      const chunk = checkChunk(message);
      told(chunk.bytes);
      return inbox.chunk(sender, chunk);
    },
    tell: () => {},
    close: () => {},
  };
  const net: Net = {
    download: async (path) => {
      const bytes = await blobs.get(path.replace("/bodies/", "") as Sha256);
      if (bytes === undefined) throw new InputError(path, "a section of a body", "nothing");
      return bytes;
    },
    connect: () => line,
  };
  const replica = createReplica({
    manifest,
    source,
    exchange,
    // One device a source: nobody looks, and a seed repeats it.
    wordsSeed: wordsSeed(manifest.training.seed, source.id),
    net,
    disk: memoryDisk(),
    device,
    clock: systemClock,
    snapshotMs: Number.POSITIVE_INFINITY,
  });
  if (first !== undefined && exchange.home.length > 0) {
    await replica.stored.saveHome(0, { values: firstHome(given, source.id, exchange), moments: null });
  }
  const declared = bits === undefined ? null : await blobs.put(bits);
  return { volunteer, source: source.id, rows: declared, replica, exchange, line, bits };
}

/** Trainers and predictors on the backend that runs. */
const device: Device = {
  start: () => Promise.reject(new InputError("device", "a trainer alone to be asked of it", "a start")),
  lost: () => {},
  trainer: (options) => createTrainer(options),
  predictor: createPredictor,
};

/** As at a device whose words are fresh: they fit a body that others have trained, before anything is sent [V20]. */
async function fitWords(
  { fittingOf }: Federation,
  { replica }: Volunteer,
  name: string,
  { body }: RunState,
  work: Work,
): Promise<void> {
  if (body.number === 0 || fittingOf === undefined || !(await replica.isFresh())) return;
  await replica.fit(body, (step) => fittingOf(0, name, step), work);
}

/** The volunteer's part of the open round: trains, sends, and keeps what belongs to an accepted delta. */
async function takePart(
  { batchOf, fittingOf }: Federation,
  { volunteer, replica, line }: Volunteer,
  name: string,
  state: RunState,
  work: Work,
  trained: () => Promise<void>,
): Promise<readonly number[]> {
  const announcement = announcementFor(state, volunteer, new Map(), systemClock.now());
  const order = orderOf(announcement, await replica.stored.homeRound());
  const losses: number[] = [];
  const training = (step: number) => batchOf(order.round, name, step, order);
  const fitting = (step: number) => fittingOf?.(order.round, name, step) ?? training(step);
  const stepped: Work["stepped"] = (step) => {
    losses.push(step.loss);
    work.stepped(step);
  };
  const pending = await replica.train(order, { training, fitting }, { ...work, stepped });
  await trained();
  const { bytes } = (await replica.stored.delta(pending.round))!;
  const outcome = await upload(pending, bytes, { line, progress: () => {}, signal: work.signal });
  if (outcome.kind === "refused")
    throw new InputError(`delta of round ${pending.round}`, "accepted", outcome.reason);
  await replica.stored.settle(pending.round, true);
  return losses;
}

/** What the device has now, on the rows that bodies are evaluated on. */
async function replicaScore(
  { manifest }: Federation,
  { trainer }: Replica,
  source: string,
  heldOut: Shard,
): Promise<Score> {
  const options = heldOutOptions(manifest, manifest.sources.find(({ id }) => id === source)!);
  return await evaluateHeldOut(trainer, heldOut, options);
}

function orderOf(announcement: Announcement, homeRound: number) {
  if (announcement.kind !== "training" || announcement.assignment === null)
    throw new InputError("announcement", "an assignment to an open round", announcement.kind);
  const { round, body, assignment, localSteps, stepsBefore, totalSteps } = announcement;
  return { round, body, homeRound, ...assignment, localSteps, stepsBefore, totalSteps, ahead: null };
}

async function opening(state: () => RunState, round: number): Promise<void> {
  const isOpen = () => {
    const { phase } = state();
    return phase.kind === "training" && phase.round === round;
  };
  for (let asked = 0; !isOpen(); asked++) {
    if (asked === 1000) throw new InputError(`round ${round}`, "to open", state().phase.kind);
    await systemClock.sleep(1);
  }
}

async function lastBody(manifest: RunManifest, { body }: RunState, blobs: Blobs) {
  const sections = new Map<SectionName, NamedTensors>();
  for (const section of exchangeOf(manifest).sections) {
    const { sha256 } = body.sections.find(({ name }) => name === section.name)!;
    sections.set(section.name, decodeSection(section, (await blobs.get(sha256))!));
  }
  return sections;
}

async function homesOf(given: Federation, volunteers: ReadonlyMap<string, Volunteer>) {
  const homes = new Map<string, ReadonlyMap<Group, NamedTensors>>();
  for (const [name, { replica, exchange, source }] of volunteers) {
    const { stored } = replica;
    const kept = await stored.home(await stored.homeRound());
    homes.set(name, kept?.values ?? firstHome(given, source, exchange));
  }
  return homes;
}

/** Of a source that has not taken part. */
function firstHome({ manifest, first }: Federation, source: string, exchange: Exchange) {
  return new Map(
    exchange.home.map(({ name, layout }) => [
      name,
      first?.(name, layout, source) ??
        initialParameters(exchange.config, [name], wordsSeed(manifest.training.seed, source)),
    ]),
  );
}
