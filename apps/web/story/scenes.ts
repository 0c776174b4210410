// Scenes of a run: a journal of plausible facts folded by the real fold, and Views as a worker posts them.

import { type Millis, millis, type SourceId, sha256Of, sha256OfText, type VolunteerId } from "@homebody/base";
import { type Entry, type Fact, figuresOf } from "@homebody/coordinator";
import {
  type Applicant,
  checkRunFile,
  manifestOf,
  type Presence,
  type PresenceReport,
  type RunManifest,
  type RunSample,
  type SectionName,
  type SectionSize,
  version,
} from "@homebody/protocol";
import type { View } from "@homebody/volunteer/view";
import { type FeedState, unread } from "../src/run/feed.ts";
import { type TrialState, untried } from "../src/try/trial.ts";
import { untold, type VolunteerState } from "../src/volunteer/connection.ts";
import { trials } from "./trials.ts";

export const languages = [
  ["es", "Español"],
  ["ja", "日本語"],
  ["ru", "Русский"],
  ["ar", "العربية"],
  ["hi", "हिन्दी"],
  ["zh-Hant", "Taiwanese newspapers"],
  ["en", "Minutes of the allotment club"],
] as const;

const hash = (text: string) => sha256OfText(text);
const volunteerAt = (i: number) => hash(`volunteer ${i}`).slice(0, 32) as VolunteerId;
const sourceAt = (i: number) => languages[i % languages.length]![0].toLowerCase() as SourceId;
const wobble = (i: number) => Math.sin(i * 12.9898) * 0.5;

/** What a run may be other than SPEC with vocabularies of devices. */
type Choice = "glob" | "trim" | "words of sources";

export function manifest(choice?: Choice): RunManifest {
  const text = new TextEncoder().encode("served");
  const shared = choice === "glob" || choice === "trim";
  const file = checkRunFile({
    name: "Neighbours' languages",
    description:
      "A small language model that learns to write in the languages of our street, one device a language. It will be given to the library, and to everybody who took part.",
    host: "the library on Mill Lane",
    model: { family: choice === undefined ? "llama" : "gpt2", depth: 4, context: 128 },
    ...(shared ? { variant: choice, vocabulary: { kind: "global" } } : {}),
    ...(choice === "words of sources" ? { vocabulary: { kind: "source" } } : {}),
    sources: languages.map(([language, title]) => ({
      id: language.toLowerCase(),
      title,
      language,
      ...(language === "en"
        ? { text: "brought", ...(choice === "words of sources" ? { tokenizer: "en.json" } : {}) }
        : {
            text: "served",
            train: `${language}.jsonl`,
            ...(choice === "words of sources" ? { words: "source" } : {}),
          }),
    })),
    training: { localSteps: 25, batch: 8, learningRate: { peak: 0.003 } },
    rounds: 200,
  });
  const served = new Map(
    languages
      .filter(([language]) => language !== "en")
      .map(([language], i) => [
        language.toLowerCase(),
        { train: sha256Of(text), trainBytes: 1_240_000 + i * 410_000, heldOut: null, heldOutBytes: 0 },
      ]),
  );
  const tokenizer = { sha256: hash("tokenizer"), sizeBytes: 90_000, vocabulary: 2048 };
  const tokenizers = choice === undefined ? [] : file.sources.map(({ id }) => [id, tokenizer] as const);
  return manifestOf(file, served, new Map(tokenizers));
}

/** The last source of the list comes when so many bodies are out. */
interface Joins {
  readonly after: number;
  /** It waits for the body that the round which is open will make. */
  readonly waits?: boolean;
}

