// The rules of facts: each is looked at as it becomes durable, in the order of the journal. What is known here is known from the
// facts alone, by none of the production's folds.

import assert from "node:assert/strict";
import type { Millis, Sha256, SourceId, UploadId, VolunteerId } from "@homebody/base";
import type { Entry, Fact } from "@homebody/coordinator";
import {
  bodyId,
  groupNames,
  groupOf,
  type RunManifest,
  type SectionFile,
  type StepFile,
  uploadOf,
} from "@homebody/protocol";

type Of<K extends Fact["kind"]> = Extract<Fact, { kind: K }>;

interface OpenRound {
  readonly round: number;
  /** Whoever is removed has no place in it any more. */
  readonly assigned: Map<VolunteerId, Of<"opened">["assigned"][number]>;
  readonly openedAt: Millis;
  /** When as many deltas as a quorum has were in. */
  quorumAt: Millis | null;
  /** Assigned, waited for [C36], neither heard nor gone for good. */
  readonly pending: Set<VolunteerId>;
  readonly accepted: Map<VolunteerId, Of<"accepted">>;
}

/** All that is known by now. To be read: it changes with the next fact. */
export interface Known {
  manifest: RunManifest;
  readonly entries: Entry[];
  /** Sections of each body; those of a source that joined it later beside the others. */
  readonly bodies: SectionFile[][];
  /**
   * The numbers of bodies by their id: a body may come back under another number, and where a source joins one it has a
   * second id.
   */
  readonly ids: Map<Sha256, Set<number>>;
  /** What the outer optimisers keep. */
  outer: readonly SectionFile[];
  /** By body, what they kept beside it, and its deltas. */
  readonly past: { readonly outer: readonly SectionFile[]; readonly deltas: readonly Of<"accepted">[] }[];
  /** The run waits for its host. */
  held: boolean;
  open: OpenRound | null;
  /** Who was assigned to each round, each time that it opened. */
  readonly openings: Map<number, Of<"opened">["assigned"][]>;
  /** Deltas of the round that is being averaged, in their order. */
  closing: readonly Of<"accepted">[] | null;
  /** All that were in when that round closed; once it is published, what may be reviewed. */
  delivered: readonly Of<"accepted">[];
  /** Who said of whom, of the last round. */
  readonly reviewed: Map<VolunteerId, VolunteerId>;
  /** Whom peers found to do harm, in a row. */
  readonly harmed: Map<VolunteerId, Set<VolunteerId>>;
  readonly quarantined: Set<VolunteerId>;
  /** Of the open round or the last evaluation. */
  deadline: Millis | null;
  pausedAt: Millis | null;
  ending: boolean;
  finished: boolean;
  /** The host asked for the end of the open round. */
  roundEndAsked: boolean;
  /** How many of these acts the coordinator has not answered: it may open a round before it takes them. */
  roundEndsUnanswered: number;
  readonly removed: Set<VolunteerId>;
  /** Who was let into which source that is not open. */
  readonly admitted: Set<string>;
  /** Sources that take part, and those that do from the next body on. */
  readonly sources: Set<SourceId>;
  joining: Of<"source-added">[];
  /** Rounds that were closed or lapsed. */
  ended: number;
  endedAt: number;
  /** Whose deltas were accepted, and in which rounds. */
  readonly rounds: Map<VolunteerId, number[]>;
  readonly uploads: Set<UploadId>;
  /** Steps of the run, of rounds that closed [C85]. */
  stepsDone: number;
  /** Rounds missed in a row [C36]. */
  readonly misses: Map<VolunteerId, number>;
  /** Volunteers that evaluated the current body. */
  readonly evaluated: Set<VolunteerId>;
  /** All that were published. */
  readonly steps: Set<Sha256>;
  /** The body that came of the host's last going back. */
  backAt: number;
}

export function nothingKnown(manifest: RunManifest): Known {
  return {
    ...{
      manifest,
      entries: [],
      bodies: [],
      ids: new Map(),
      outer: [],
      past: [],
      held: false,
      open: null,
      closing: null,
      deadline: null,
    },
    ...{ delivered: [], reviewed: new Map(), harmed: new Map(), quarantined: new Set() },
    ...{
      pausedAt: null,
      roundEndAsked: false,
      roundEndsUnanswered: 0,
      ending: false,
      finished: false,
      removed: new Set(),
      admitted: new Set(),
      sources: new Set(),
    },
    ...{ joining: [], ended: 0, endedAt: 0, rounds: new Map(), uploads: new Set(), evaluated: new Set() },
    steps: new Set(),
    stepsDone: 0,
    misses: new Map(),
    ...{ backAt: 0, openings: new Map() },
  };
}

