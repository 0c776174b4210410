// A run on the bench: the pure machine with a journal in an array, a clock in a number and volunteers in a list.
// The part of the shell that it plays is the smallest one: append, evolve, tick until nothing is due.

import { type Millis, type Sha256, type SourceId, sha256Of, type VolunteerId } from "@homebody/base";
import { bodyId, checkRunFile, manifestOf, type PassedBytes, type RunManifest } from "@homebody/protocol";
import {
  type Command,
  type Decision,
  decide,
  type Entry,
  evolve,
  type Ready,
  type RunState,
} from "../src/index.ts";

export const es = "es" as SourceId;
export const ja = "ja" as SourceId;
export const fr = "fr" as SourceId;
/** Ids in order: ana < bo < cy < di. */
export const ana = "a".repeat(32) as VolunteerId;
export const bo = "b".repeat(32) as VolunteerId;
export const cy = "c".repeat(32) as VolunteerId;
export const di = "d".repeat(32) as VolunteerId;
export const at = (ms: number) => ms as Millis;
export const hashOf = (text: string): Sha256 => sha256Of(new TextEncoder().encode(text));

export const section = (text: string) => ({ name: "theta", sha256: hashOf(text), sizeBytes: 1000 }) as const;
export const bodyOf = (text: string) => bodyId([section(text)]);

/** The command that adds a source; one whose words are its own section of the body, or stay on devices. */
export function adding(id: SourceId, words: "device" | "source" = "device") {
  const served = { train: hashOf(`text of ${id}`), trainBytes: 9, heldOut: null, heldOutBytes: 0 };
  const tokenizer = { sha256: hashOf(`tokenizer of ${id}`), sizeBytes: 8 };
  const one = { id, title: id, language: id, vocabulary: 300, words, admission: "open" } as const;
  const source = {
    ...one,
    ...(words === "source" ? { served, tokenizer } : { served: null, tokenizer: null }),
  };
  const sections = words === "source" ? [wordsOf(id)] : [];
  return { kind: "add-source", source, phi: 400, sections } as const;
}

/** The section of a source's words, as it begins. */
export const wordsOf = (id: string) =>
  ({ name: `phi/${id}`, sha256: hashOf(`words of ${id}`), sizeBytes: 500 }) as const;

export interface SceneOptions {
  readonly round?: Record<string, unknown>;
  readonly rounds?: number;
  readonly seed?: number;
  /** Of the manifest. */
  readonly change?: Partial<RunManifest>;
  /** Of each source; open, if it is not given. */
  readonly admission?: "open" | "code" | "approval";
}

export function manifest(options: SceneOptions = {}): RunManifest {
  const { round = {}, rounds = 3, seed = 1, change = {}, admission = "open" } = options;
  const brought = (id: string) => ({
    ...{ id, title: id, language: id, text: "brought", vocabulary: 300 },
    admission,
  });
  const file = checkRunFile({
    name: "bench",
    description: "a run on the bench",
    model: { family: "llama", depth: 1, context: 16 },
    sources: [brought("es"), brought("ja")],
    training: { localSteps: 10, batch: 2, learningRate: { peak: 0.01 }, seed },
    rounds,
    round: {
      minimum: 2,
      quorum: "all",
      graceSeconds: 5,
      deadlineSeconds: 100,
      evaluationSeconds: 50,
      minimumSeconds: 0,
      ...round,
    },
    heldOut: { leastBytes: 1 },
  });
  return { ...manifestOf(file, new Map()), ...change };
}

/** A change of the manifest: its sources are served, they share their words, and volunteers measure each other's deltas. */
export function reviewed(review: Partial<Exclude<RunManifest["review"], "off">> = {}): Partial<RunManifest> {
  const served = { train: hashOf("text"), trainBytes: 1000, heldOut: null, heldOutBytes: 0 };
  return {
    review: { quarantineAfter: 2, tolerance: 0.01, rows: 8, ...review },
    variant: "glob",
    sources: manifest().sources.map((source) => ({ ...source, served })),
  };
}