/** The journal of a run with so many rounds published and one open; it ends at `now`. */
export function journal(run: RunManifest, rounds: number, now: Millis, joins?: Joins): Entry[] {
  const entries: Entry[] = [];
  const roundMs = 94_000;
  let at = now - rounds * roundMs - 40_000;
  const add = (fact: Fact, afterMs = 900) => {
    at += afterMs;
    entries.push({ seq: entries.length + 1, at: millis(at), fact });
  };
  const theta = 1_048_832;
  const phi = Object.fromEntries(run.sources.map(({ id }) => [id, 524_288]));
  const psi = run.model.family === "gpt2" ? 32_768 : 0;
  const newest = run.sources.at(-1)!;
  const added: Fact = {
    kind: "source-added",
    schema: 2,
    source: joins?.waits ? { ...newest, words: "source" } : newest,
    phi: 524_288,
    sections: joins?.waits ? [{ name: `phi/${newest.id}`, sha256: hash("words"), sizeBytes: 2_097_152 }] : [],
  };
  const created = joins === undefined ? run : { ...run, sources: run.sources.slice(0, -1) };
  const sections = (name: string) => {
    const own = run.variant === "spec" ? run.sources.filter(({ words }) => words === "source") : [];
    const files =
      run.variant === "spec"
        ? [
            ["theta", bodyBytes] as const,
            ...own.map(({ id }) => [`phi/${id}`, 2_097_152] as const),
            ...own.map(({ id }) => [`psi/${id}`, 131_072] as const),
          ]
        : ([
            ["theta", bodyBytes],
            ["phi", 2_097_152],
            ["psi", 131_072],
          ] as const);
    return files.map(([section, sizeBytes]) => ({
      name: section as SectionName,
      sha256: hash(`${section} of ${name}`),
      sizeBytes,
    }));
  };
  const sent = (source: SourceId): SectionSize[] => {
    const body: SectionSize = { name: "theta", sizeBytes: theta * 2 + 900 };
    const of = (suffix: string): SectionSize[] => [
      { name: `phi${suffix}` as SectionName, sizeBytes: 1_049_000 },
      { name: `psi${suffix}` as SectionName, sizeBytes: 65_600 },
    ];
    if (run.variant !== "spec") return [body, ...of("")];
    const { words } = run.sources.find(({ id }) => id === source)!;
    return words === "source" ? [body, ...of(`/${source}`)] : [body];
  };
  const bodyBytes = theta * 4 + 2048;
  add({
    kind: "created",
    schema: 1,
    homebody: version,
    manifest: created,
    parameters: { theta, phi, psi },
    sections: sections("body 0"),
  });
  for (let round = 1; round <= rounds + 1; round++) {
    const isIn = joins === undefined || (round > joins.after && !joins.waits);
    const present = isIn ? run.sources.length + 2 : run.sources.length - 1;
    const joinsNow = joins?.after === round - 1;
    if (joinsNow && !joins.waits) add(added);
    const assigned = Array.from({ length: present }, (_, i) => ({
      volunteer: volunteerAt(i),
      source: sourceAt(i),
      slot: i >= run.sources.length ? 1 : 0,
      slots: i % run.sources.length < 2 ? 2 : 1,
      rows: null,
    }));
    const deadline = millis(at + 600_000);
    add(
      {
        kind: "opened",
        round,
        assigned,
        localSteps: 25,
        stepsBefore: (round - 1) * 25,
        totalSteps: 5000,
        deadline,
      },
      1500,
    );
    if (joinsNow && joins.waits) add(added);
    const delivers = round > rounds ? 3 : present;
    for (let i = 0; i < present; i++) {
      const bitsPerByte =
        (1.7 + 0.22 * (i % 7) + (2.3 + wobble(i)) * Math.exp(-round / 9)) *
        (1 + 0.01 * wobble(i * 31 + round));
      const bytes = 52_000;
      add(
        {
          kind: "evaluated",
          body: round - 1,
          volunteer: volunteerAt(i),
          source: sourceAt(i),
          nats: bitsPerByte * bytes * Math.LN2,
          tokens: 16_000,
          bytes,
        },
        700,
      );
    }
    for (let i = 0; i < delivers; i++)
      add(
        {
          kind: "accepted",
          round,
          volunteer: volunteerAt(i),
          source: sourceAt(i),
          delta: hash(`delta ${round} ${i}`),
          sections: sent(sourceAt(i)),
          rows: null,
          steps: 25,
          tokens: 25 * 8 * 128,
          loss: 3.1 + 3.4 * Math.exp(-round / 9) + 0.1 * wobble(i + round),
          norm: 0.9 + 2.2 * Math.exp(-round / 12) + 0.2 * wobble(i * 7 + round),
          numbers: hash(`numbers ${round} ${i}`),
          seniority: Math.min(round, run.newcomerRounds),
          passed: { sentBytes: 2 * theta + 21_000, receivedBytes: bodyBytes + 34_000 },
          carriesFrom: null,
        },
        6400,
      );
    if (round > rounds) break;
    const averaged = assigned.map(({ volunteer }) => volunteer);
    add({ kind: "closed", round, reason: "all", averaged });
    const cosines = averaged.map((volunteer, i) => ({
      volunteer,
      cosine: 0.62 + 0.2 * wobble(i + 3 * round),
      others: 0.31 + 0.2 * wobble(i + 3 * round),
    }));
    add(
      {
        kind: "published",
        round,
        sections: sections(`body ${round}`),
        outer: [],
        cosines,
        clipped: [],
        meanNorm: 1.2,
        servedBytes: bodyBytes * present,
      },
      1800,
    );
    if (round === 7) {
      add({ kind: "paused" });
      add({ kind: "resumed", deadline: null }, 30_000);
    }
  }
  return entries;
}