/** Takes the next entry in, and throws where a rule does not allow it. */
export function learn(known: Known, entry: Entry): void {
  const { fact, at } = entry;
  assert.equal(entry.seq, known.entries.length + 1, "a journal has no gaps");
  const reopens = fact.kind === "changed" || fact.kind === "reopened";
  assert.ok(!known.finished || reopens, `[C15] ${fact.kind} after the end`);
  known.entries.push(entry);
  const rule = rules[fact.kind] as (known: Known, fact: Fact, at: Millis) => void;
  rule(known, fact, at);
}

export const latestBody = ({ bodies }: Known) => bodies.length - 1;
export const lastCounted = ({ rounds }: Known, volunteer: VolunteerId) => rounds.get(volunteer)?.at(-1) ?? 0;

const rules: { readonly [K in Fact["kind"]]: (known: Known, fact: Of<K>, at: Millis) => void } = {
  created(known, { manifest, sections }) {
    known.manifest = manifest;
    addBody(known, sections);
    known.past.push({ outer: [], deltas: [] });
    for (const { id } of manifest.sources) known.sources.add(id);
  },
  opened,
  accepted,
  closed,
  lapsed(known, { round }, at) {
    missed(known);
    assert.equal(round, known.open?.round, "[C8] the open round lapses");
    assert.equal(known.open?.accepted.size, 0, "[C8] nothing that was accepted is lost");
    const isTime = known.pausedAt === null && known.deadline !== null && at >= known.deadline;
    const isLeft = known.open?.pending.size === 0;
    assert.ok(
      isTime || isLeft || known.roundEndAsked,
      "[C8] [C16] at its deadline, with nobody left, or by the host",
    );
    roundEnded(known, at);
    known.deadline = null;
    join(known);
  },
  reviewed,
  quarantined(known, { volunteer, round, reviewers }) {
    const { review } = known.manifest;
    assert.ok(review !== "off" && !known.quarantined.has(volunteer), "[C92] once");
    assert.equal(round, latestBody(known), "[C92] by a review of the last round");
    assert.deepEqual(reviewers, [...known.harmed.get(volunteer)!], "[C92] those who found it, in a row");
    assert.equal(reviewers.length, review.quarantineAfter, "[C92] as many as it takes");
    known.quarantined.add(volunteer);
  },
  cleared(known, { volunteer, reviewer }) {
    assert.ok(known.quarantined.delete(volunteer), "[C94] of one in quarantine");
    assert.equal(known.reviewed.get(reviewer), volunteer, "[C94] by a review of its delta");
    assert.ok(!known.harmed.has(volunteer), "[C94] that found no harm");
  },
  dropped() {
    assert.fail("[C44] none is, of a disk that fails and loses nothing");
  },
  published(known, { round, sections, outer, steps = [], cosines }) {
    stepped(known, sections, steps);
    assert.equal(round, latestBody(known) + 1, "[C10] bodies follow one another");
    const averaged = known.closing?.map(({ volunteer }) => volunteer);
    assert.deepEqual(
      cosines.map(({ volunteer }) => volunteer),
      averaged,
      "[C10] once each, in the order of source and volunteer",
    );
    addBody(known, sections);
    known.outer = outer;
    known.past.push({ outer, deltas: known.closing ?? [] });
    known.closing = null;
    known.reviewed.clear();
    known.evaluated.clear();
    join(known);
  },
  evaluated(known, { body, volunteer }) {
    assert.equal(body, latestBody(known), "[C13] of the current body");
    assert.ok(!known.evaluated.has(volunteer), "[C13] once");
    assert.ok(!known.removed.has(volunteer), "[C17] of nobody who was removed");
    known.evaluated.add(volunteer);
  },
  evaluating(known, { deadline }, at) {
    lastOfRounds(known, at);
    assert.equal(known.pausedAt, null, "[C16] no last evaluation begins in a pause");
    assert.equal(
      deadline,
      at + 1000 * known.manifest.round.evaluationSeconds,
      "[C14] under its own deadline",
    );
    known.deadline = deadline;
  },
  finished(known, { reason }, at) {
    lastOfRounds(known, at);
    assert.equal(reason, known.ending ? "admin" : "rounds");
    known.finished = true;
  },
  left: (known, { volunteer }) => void known.open?.pending.delete(volunteer),
  // The host of a fuzzed run makes no codes.
  invited: () => assert.fail("[C51] by the host alone"),
  admitted(known, { volunteer, source, code }) {
    assert.ok(!isOpen(known, source), "[C50] to a source that is not open");
    assert.equal(code, null, "[C52] the host approved it");
    assert.ok(!known.removed.has(volunteer), "[C17] of nobody who was removed");
    assert.ok(!known.admitted.has(`${volunteer} ${source}`), "[C50] once");
    known.admitted.add(`${volunteer} ${source}`);
  },
  removed(known, { volunteer }) {
    known.removed.add(volunteer);
    known.open?.pending.delete(volunteer);
    known.open?.accepted.delete(volunteer);
    known.open?.assigned.delete(volunteer);
    for (const by of known.harmed.values()) by.delete(volunteer);
  },
  restored(known, { volunteer }) {
    assert.ok(known.removed.has(volunteer), "[C17] of one who was removed");
    known.removed.delete(volunteer);
  },
  paused(known, _, at) {
    assert.equal(known.pausedAt, null, "[C16] once");
    known.pausedAt = at;
  },
  resumed(known, { deadline }, at) {
    assert.ok(known.pausedAt !== null, "[C16] after a pause");
    assert.equal(deadline === null, known.deadline === null, "[C16] where there is a deadline");
    const off = (deadline ?? 0) - (known.deadline ?? 0) - (at - known.pausedAt);
    assert.ok(deadline === null || Math.abs(off) < 1, "[C16] the deadline moves by the pause");
    known.deadline = deadline;
    known.pausedAt = null;
    known.held = false;
  },
  held(known, { body, sources }, at) {
    assert.equal(body, latestBody(known), "[C27] the current body");
    assert.ok(!known.held && !known.ending, "[C27] once, of a run that goes on");
    assert.ok(sources.length > 0 && sources.every((source) => known.sources.has(source)), "[C27] by sources");
    known.held = true;
    known.pausedAt ??= at;
  },
  undone,
  restarted(known, { deadline }) {
    if (known.pausedAt !== null || known.deadline === null) return assert.equal(deadline, null);
    assert.ok(deadline !== null && deadline >= known.deadline, "[C12] time of being down does not count");
    known.deadline = deadline;
  },
  ending(known) {
    assert.equal(known.pausedAt, null, "[C18] a pause ends");
    known.ending = true;
  },
  "source-added"(known, fact) {
    assert.ok(!known.ending, "[C21] a further round opens");
    known.joining.push(fact);
    const waits = fact.sections.length > 0 && (known.open !== null || known.closing !== null);
    if (!waits) join(known);
  },
  changed(known, { manifest }) {
    known.manifest = manifest;
  },
  reopened(known) {
    assert.ok(known.finished || known.ending || known.open === null, "[C42] a run at its end");
    assert.ok(known.manifest.rounds > latestBody(known), "[C42] with a further round");
    known.finished = false;
    known.ending = false;
    if (known.open === null) known.deadline = null;
  },
};