export interface Scene {
  now: number;
  state: RunState;
  readonly entries: Entry[];
  readonly ready: Map<VolunteerId, Ready>;
  do(command: Command): Decision;
  /** Ticks until nothing is due. */
  tickAll(): void;
  join(volunteer: VolunteerId, source?: SourceId): void;
  deliver(
    volunteer: VolunteerId,
    claims?: {
      round?: number;
      steps?: number;
      tokens?: number;
      numbers?: string;
      passed?: PassedBytes;
      body?: number;
    },
  ): Decision;
  /** Plays the shell's averaging. */
  publish(): void;
  kinds(after?: number): string[];
}

/** The outer step of a round; three of them are smaller than the section. */
const stepOf = ({ body }: RunState, round: number) => ({
  ...section(`step ${round}`),
  sizeBytes: 300,
  from: body.sections[0]!.sha256,
});

export function scene(options: SceneOptions = {}): Scene {
  const entries: Entry[] = [];
  const append = (fact: Entry["fact"]) => {
    const entry = { seq: entries.length + 1, at: at(self.now), fact };
    entries.push(entry);
    self.state = evolve(self.state, entry);
  };
  const self: Scene = {
    now: 1000,
    state: undefined as unknown as RunState,
    entries,
    ready: new Map(),
    do(command) {
      const decision = decide(self.state, command, at(self.now));
      if (decision.ok) for (const fact of decision.facts) append(fact);
      return decision;
    },
    tickAll() {
      for (let i = 0; i < 10; i++) {
        const before = entries.length;
        self.do({ kind: "tick", ready: self.ready });
        if (entries.length === before) return;
        if (self.state.phase.kind === "training" && entries.at(-1)?.fact.kind === "opened") return;
      }
      throw new Error("ticks do not come to an end");
    },
    join(volunteer, source = es) {
      self.ready.set(volunteer, { source, rows: null });
      self.tickAll();
    },
    deliver(volunteer, claims = {}) {
      const round = claims.round ?? ("round" in self.state.phase ? self.state.phase.round : 0);
      const decision = self.do({
        kind: "accept",
        round,
        volunteer,
        source: self.ready.get(volunteer)?.source ?? es,
        delta: hashOf(`${volunteer} ${round}`),
        sections: [{ name: "theta", sizeBytes: 100 }],
        steps: claims.steps ?? 10,
        tokens: claims.tokens ?? 320,
        loss: 2,
        norm: 1,
        numbers: hashOf(claims.numbers ?? `numbers of ${volunteer} ${round}`),
        ...(claims.passed === undefined ? {} : { passed: claims.passed }),
        ...(claims.body === undefined ? {} : { body: claims.body }),
      });
      self.tickAll();
      return decision;
    },
    publish() {
      const { phase } = self.state;
      if (phase.kind !== "closing") throw new Error(`nothing to publish in ${phase.kind}`);
      self.do({
        kind: "published",
        round: phase.round,
        // Those of sources stay what they are: nobody in a scene trains them.
        sections: [section(`body ${phase.round}`), ...self.state.body.sections.slice(1)],
        outer: [],
        ...(self.state.manifest.down === "off" ? {} : { steps: [stepOf(self.state, phase.round)] }),
        cosines: phase.averaged.map((volunteer) => ({ volunteer, cosine: 0.5, others: 0.4 })),
        clipped: [],
        meanNorm: 1,
        servedBytes: 2000,
      });
      self.tickAll();
    },
    kinds: (after = 0) => entries.slice(after).map(({ fact }) => fact.kind),
  };
  append({
    kind: "created",
    schema: 1,
    homebody: "0.2.0",
    manifest: manifest(options),
    parameters: { theta: 1000, phi: { es: 200, ja: 300 }, psi: 0 },
    sections: [section("body 0")],
  });
  return self;
}