export function presence(run: RunManifest, round: number, now: Millis): PresenceReport {
  const volunteers = Array.from({ length: run.sources.length + 4 }, (_, i): Presence => {
    const late = i >= run.sources.length + 2;
    const gone = i === run.sources.length + 3;
    return {
      volunteer: volunteerAt(i),
      source: sourceAt(i),
      device: { backend: i % 3 === 1 ? "wasm" : "webgpu", host: i % 4 === 3 ? "node" : "browser" },
      connected: !gone,
      ready: !late,
      progress: gone
        ? null
        : late
          ? { round: 0, stage: "prepare", step: 310, of: 1791, loss: null, tokensPerSecond: null }
          : { round, stage: "train", step: 9 + i, of: 25, loss: 3.2, tokensPerSecond: 1540 * (1 + i * 0.7) },
      lastSeenAt: millis(now - (gone ? 340_000 : i * 900)),
    };
  });
  const connected: Record<string, number> = {};
  for (const { source, connected: here } of volunteers)
    if (here) connected[source] = (connected[source] ?? 0) + 1;
  const counts = { all: volunteers.length, connected };
  return { at: now, volunteers, counts, refusals: { "wrong-round": 2, "not-finite": 1 } };
}

/** A scene of the page where a body is tried. */
const trying = (name: keyof typeof trials, rounds = some) => ({
  run: runWith(rounds),
  volunteer: showing(idleView()),
  trial: trials[name](),
  path: "/try",
});

function runWith(rounds: number, { choice, joins }: { choice?: Choice; joins?: Joins } = {}): FeedState {
  const now = millis(Date.now());
  const run = manifest(choice);
  const entries = journal(run, rounds, now, joins);
  const figures = figuresOf(entries)!;
  return {
    ...unread,
    line: "live",
    heardAt: now,
    reportsEveryMs: hourMs, // a scene does not grow old
    manifest: figures.manifest,
    figures,
    entries,
    presence: presence(run, rounds + 1, now),
  };
}