const isOpen = ({ manifest }: Known, source: SourceId) =>
  manifest.sources.find(({ id }) => id === source)?.admission === "open";

/** [C77] Of each section that moved, a step from what it was, or from what the host goes back to. */
function stepped(known: Known, sections: readonly SectionFile[], steps: readonly StepFile[]): void {
  const before = known.bodies.flat();
  const isBefore = (name: string, hash: Sha256) =>
    before.some((file) => file.name === name && file.sha256 === hash);
  const moved = sections.filter(({ name, sha256 }) => !isBefore(name, sha256));
  const isOff = known.manifest.down === "off";
  assert.deepEqual(
    steps.map(({ name }) => name),
    isOff ? [] : moved.map(({ name }) => name),
    "[C77] a step of each section that moved",
  );
  for (const { name, from, sha256 } of steps) {
    assert.ok(isBefore(name, from), `[C77] ${name}: from a section of a body that was published`);
    known.steps.add(sha256);
  }
}

function reviewed(known: Known, fact: Of<"reviewed">): void {
  const { round, volunteer, source, reviewer, natsWith, natsWithout, harmful } = fact;
  const { review, sources } = known.manifest;
  assert.ok(review !== "off", "[C89] where the run has reviews");
  assert.ok(sources.find(({ id }) => id === source)?.served, "[C89] of a served source");
  assert.equal(round, latestBody(known), "[C90] of the last round");
  const sourceOf = (who: VolunteerId) => known.delivered.find((delta) => delta.volunteer === who)?.source;
  assert.deepEqual([sourceOf(volunteer), sourceOf(reviewer)], [source, source], "[C89] who delivered in it");
  assert.notEqual(volunteer, reviewer, "[C89] nobody's own");
  assert.ok(!known.reviewed.has(reviewer), "[C90] once");
  assert.ok(![...known.reviewed.values()].includes(volunteer), "[C89] each delta once");
  for (const who of [volunteer, reviewer])
    assert.ok(!known.removed.has(who), "[C92] of nobody who was removed");
  assert.ok(!known.quarantined.has(reviewer), "[C93] by nobody in quarantine");
  assert.equal(harmful, natsWith > natsWithout * (1 + review.tolerance), "[C91] beyond the tolerance");
  known.reviewed.set(reviewer, volunteer);
  const by = known.harmed.get(volunteer) ?? new Set();
  if (!harmful) known.harmed.delete(volunteer);
  else if (!known.quarantined.has(volunteer)) known.harmed.set(volunteer, by.add(reviewer));
}

