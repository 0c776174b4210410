// The feed against a coordinator's journal that grows, and a line that is cut: figures always equal the fold.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import { sha256Of } from "@homebody/base";
import {
  type Entry,
  type Fact,
  figuresOf,
  firstEntries,
  readEntry,
  writeFigures,
} from "@homebody/coordinator";
import { checkRunFile, manifestOf, type RunManifest, type RunSample } from "@homebody/protocol";
import { expect, test } from "vitest";
import { type FeedEvents, keptEntries, openFeed, type RunPorts } from "./feed.ts";

const es = "es" as SourceId;
const ana = "a".repeat(32) as VolunteerId;
const body = (text: string) => sha256Of(new TextEncoder().encode(text));

function manifest(seed: number): RunManifest {
  const file = checkRunFile({
    name: "a run",
    description: "of a test",
    model: { family: "llama", depth: 1, context: 16 },
    sources: [{ id: "es", title: "Español", language: "es", text: "brought", vocabulary: 300 }],
    training: { localSteps: 2, batch: 2, learningRate: { peak: 0.01 }, seed },
    rounds: 3,
  });
  return manifestOf(file, new Map());
}

interface Host {
  manifest: RunManifest;
  journal: Entry[];
  fails: number; // reads that fail from now on
  on: FeedEvents | undefined;
  watches: number[];
  /** Entries that were read by HTTP. */
  read: number;
  now: number;
  later: (() => void)[];
  /** Null: its coordinator is of before. */
  samples: RunSample[] | null;
  append(...facts: Fact[]): Entry[];
  begin(run?: RunManifest): void;
  ports: RunPorts;
}

/** A journal behind HTTP and a line; the test decides what is told and when the line is cut. */
function coordinator(): Host {
  const self: Host = {
    manifest: manifest(1),
    journal: [],
    fails: 0,
    on: undefined,
    watches: [],
    read: 0,
    now: 1000,
    later: [],
    samples: null,
    append(...facts) {
      const from = self.journal.length;
      for (const fact of facts)
        self.journal.push({ seq: self.journal.length + 1, at: self.journal.length as Millis, fact });
      return self.journal.slice(from);
    },
    begin(run = self.manifest) {
      self.manifest = run;
      self.journal = [];
      const parameters = { theta: 10, phi: { es: 4 }, psi: 0 };
      self.append({
        kind: "created",
        schema: 1,
        homebody: "0.2.0",
        manifest: run,
        parameters,
        sections: [{ name: "theta", sha256: body("0"), sizeBytes: 40 }],
      });
    },
    ports: undefined as unknown as RunPorts,
  };
  self.ports = {
    manifest: async () => self.manifest,
    figures: async () =>
      JSON.parse(JSON.stringify(writeFigures(figuresOf(self.journal.map((entry) => readEntry(entry)))!))),
    async journal(after, limit) {
      if (self.fails > 0) {
        self.fails -= 1;
        throw new Error("no network");
      }
      const entries = self.journal.slice(after, after + limit);
      self.read += entries.length;
      return { entries, last: self.journal.length };
    },
    samples: async () => {
      if (self.samples === null) throw new Error("/api/samples: expected an answer, got 404");
      return { samples: self.samples };
    },
    line(on) {
      self.on = on;
      return {
        watch: async ({ after }) => {
          self.watches.push(after);
          return { ok: true, last: self.journal.length };
        },
        admin: async () => ({ ok: false, refusal: "not-authorised" }),
        applicants: async () => ({ ok: true, applicants: [] }),
        close() {},
      };
    },
    now: () => self.now,
    later: (act) => void self.later.push(act),
  };
  self.begin();
  return self;
}

const opened = (round: number): Fact => ({
  kind: "opened",
  round,
  assigned: [{ volunteer: ana, source: es, slot: 0, slots: 1, rows: null }],
  localSteps: 2,
  stepsBefore: 0,
  totalSteps: 6,
  deadline: 9000 as Millis,
});
const accepted = (round: number): Fact => ({
  kind: "accepted",
  round,
  volunteer: ana,
  source: es,
  delta: body(`d${round}`),
  sections: [{ name: "theta", sizeBytes: 20 }],
  rows: null,
  steps: 2,
  tokens: 64,
  loss: 3,
  norm: 0.5,
  numbers: body(`numbers ${round}`),
  seniority: 1,
  carriesFrom: null,
});