/** Volunteers of served sources measure each other's deltas; one of the first source is in quarantine. */
function reviewed(): FeedState {
  const rounds = 38;
  const plain = runWith(rounds, { choice: "words of sources" });
  const run = { ...plain.manifest!, review: { quarantineAfter: 2, tolerance: 0.001, rows: 32 } };
  const [one, other] = [volunteerAt(0), volunteerAt(run.sources.length)];
  const review = (round: number, worse: number, [volunteer, reviewer]: readonly VolunteerId[]): Fact => ({
    ...{ kind: "reviewed", round, volunteer: volunteer!, source: sourceAt(0), reviewer: reviewer! },
    ...{ natsWithout: 1000, natsWith: 1000 + 10 * worse, bytes: 900, harmful: worse > 0.1 },
  });
  const facts = plain.entries.flatMap(({ at, fact }): Omit<Entry, "seq">[] => {
    if (fact.kind === "created") return [{ at, fact: { ...fact, manifest: run } }];
    if (fact.kind === "closed" && fact.round >= rounds - 1) {
      const averaged = fact.averaged.filter((volunteer) => volunteer !== other);
      return [{ at, fact: { ...fact, averaged, quarantined: [other] } }];
    }
    if (fact.kind !== "published" || fact.round < rounds - 2) return [{ at, fact }];
    const { round } = fact;
    const cosines = fact.cosines.filter(({ volunteer }) => round === rounds - 2 || volunteer !== other);
    const reviews = [review(round, -0.21, [one, other]), review(round, 0.46, [other, one])];
    const quarantine: Fact = {
      ...{ kind: "quarantined", volunteer: other, source: sourceAt(0), round },
      reviewers: [volunteerAt(20), one],
    };
    const more = [...reviews, ...(round === rounds - 2 ? [quarantine] : [])];
    return [{ at, fact: { ...fact, cosines } }, ...more.map((fact) => ({ at, fact }))];
  });
  const entries = facts.map((entry, i): Entry => ({ ...entry, seq: i + 1 }));
  return { ...plain, manifest: run, figures: figuresOf(entries)!, entries };
}

/** Of two sources; the others wait. */
const samples = (): readonly RunSample[] =>
  [
    ["ja", "春になると", "、川のそばの道を歩いて学校へ行きました。空は青く、風は少し冷たかったのですが、"],
    ["es", "", "La casa de la calle era pequeña y tenía una puerta verde que daba al jardín de los vecinos."],
  ].map(([source, prompt, text]) => ({
    ...{ source: source as SourceId, body: 10, id: hash("body 10"), seed: "1" },
    ...{ prompt: prompt!, text: text! },
  }));

const hourMs = 3_600_000;

/** A run that its host ended three hours ago, in an open round. Its coordinator is still up, and a volunteer's page is still open. */
function ended(): FeedState {
  const now = Date.now();
  const run = manifest();
  const entries = journal(run, some, millis(now - 3 * hourMs));
  const averaged = entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.round === some + 1 ? [fact.volunteer] : [],
  );
  const { sections } = entries.findLast(({ fact }) => fact.kind === "published")!.fact as Extract<
    Fact,
    { kind: "published" }
  >;
  const published: Fact = {
    kind: "published",
    round: some + 1,
    sections,
    outer: [],
    cosines: averaged.map((volunteer, i) => ({
      volunteer,
      cosine: 0.6 + 0.1 * wobble(i),
      others: 0.3 + 0.1 * wobble(i),
    })),
    clipped: [],
    meanNorm: 1,
    servedBytes: 0,
  };
  const end: readonly Fact[] = [
    { kind: "ending" },
    { kind: "closed", round: some + 1, reason: "admin", averaged },
    published,
    { kind: "evaluating", expected: averaged, deadline: millis(now - 2.9 * hourMs) },
    { kind: "finished", reason: "admin" },
  ];
  const at = millis(now - 3 * hourMs);
  for (const fact of end) entries.push({ seq: entries.length + 1, at, fact });
  const figures = figuresOf(entries)!;
  return { ...runWith(some), manifest: figures.manifest, figures, entries };
}

/** The same page when the coordinator was heard last 40 s ago. */
const lost = (run: FeedState): FeedState => ({ ...run, line: "lost", heardAt: Date.now() - 40_000 });

/** A run whose second source is by invitation, and whose third by approval. */
function notOpen(): FeedState {
  const run = runWith(some);
  const admissions = ["open", "code", "approval"] as const;
  const sources = run.manifest!.sources.map((source, i) => ({ ...source, admission: admissions[i % 3]! }));
  const manifest = { ...run.manifest!, sources };
  const invited = { [sourceAt(1)]: { invited: 12, admitted: 7 } };
  return { ...run, manifest, figures: { ...run.figures!, manifest, admissions: invited } };
}