function undone(known: Known, { round, to, without, averaged }: Of<"undone">, at: Millis): void {
  assert.equal(round, latestBody(known) + 1, "[C28] the next body");
  assert.equal(known.closing, null, "[C28] while no round closes");
  const { deltas } = known.past[to]!;
  const left = deltas.filter(({ volunteer }) => without.length > 0 && !without.includes(volunteer));
  assert.deepEqual(
    averaged,
    left.map(({ volunteer }) => volunteer),
    "[C28] all deltas of the body but those that are left out; or none",
  );
  if (known.open !== null) roundEnded(known, at);
  known.deadline = null;
  if (known.held) known.pausedAt = null;
  known.held = false;
  known.closing = left;
  known.delivered = [];
  known.backAt = round;
}

function opened(known: Known, fact: Of<"opened">, at: Millis): void {
  const { round, assigned, deadline } = fact;
  assert.deepEqual(stepsOf(fact), stepsKnown(known), "[C85] steps of the run");
  assert.equal(round, latestBody(known) + 1, "[C8] rounds are opened in order");
  assert.ok(known.open === null && known.closing === null, "[C4] one round at a time");
  assert.equal(known.pausedAt, null, "[C16] no round opens in a pause");
  assert.ok(!known.ending, "[C18] no round opens after the end of the run");
  const own = new Map(assigned.map((one) => [one.volunteer, one]));
  assert.equal(own.size, assigned.length, "[C4] each is assigned once");
  assert.deepEqual(assigned, [...assigned].sort(bySource), "[C4] in the order of source and volunteer");
  for (const { volunteer, source, slot, slots } of assigned) {
    assert.ok(!known.removed.has(volunteer), "[C17] nobody who was removed");
    assert.ok(known.sources.has(source), "[C21] of a source that takes part");
    const isIn = isOpen(known, source) || known.admitted.has(`${volunteer} ${source}`);
    assert.ok(isIn, "[C50] nobody who was not let in");
    const beside: typeof assigned = assigned.filter((one) => one.source === source);
    assert.deepEqual([beside[slot]?.volunteer, slots], [volunteer, beside.length], "[C4] slots");
  }
  assert.equal(deadline, at + 1000 * known.manifest.round.deadlineSeconds, "[C7] its deadline");
  known.roundEndAsked = known.roundEndsUnanswered > 0;
  const { excuseAfter } = known.manifest.round;
  const isWaitedFor = (who: VolunteerId) =>
    excuseAfter === "never" || (known.misses.get(who) ?? 0) < excuseAfter;
  const waited = [...own.keys()].filter(isWaitedFor);
  const pending = new Set(waited.length > 0 ? waited : own.keys());
  known.openings.set(round, [...(known.openings.get(round) ?? []), assigned]);
  known.open = { round, openedAt: at, quorumAt: null, assigned: own, pending, accepted: new Map() };
  known.deadline = deadline;
}

const stepsOf = ({ localSteps, stepsBefore, totalSteps }: Of<"opened">) => [
  localSteps,
  stepsBefore,
  totalSteps,
];