const closed = (round: number): Fact => ({ kind: "closed", round, reason: "all", averaged: [ana] });
const published = (round: number): Fact => ({
  kind: "published",
  round,
  sections: [{ name: "theta", sha256: body(`${round}`), sizeBytes: 40 }],
  outer: [],
  cosines: [{ volunteer: ana, cosine: 1, others: null }],
  clipped: [],
  meanNorm: 1,
  servedBytes: 0,
});

/** Promises run until nothing is due. */
const settled = () => new Promise<void>((done) => setImmediate(done));

test("figures are the fold of the journal: read by HTTP, then by the line, without counting twice", async () => {
  const host = coordinator();
  host.append(opened(1));
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  expect(feed.state.get().line).toBe("live");
  expect(host.watches).toEqual([2]);
  const told = host.append(accepted(1));
  host.on!.entries(told);
  host.on!.entries(host.journal.slice(1)); // some of it again
  await settled();
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  expect(feed.state.get().figures?.tokens).toBe(64);
  expect(feed.state.get().entries).toEqual(host.journal);
});

test("entries that a lost line missed are read before those that follow", async () => {
  const host = coordinator();
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  host.on!.lost();
  expect(feed.state.get().line).toBe("lost");
  host.append(opened(1), accepted(1));
  const later = host.append({ kind: "paused" });
  host.on!.entries(later); // a gap before them
  await settled();
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  host.append({ kind: "resumed", deadline: null });
  host.on!.connected();
  await settled();
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  expect(feed.state.get().line).toBe("live");
});

test("[P48] samples are read with the page, and after a body that is sampled until they are there", async () => {
  const host = coordinator();
  const wordsOfSources = { ...host.manifest.sources[0]!, words: "source" as const };
  host.begin({ ...host.manifest, sources: [wordsOfSources], rounds: 1 });
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  expect(feed.state.get()).toMatchObject({ samples: [], problem: null, line: "live" });
  host.on!.entries(host.append(opened(1), accepted(1), closed(1), published(1)));
  await settled();
  expect(host.later).toHaveLength(1); // they are not there yet
  const sample = { source: es, body: 1, id: body("1"), seed: "1", prompt: "el", text: " cuerpo" };
  host.samples = [sample];
  host.later.shift()!();
  await settled();
  expect(feed.state.get().samples).toEqual([sample]);
  expect(host.later).toEqual([]);
});

test("a source that joins is in the manifest of a page that is open: at once, or with the next body", async () => {
  const host = coordinator();
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  const ids = () => feed.state.get().manifest?.sources.map(({ id }) => id);
  const joins = (id: string, words: "device" | "source"): Fact => ({
    kind: "source-added",
    schema: 2,
    source: { ...host.manifest.sources[0]!, id: id as SourceId, words },
    phi: 4,
    sections: words === "source" ? [{ name: `phi/${id}`, sha256: body(id), sizeBytes: 16 }] : [],
  });
  host.on!.entries(host.append(opened(1), joins("fr", "device"), joins("nl", "source")));
  await settled();
  expect(ids()).toEqual(["es", "fr"]);
  host.on!.entries(host.append(accepted(1), closed(1), published(1)));
  await settled();
  expect(ids()).toEqual(["es", "fr", "nl"]);
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
});

const pauses = (count: number) =>
  Array.from(
    { length: count },
    (_, i): Fact => (i % 2 === 0 ? { kind: "paused" } : { kind: "resumed", deadline: null }),
  );

test("while the journal is read page by page no source of the manifest is missing", async () => {
  const host = coordinator();
  const first = host.manifest;
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  host.on!.lost();
  const source = { ...first.sources[0]!, id: "fr" as SourceId };
  host.append(...pauses(2500));
  host.append({ kind: "source-added", schema: 2, source, phi: 4, sections: [] });
  host.manifest = { ...first, sources: [...first.sources, source] };
  const seen: (number | undefined)[] = [];
  host.on!.connected();
  feed.state.subscribe(() => seen.push(feed.state.get().manifest?.sources.length));
  await settled();
  expect(feed.state.get().figures?.seq).toBe(2502);
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  expect(new Set(seen)).toEqual(new Set([2]));
});

test("[P24] of a long run a page reads the figures and the latest entries, and earlier ones when they are asked for", async () => {
  const host = coordinator();
  host.append(...pauses(2400));
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  expect(host.read).toBe(firstEntries);
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  host.on!.entries(host.append(opened(1), accepted(1)));
  await settled();
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  const seqs = () => feed.state.get().entries.map(({ seq }) => seq);
  const upTo = (first: number) => Array.from({ length: 2403 - first + 1 }, (_, i) => first + i);
  expect(seqs()).toEqual(upTo(2302));
  feed.earlier();
  await settled();
  expect(seqs()).toEqual(upTo(1302));
  for (let i = 0; i < 3; i++) feed.earlier();
  await settled();
  expect(seqs()).toEqual(upTo(1));
  expect(feed.state.get().entries).toEqual(host.journal);
});