export function idleView(): View {
  return {
    run: null,
    volunteer: null,
    source: null,
    line: null,
    device: {
      backend: "webgpu",
      adapter: "Apple M2 (Metal)",
      worstError: 2.1e-6,
      fallback: null,
      tuning: { matmul: "shared 64x64", rows: "hardware", gflops: 1240 },
      threads: 1,
      tokensPerSecond: 18_400,
      memoryBytes: 182_000_000,
    },
    activity: { kind: "idle" },
    round: null,
    body: null,
    intensity: "balanced",
    finishing: false,
    scores: [],
    losses: [],
    tokensPerSecond: null,
    roundsContributed: 0,
    tokensTrained: 0,
    vocabulary: null,
    ledger: {
      sent: { theta: 0, phi: 0, psi: 0, messages: 0 },
      received: { theta: 0, phi: 0, psi: 0, texts: 0, messages: 0 },
    },
    quarantined: false,
    refusal: null,
    sampling: null,
  };
}

export function workingView(rounds: number): View {
  const now = millis(Date.now());
  const steps = rounds * 25 + 14;
  return {
    ...idleView(),
    run: manifest().run,
    volunteer: volunteerAt(1),
    source: "ja" as SourceId,
    line: { kind: "up", since: millis(now - 900_000) },
    activity: {
      kind: "working",
      task: { kind: "train", done: 14, of: 25, unit: "steps", startedAt: millis(now - 21_000) },
    },
    round: { round: rounds + 1, localSteps: 25, stage: "train", step: 14, deadline: millis(now + 312_000) },
    body: { number: rounds, id: hash(`body ${rounds}`) },
    scores: Array.from({ length: rounds + 1 }, (_, i) => ({
      body: i,
      bitsPerByte: 1.84 + 2.1 * Math.exp(-i / 6) + 0.02 * wobble(i * 5),
      at: now,
    })),
    losses: Array.from({ length: steps }, (_, i) => ({
      step: i + 1,
      bitsPerByte: 1.9 + 2.2 * Math.exp(-i / 110) + 0.25 * wobble(i * 3.7),
    })),
    tokensPerSecond: 17_900,
    roundsContributed: rounds,
    tokensTrained: steps * 1024,
    vocabulary: { size: 2048, embeddingBytes: 2_097_152, textBytes: 1_650_000, opening: "El cuerpo viaja" },
    ledger: {
      sent: { theta: rounds * 2_098_564, phi: 0, psi: 0, messages: 184_300 },
      received: { theta: (rounds + 1) * 4_197_376, phi: 0, psi: 0, texts: 1_650_000, messages: 61_200 },
    },
    sampling: {
      prompt: "春になると",
      text: "、川のそばの道を歩いて学校へ行きました。空は青く、風は少し冷たかったのですが、",
      done: true,
      body: rounds,
      before: "のののはをにののとしののはででのるのいの",
    },
  };
}

const fallback =
  "This browser has no WebGPU, so the processor does the work instead. It is slower, and everything else is the same. A recent Chrome or Edge has WebGPU.";

const showing = (view: View): VolunteerState => ({
  ...untold,
  view,
  remembered: null,
  started: true,
});
const kept = (source: SourceId) => ({ run: manifest().run, source });
/** Somebody who was here before, with this source. */
const chose = (run: FeedState, source: string): VolunteerState => {
  const remembered = {
    run: run.manifest!.run,
    source: source as SourceId,
    contributing: false,
    hasText: true,
    hasModel: true,
  };
  return { ...showing(idleView()), remembered };
};
/** A device at work where embeddings travel too. */
const sharing = (run: FeedState): VolunteerState => {
  const view = workingView(some);
  const { sent, received } = view.ledger;
  return showing({
    ...view,
    run: run.manifest!.run,
    vocabulary: { ...view.vocabulary!, embeddingBytes: 0 },
    ledger: {
      sent: { ...sent, phi: some * 1_049_000, psi: some * 65_600 },
      received: { ...received, phi: (some + 1) * 2_097_152, psi: (some + 1) * 131_072 },
    },
  });
};
const some = 14;