/** What the next round opens with: with time boxes it begins in the schedule where the share of rounds is that are done. */
function stepsKnown({ manifest, stepsDone, bodies }: Known): readonly number[] {
  const { localSteps, timeBox } = manifest.training;
  const done = bodies.length - 1;
  const isMeasured = timeBox !== "off" && stepsDone > 0;
  const aRound = isMeasured ? stepsDone / done : localSteps;
  return [localSteps, stepsDone, Math.round(aRound * manifest.rounds)];
}

/** The smallest number of steps that half of the sources' shares made at most. */
function stepsMade({ training }: RunManifest, deltas: readonly Of<"accepted">[]): number {
  if (training.timeBox === "off") return training.localSteps;
  const sources = new Set(deltas.map(({ source }) => source));
  const shareWithin = (steps: number) =>
    [...sources].reduce((sum, source) => {
      const own = deltas.filter((delta) => delta.source === source);
      return sum + own.filter((delta) => delta.steps <= steps).length / own.length / sources.size;
    }, 0);
  return Math.min(...deltas.map(({ steps }) => steps).filter((steps) => shareWithin(steps) > 0.5 - 1e-9));
}

function accepted(known: Known, fact: Of<"accepted">, at: Millis): void {
  const { open, manifest } = known;
  const { volunteer, round, source, rows, steps, tokens } = fact;
  assert.equal(round, open?.round, "[C6] a delta of the open round");
  const { training, model } = manifest;
  const assigned = open?.assigned.get(volunteer);
  assert.ok(assigned !== undefined, "[C6] of one who is assigned");
  assert.deepEqual([source, rows], [assigned.source, assigned.rows], "[C20] as it was assigned");
  assert.ok(!open?.accepted.has(volunteer), "[C6] accepted once");
  assert.ok(!known.removed.has(volunteer), "[C17] of nobody who was removed");
  assert.equal(fact.carriesFrom, mayCarry(known, fact), "[C61] what its sender's last delta left out");
  if (fact.body !== undefined) {
    assert.equal(manifest.overlap, "eager", "[C81] from the round's body");
    assert.equal(fact.body, round - 2, "[C81] or, in an eager run, from the one before");
    assert.ok(fact.body >= known.backAt, "[C81] not from what the host went back from");
  }
  assert.ok(steps <= training.localSteps && tokens <= steps * training.batch * model.context, "[C11]");
  open?.accepted.set(volunteer, fact);
  const { quorum } = manifest.round;
  if (quorum !== "all" && open?.accepted.size === quorum) open.quorumAt ??= at;
  open?.pending.delete(volunteer);
  known.misses.delete(volunteer);
  known.rounds.set(volunteer, [...(known.rounds.get(volunteer) ?? []), round]);
  known.uploads.add(uploadOf(manifest.run, round, volunteer, fact.delta));
}

function mayCarry(known: Known, { volunteer, round }: Of<"accepted">): number | null {
  const { errorFeedback } = known.manifest;
  const last = lastCounted(known, volunteer);
  if (errorFeedback === "off" || last === 0 || last >= round) return null;
  return round - last > errorFeedback.rounds ? null : last;
}

function closed(known: Known, { round, reason, averaged, quarantined = [] }: Of<"closed">, at: Millis): void {
  const { open, manifest, pausedAt, deadline } = known;
  assert.ok(open !== null, "[C7] a round that is open");
  assert.equal(round, open.round, "[C7] the open round closes");
  const all = [...open.accepted.values()].sort(bySource);
  const isOut = ({ volunteer, source }: Of<"accepted">) =>
    known.quarantined.has(volunteer) &&
    all.some((other) => other.source === source && !known.quarantined.has(other.volunteer));
  assert.deepEqual(
    quarantined,
    all.filter(isOut).map(({ volunteer }) => volunteer),
    "[C93] of quarantined volunteers, where their source has others",
  );
  const deltas = all.filter((delta) => !isOut(delta));
  const order = deltas.map(({ volunteer }) => volunteer);
  assert.deepEqual(averaged, order, "[C10] [C17] all that counts, in the order of source and volunteer");
  assert.ok(averaged.length > 0, "[C8] with a delta at least");
  const { quorum } = manifest.round;
  if (reason === "all") assert.equal(open.pending.size, 0, "[C7] nobody is pending");
  if (reason === "quorum") assert.ok(quorum !== "all" && averaged.length >= quorum, "[C7] the quorum is in");
  const { timeBox } = manifest.training;
  const boxEnds = timeBox === "off" ? open.openedAt : open.openedAt + 1000 * timeBox.seconds;
  const graceMs = 1000 * manifest.round.graceSeconds;
  if (reason === "quorum")
    assert.ok(at >= Math.max(boxEnds, open.quorumAt ?? at) + graceMs, "[C86] after its grace");
  if (reason === "deadline") assert.ok(deadline !== null && at >= deadline, "[C7] at its deadline");
  if (reason === "admin") assert.ok(known.ending || known.roundEndAsked, "[C18] by the host");
  if (known.held) assert.equal(reason, "admin", "[C27] a held run waits for its host");
  const early = at < open.openedAt + 1000 * manifest.round.minimumSeconds;
  assert.ok(!early || reason === "deadline" || reason === "admin", "[C34] not before its least time");
  if (reason === "deadline") missed(known);
  if (pausedAt !== null)
    assert.ok(reason === "all" || reason === "admin", "[C16] no deadline runs in a pause");
  roundEnded(known, at);
  known.deadline = null;
  known.closing = deltas;
  known.stepsDone += stepsMade(manifest, deltas);
  known.delivered = all;
}