test("no more entries are kept than a page can show, however many are asked for", async () => {
  const host = coordinator();
  host.append(...pauses(7000));
  const feed = openFeed(host.ports);
  await settled();
  for (let i = 0; i < 9; i++) feed.earlier();
  await settled();
  const { entries } = feed.state.get();
  expect(entries.length).toBe(keptEntries);
  expect([entries[0]!.seq, entries.at(-1)!.seq]).toEqual([7001 - keptEntries + 1, 7001]);
});

test("a coordinator with another run, or with a shorter journal, starts the page over", async () => {
  const host = coordinator();
  host.append(opened(1), accepted(1));
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  expect(feed.state.get().figures?.deltas).toHaveLength(1);
  host.begin(manifest(2));
  host.append(opened(1));
  host.on!.lost();
  host.on!.connected();
  await settled();
  expect(feed.state.get().manifest?.training.seed).toBe(2);
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
  expect(feed.state.get().entries).toEqual(host.journal);
});

test("a read that fails is said, and tried again", async () => {
  const host = coordinator();
  host.fails = 1;
  const feed = openFeed(host.ports);
  await settled();
  expect(feed.state.get().problem).toBe("no network");
  expect(host.later).toHaveLength(1);
  host.later[0]!();
  await settled();
  expect(feed.state.get().problem).toBeNull();
  expect(feed.state.get().figures).toEqual(figuresOf(host.journal));
});

test("it is known when the coordinator was heard last, and how often it reports", async () => {
  const host = coordinator();
  const feed = openFeed(host.ports);
  expect(feed.state.get().heardAt).toBeNull();
  await settled();
  expect(feed.state.get().heardAt).toBe(1000);
  const report = async (now: number) => {
    host.now = now;
    host.on!.presence({ at: now as Millis, volunteers: [], refusals: {} });
    await settled();
  };
  host.on!.connected();
  await report(2000);
  await report(3500);
  expect(feed.state.get()).toMatchObject({ heardAt: 3500, reportsEveryMs: 1500 });
  host.now = 60_000;
  host.on!.lost();
  expect(feed.state.get()).toMatchObject({ line: "lost", heardAt: 3500 });
  host.on!.connected();
  await report(61_000);
  expect(feed.state.get()).toMatchObject({ line: "live", heardAt: 61_000, reportsEveryMs: null });
});

test("countdowns go by the coordinator's clock", async () => {
  const host = coordinator();
  const feed = openFeed(host.ports);
  host.on!.presence({ at: 61_000 as Millis, volunteers: [], refusals: {} });
  await settled();
  expect(feed.state.get().clockAheadMs).toBe(60_000);
});

test("[P22] what does not fit is said, and neither shown nor folded", async () => {
  const host = coordinator();
  const feed = openFeed(host.ports);
  host.on!.connected();
  await settled();
  const [entry] = host.append(opened(1));
  host.on!.entries([{ ...entry, fact: { ...entry!.fact, deadline: "soon" } }]);
  await settled();
  expect(feed.state.get().problem).toContain("journal entry 2.deadline");
  expect(feed.state.get().figures?.seq).toBe(1);
  host.on!.presence({ at: 5, volunteers: {} });
  await settled();
  expect(feed.state.get().problem).toContain("presence.volunteers");
  expect(feed.state.get().presence).toBeNull();
  const other = coordinator();
  const { figures } = other.ports;
  other.ports = {
    ...other.ports,
    figures: async () => ({ ...((await figures()) as object), tokens: "many" }),
  };
  const another = openFeed(other.ports);
  await settled();
  expect(another.state.get()).toMatchObject({
    figures: null,
    problem: expect.stringContaining("figures.tokens"),
  });
});

test("entries of an older coordinator are lifted before they are folded", async () => {
  const host = coordinator();
  const {
    sections,
    schema: _,
    homebody: _homebody,
    ...older
  } = host.journal[0]!.fact as Extract<Fact, { kind: "created" }>;
  const { sha256, sizeBytes } = sections[0]!;
  const fact = { ...older, body: sha256, bodyBytes: sizeBytes } as unknown as Fact;
  host.journal = [{ ...host.journal[0]!, fact }];
  const feed = openFeed(host.ports);
  await settled();
  expect(feed.state.get().figures?.bodies).toMatchObject([{ number: 0, sections }]);
});