const make = {
  new: () => ({ run: runWith(some), volunteer: showing(idleView()) }),
  fallback: () => ({
    run: runWith(some),
    volunteer: showing({
      ...idleView(),
      device: { ...idleView().device!, backend: "wasm", adapter: "WebAssembly SIMD, 2 threads", fallback },
    }),
  }),
  arrived: () => ({ run: runWith(some), volunteer: { ...untold, remembered: null } }),
  checking: () => ({ run: runWith(0), volunteer: showing({ ...idleView(), device: null }) }),
  preparing: () => ({
    run: runWith(some),
    volunteer: showing({
      ...workingView(0),
      activity: {
        kind: "working",
        task: {
          kind: "train-vocabulary",
          done: 710,
          of: 1791,
          unit: "merges",
          startedAt: millis(Date.now() - 9000),
        },
      },
      round: null,
      body: null,
      scores: [],
      losses: [],
      vocabulary: null,
      sampling: null,
      tokensPerSecond: null,
    }),
  }),
  working: () => ({ run: runWith(some), volunteer: showing(workingView(some)) }),
  waiting: () => ({
    run: runWith(some),
    volunteer: showing({
      ...workingView(some),
      activity: {
        kind: "waiting",
        waiting: { for: "others", since: millis(Date.now() - 12_000), until: millis(Date.now() + 280_000) },
      },
      refusal: { reason: "not-assigned", at: millis(Date.now() - 60_000) },
    }),
  }),
  outage: () => {
    const since = millis(Date.now() - 12_000);
    const view = workingView(some);
    return {
      run: { ...runWith(some), line: "lost" },
      volunteer: showing({ ...view, line: { kind: "silent", since } }),
    };
  },
  paused: () => ({
    run: runWith(some),
    volunteer: showing({ ...workingView(some), activity: { kind: "paused" } }),
  }),
  "host-paused": () => {
    const run = runWith(some);
    const view = workingView(some);
    return {
      run: { ...run, figures: { ...run.figures!, paused: true } },
      volunteer: showing({
        ...view,
        round: { ...view.round!, stage: "wait", step: 25, deadline: null },
        activity: {
          kind: "waiting",
          waiting: { for: "host", since: millis(Date.now() - 50_000), held: null },
        },
      }),
    };
  },
  "going-on": () => ({ run: runWith(some), volunteer: { ...untold, goesOn: true } }),
  stopped: () => ({
    run: runWith(some),
    volunteer: showing({
      ...workingView(some),
      activity: { kind: "stopped", why: "asked" },
      round: null,
      line: null,
    }),
  }),
  elsewhere: () => ({
    run: runWith(some),
    volunteer: showing({ ...idleView(), activity: { kind: "elsewhere" } }),
  }),
  over: () => ({
    run: runWith(some),
    volunteer: showing({ ...workingView(some), activity: { kind: "finished" }, round: null }),
  }),
  reopened: () => {
    const run = runWith(some);
    const view = workingView(some);
    const task = {
      kind: "check-device",
      done: 0,
      of: 1,
      unit: "steps",
      startedAt: millis(Date.now()),
    } as const;
    return {
      run: { ...run, figures: { ...run.figures!, finished: true } },
      volunteer: showing({
        ...view,
        activity: { kind: "working", task },
        round: null,
        body: null,
        sampling: null,
      }),
    };
  },
  insecure: () => ({ run: runWith(some), volunteer: showing(idleView()), secure: false }),
  glob: () => {
    const run = runWith(some, { choice: "glob" });
    return { run, volunteer: chose(run, "en") };
  },
  trim: () => {
    const run = runWith(some, { choice: "trim" });
    return { run, volunteer: chose(run, "en") };
  },
  "words of sources": () => {
    const run = { ...runWith(some, { choice: "words of sources" }), samples: samples() };
    return { run, volunteer: chose(run, "ja") };
  },
  "working, glob": () => {
    const run = runWith(some, { choice: "glob" });
    return { run, volunteer: sharing(run) };
  },
  "working, words of sources": () => {
    const run = runWith(some, { choice: "words of sources" });
    return { run, volunteer: sharing(run) };
  },
  joined: () => ({
    run: runWith(38, { joins: { after: 12 } }),
    volunteer: showing(idleView()),
    path: "/dashboard",
  }),
  joining: () => ({
    run: runWith(some, { choice: "words of sources", joins: { after: some, waits: true } }),
    volunteer: showing(idleView()),
    path: "/dashboard",
  }),
  dashboard: () => ({ run: runWith(38), volunteer: showing(idleView()), path: "/dashboard" }),
  reviews: () => ({ run: reviewed(), volunteer: showing(idleView()), path: "/dashboard" }),
  "admin-reviews": () => ({ run: reviewed(), volunteer: showing(idleView()), path: "/admin" }),
  quarantined: () => ({
    run: reviewed(),
    volunteer: showing({ ...workingView(some), quarantined: true }),
  }),
  begun: () => ({ run: runWith(0), volunteer: showing(idleView()), path: "/dashboard" }),
  "dashboard-lost": () => ({ run: lost(runWith(38)), volunteer: showing(idleView()), path: "/dashboard" }),
  "dashboard-ended": () => ({ run: ended(), volunteer: showing(idleView()), path: "/dashboard" }),
  try: () => trying("untried"),
  "try-early": () => trying("chosen", 0),
  "try-chosen": () => ({ ...trying("chosen"), volunteer: showing(workingView(some)) }),
  "try-refused": () => trying("refused"),
  "try-little": () => trying("little"),
  "try-body": () => trying("body"),
  "try-learning": () => trying("learning"),
  "try-done": () => trying("done"),
  "try-level": () => trying("level"),
  "try-behind": () => trying("behind"),
  "try-failed": () => trying("failed"),
  "by-invitation": () => ({ run: notOpen(), volunteer: showing(idleView()) }),
  invited: () => {
    const link = { source: sourceAt(1), code: "0".repeat(32) };
    return { run: notOpen(), volunteer: { ...showing(idleView()), link, invitation: kept(link.source) } };
  },
  "invited-broken": () => ({ run: notOpen(), volunteer: { ...showing(idleView()), link: "broken" } }),
  "awaits-approval": () => ({
    run: notOpen(),
    volunteer: showing({
      ...workingView(0),
      activity: {
        kind: "waiting",
        waiting: { for: "approval", volunteer: volunteerAt(7), since: millis(Date.now() - 200_000) },
      },
    }),
  }),
  admin: () => ({ run: runWith(some), volunteer: showing(idleView()), path: "/admin" }),
  "admin-lost": () => ({ run: lost(runWith(some)), volunteer: showing(idleView()), path: "/admin" }),
  "admin-ended": () => ({ run: ended(), volunteer: showing(idleView()), path: "/admin" }),
  "admin-admission": () => ({ run: notOpen(), volunteer: showing(idleView()), path: "/admin" }),
} as const satisfies Record<
  string,
  () => { run: FeedState; volunteer: VolunteerState; trial?: TrialState; path?: string; secure?: boolean }
>;

export type SceneName = keyof typeof make;

export interface Scene {
  readonly run: FeedState;
  readonly volunteer: VolunteerState;
  readonly trial: TrialState;
  readonly path: string;
  readonly secure: boolean;
}

/** Made when asked for, so that its times are now. */
export function sceneOf(name: SceneName): Scene {
  return { path: "/", secure: true, trial: untried, ...make[name]() };
}

export const sceneNames = Object.keys(make) as SceneName[];

/** Who waits for the host, of the scene `admin-admission`. */
export function applicants(): readonly Applicant[] {
  const browser = { backend: "webgpu", host: "browser" } as const;
  const headless = { backend: "wasm", host: "node" } as const;
  const since = (seconds: number) => millis(Date.now() - 1000 * seconds);
  return [
    { volunteer: volunteerAt(41), source: sourceAt(2), device: browser, since: since(310) },
    { volunteer: volunteerAt(42), source: sourceAt(2), device: headless, since: since(12) },
  ];
}