/** [C14] [C18] No round is left, or the run was ended and nothing has come of the open one. */
function lastOfRounds(known: Known, at: Millis): void {
  assert.equal(known.closing, null, "[C14] no round is left");
  if (known.open === null) {
    assert.ok(known.ending || latestBody(known) >= known.manifest.rounds, "[C14] after the last round");
    return;
  }
  assert.ok(known.ending, "[C14] no round is open");
  assert.equal(known.open.accepted.size, 0, "[C18] what the open round has counts");
  roundEnded(known, at);
}

function missed({ open, misses }: Known): void {
  for (const who of open?.pending ?? []) misses.set(who, (misses.get(who) ?? 0) + 1);
}

function roundEnded(known: Known, at: Millis): void {
  known.open = null;
  known.ended += 1;
  known.endedAt = at;
}

function addBody(known: Known, sections: readonly SectionFile[]): void {
  known.bodies.push([...sections]);
  addId(known, sections);
}

function addId(known: Known, sections: readonly SectionFile[]): void {
  const id = bodyId(sections);
  known.ids.set(id, (known.ids.get(id) ?? new Set()).add(latestBody(known)));
}

/** [C21] Whoever waited for the next body takes part. */
function join(known: Known): void {
  const sections = known.bodies[latestBody(known)]!;
  for (const { source, sections: own } of known.joining) {
    known.sources.add(source.id);
    sections.push(...own);
    known.manifest = { ...known.manifest, sources: [...known.manifest.sources, source] };
  }
  const inOrder = groupNames.flatMap((group) => sections.filter(({ name }) => groupOf(name) === group));
  addId(known, inOrder);
  known.joining = [];
}

const bySource = (
  a: { readonly source: SourceId; readonly volunteer: VolunteerId },
  b: { readonly source: SourceId; readonly volunteer: VolunteerId },
) => compare(a.source, b.source) || compare(a.volunteer, b.volunteer);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** [C57] */
export function stays(bodies: RunManifest["keep"]["bodies"], number: number, latest: number): boolean {
  if (number === 0 || bodies === "all") return true;
  return "last" in bodies
    ? number > latest - bodies.last
    : number % bodies.every === 0 || number > latest - 5;
}

/** The blobs that a run may not be without now. */
export function needed(known: Known): ReadonlySet<Sha256> {
  const { bodies, open, closing, outer, past, entries, manifest } = known;
  const latest = latestBody(known);
  const { keep } = manifest;
  // [C29]
  const again = keep.deltaRounds === "all" ? keep.undoBodies - 1 : keep.deltaRounds;
  const back = latest - Math.max(keep.undoBodies, again + 1);
  const kept = bodies.flatMap((sections, number) =>
    stays(keep.bodies, number, latest) || number > back ? sections : [],
  );
  kept.push(...past.slice(Math.max(0, back + 1)).flatMap((one) => one.outer));
  const deltas = [...(open?.accepted.values() ?? []), ...(closing ?? [])];
  if (again > 0) deltas.push(...past.slice(Math.max(0, latest + 1 - again)).flatMap((one) => one.deltas));
  if (keep.deltaRounds === "all")
    for (const { fact } of entries) if (fact.kind === "accepted") deltas.push(fact);
  const maps = [...deltas, ...(open?.assigned.values() ?? [])].flatMap(({ rows }) => rows ?? []);
  const files = [...kept, ...outer].map(({ sha256 }) => sha256);
  return new Set([...files, ...maps, ...deltas.map(({ delta }) => delta)]);
}
