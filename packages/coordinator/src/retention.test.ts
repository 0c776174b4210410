import type { Sha256, VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { adding, ana, at, bo, es, fr, hashOf, manifest, wordsOf } from "../test/scene.ts";
import {
  diskInWords,
  diskNeeded,
  type Entry,
  type Fact,
  foldRun,
  followRun,
  keepsBody,
  keptBy,
  namesOf,
  type Retention,
} from "./index.ts";

const file = (name: "theta" | "phi", text: string) => ({ name, sha256: hashOf(text), sizeBytes: 10 });
const served = { train: hashOf("train"), trainBytes: 1, heldOut: hashOf("held-out"), heldOutBytes: 1 };

type Keep = RunManifest["keep"];
const everyTenth: Keep = { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 };

function created(keep: Keep): Fact {
  const run = manifest();
  const sources = run.sources.map((source, i) => (i === 0 ? { ...source, served } : source));
  return {
    kind: "created",
    schema: 1,
    homebody: "0.2.0",
    manifest: { ...run, sources, keep } as RunManifest,
    parameters: { theta: 1, phi: {}, psi: 0 },
    sections: [file("theta", "theta 0"), file("phi", "phi 0")],
  };
}

/** A round of a run with two sections, row maps and an outer optimiser. */
function round(n: number): Fact[] {
  const who = [ana, bo] as const;
  const rows = (volunteer: VolunteerId) => hashOf(`rows ${volunteer}`);
  return [
    {
      kind: "opened",
      round: n,
      assigned: who.map((volunteer, slot) => ({
        volunteer,
        source: es,
        slot,
        slots: 2,
        rows: rows(volunteer),
      })),
      localSteps: 10,
      stepsBefore: 10 * (n - 1),
      totalSteps: 300,
      deadline: at(1e9),
    },
    ...who.map(
      (volunteer): Fact => ({
        kind: "accepted",
        round: n,
        volunteer,
        source: es,
        delta: hashOf(`delta ${n} ${volunteer}`),
        sections: [{ name: "theta", sizeBytes: 5 }],
        numbers: null,
        seniority: 1,
        carriesFrom: null,
        rows: rows(volunteer),
        steps: 10,
        tokens: 100,
        loss: 1,
        norm: 1,
      }),
    ),
    { kind: "closed", round: n, reason: "all", averaged: who },
    {
      kind: "published",
      round: n,
      sections: [file("theta", `theta ${n}`), file("phi", `phi ${n}`)],
      outer: [file("phi", `momentum ${n}`)],
      cosines: [],
      clipped: [],
      meanNorm: 1,
      servedBytes: 0,
    },
  ];
}

const roundsUpTo = (last: number) => Array.from({ length: last }, (_, i) => round(i + 1)).flat();

/** What a blob is: in use, or kept for good by a fact that the journal finds by its hash. */
function kindsOf(blobs: Retention, entries: readonly Entry[], keep: Keep) {
  const found = new Map<string, Fact>();
  for (const { name, seq } of namesOf({ run: manifest().run, keep }, entries))
    if (!found.has(name)) found.set(name, entries[seq - 1]!.fact);
  const inJournal = (hash: Sha256) => {
    const fact = found.get(hash);
    return fact && keptBy(fact, hash, { keep });
  };
  return { kindOf: (hash: Sha256) => blobs.kindOf(hash) ?? inJournal(hash) };
}

/** Follows facts one by one, as the service does; all blobs that were ever named, and those that went. */
function follow(later: readonly Fact[], more: Partial<Keep> = {}) {
  const keep = { ...everyTenth, ...more };
  const facts = [created(keep), ...later];
  const entries = facts.map((fact, i): Entry => ({ seq: i + 1, at: at(i), fact }));
  const fold = foldRun(entries.slice(0, 1));
  const gone = new Set<Sha256>();
  for (const [i, entry] of entries.entries()) {
    if (i === 0) continue;
    const kept = kindsOf(fold.blobs, entries.slice(0, i + 1), keep);
    for (const hash of followRun(fold, [entry])) if (kept.kindOf(hash) === undefined) gone.add(hash);
  }
  const whole = kindsOf(foldRun(entries).blobs, entries, keep);
  return {
    kept: kindsOf(fold.blobs, entries, keep),
    gone,
    whole,
    uses: fold.blobs.uses(),
    state: fold.state,
  };
}

/** Each by itself, as the run file says it. */
const kept: Readonly<Record<string, (number: number, latest: number) => boolean>> = {
  all: () => true,
  "every 10": (number, latest) => number % 10 === 0 || number > latest - 5,
  "every 4": (number, latest) => number % 4 === 0 || number > latest - 5,
  "last 1": (number, latest) => number === 0 || number === latest,
  "last 7": (number, latest) => number === 0 || number > latest - 7,
};
const rules: Readonly<Record<string, Keep["bodies"]>> = {
  all: "all",
  ...{ "every 10": { every: 10 }, "every 4": { every: 4 }, "last 1": { last: 1 }, "last 7": { last: 7 } },
};

test.each(Object.keys(rules))("[C57] bodies: %s, every section of them, and no other", (name) => {
  const rounds = 23;
  const run = follow(roundsUpTo(rounds), { bodies: rules[name]! });
  for (let n = 0; n <= rounds; n++)
    for (const section of ["theta", "phi"]) {
      const hash = hashOf(`${section} ${n}`);
      const wanted = kept[name]!(n, rounds);
      expect([n, run.kept.kindOf(hash), run.gone.has(hash)]).toEqual([
        n,
        wanted ? "body" : undefined,
        !wanted,
      ]);
    }
});

test("[C57] [C58] whatever the run file says, what is kept is what it says, what an undo takes, and what the start said", () => {
  const bodies = fc.oneof(
    fc.constant("all" as const),
    fc.record({ every: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ last: fc.integer({ min: 1, max: 12 }) }),
  );
  const keep = fc.record({ bodies, undoBodies: fc.integer({ min: 1, max: 9 }), deltaRounds: fc.nat(3) });
  fc.assert(
    fc.property(keep, fc.integer({ min: 1, max: 25 }), (keep, rounds) => {
      const run = follow(roundsUpTo(rounds), keep);
      const numbers = Array.from({ length: rounds + 1 }, (_, n) => n);
      const there = numbers.filter((n) => run.kept.kindOf(hashOf(`theta ${n}`)) === "body");
      const back = Math.max(keep.undoBodies, keep.deltaRounds + 1);
      const least = numbers.filter((n) => n === 0 || n > rounds - back);
      expect(there).toEqual(expect.arrayContaining(least));
      expect(there).toEqual(numbers.filter((n) => keepsBody(n, rounds, { keep })));
      expect(there.filter((n) => run.gone.has(hashOf(`phi ${n}`)))).toEqual([]);
      const { manifest, body } = run.state;
      const need = diskNeeded({ manifest: { ...manifest, rounds }, body });
      expect(need.bodies).toBe(there.length);
      expect(need.deltaRounds).toBe(Math.min(rounds, keep.deltaRounds + 1));
    }),
    { numRuns: 60 },
  );
});

test("[C58] the disk that a run will take, in words", () => {
  const { manifest: run, body } = follow([]).state;
  const of = (keep: Partial<Keep>, outer: RunManifest["outer"] = { kind: "averaging" }) =>
    diskInWords({ manifest: { ...run, outer, rounds: 100, keep: { ...everyTenth, ...keep } }, body });
  const size = (keep: Partial<Keep>) =>
    diskNeeded({ manifest: { ...run, rounds: 100, keep: { ...everyTenth, ...keep } }, body });
  expect(of({})).toMatch("for 15 bodies (the first, every 10th and the last 5); deltas of 1 round, at most ");
  expect(of({ bodies: "all" })).toMatch("for 101 bodies (all)");
  expect(of({ bodies: { every: 2 }, undoBodies: 8 })).toMatch("(the first, every 2nd and the last 8)");
  expect(of({ bodies: { last: 1 } })).toMatch("for 2 bodies (the first and the last)");
  expect(size({ bodies: { last: 1 } }).bodyBytes).toBe(2 * 20);
  expect(of({ deltaRounds: "all" })).toMatch("deltas of 100 rounds, at most ");
  const adam: RunManifest["outer"] = { kind: "adam", lr: 1, betas: [0.9, 0.9], epsilon: 1 };
  const need = diskNeeded({ manifest: { ...run, outer: adam, rounds: 100, keep: everyTenth }, body });
  expect(need.bodyBytes).toBe(20 * (15 + 2)); // two numbers for each of the last body's
});

test("texts stay; of what outer optimisers keep the last stays; deltas go with their round", () => {
  const { kept, gone } = follow([...round(1), ...round(2), ...round(3).slice(0, 3)]);
  expect(kept.kindOf(served.train)).toBe("text");
  expect(kept.kindOf(served.heldOut)).toBe("text");
  expect(kept.kindOf(hashOf("momentum 1"))).toBeUndefined();
  expect(kept.kindOf(hashOf("momentum 2"))).toBe("outer");
  for (const n of [1, 2]) expect(gone.has(hashOf(`delta ${n} ${ana}`))).toBe(true);
  expect(kept.kindOf(hashOf(`delta 3 ${bo}`))).toBe("delta");
  expect(kept.kindOf(hashOf(`rows ${bo}`))).toBe("rows");
  expect(kept.kindOf(hashOf("something else"))).toBeUndefined();
});

test("[C79] outer steps stay for as long as volunteers are told of them", () => {
  const steps = (n: number) => [
    { ...file("theta", `step ${n}`), sizeBytes: 3, from: hashOf(`theta ${n - 1}`) },
  ];
  const facts = roundsUpTo(6).map((fact) =>
    fact.kind === "published" ? { ...fact, steps: steps(fact.round) } : fact,
  );
  const { kept, gone } = follow(facts);
  for (const n of [4, 5, 6]) expect(kept.kindOf(hashOf(`step ${n}`))).toBe("step");
  for (const n of [1, 2, 3]) expect(gone).toContain(hashOf(`step ${n}`));
});

test("row maps go with the round that they were named in", () => {
  const { kept, gone } = follow([...round(1)]);
  expect(gone.has(hashOf(`rows ${ana}`))).toBe(true);
  expect(kept.kindOf(hashOf(`rows ${ana}`))).toBeUndefined();
});

test("where deltas are kept, so are the row maps that they are read by", () => {
  const { kept } = follow([...round(1), ...round(2)], { deltaRounds: "all" });
  for (const n of [1, 2]) expect(kept.kindOf(hashOf(`delta ${n} ${ana}`))).toBe("delta");
  expect(kept.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
});

test("a whole journal at once leaves what entry by entry leaves; equal contents stay as long as one use is left", () => {
  const facts = [...round(1), ...round(2), ...round(3)];
  const frozen = facts.map((fact) =>
    fact.kind === "published" ? { ...fact, sections: [file("theta", "theta 0"), fact.sections[1]!] } : fact,
  );
  const { kept, gone, whole } = follow([
    ...frozen,
    ...Array.from({ length: 8 }, (_, i) => round(i + 4)).flat(),
  ]);
  expect(kept.kindOf(hashOf("theta 0"))).toBe("body");
  expect(gone.has(hashOf("theta 0"))).toBe(false);
  for (const hash of [...gone, hashOf("theta 0"), hashOf("phi 11"), hashOf("momentum 11")])
    expect(whole.kindOf(hash)).toBe(kept.kindOf(hash));
});

test("what a source that joined names is kept for good: its text, its tokenizer, its first words", () => {
  const { kind: _, ...added } = adding(fr, "source");
  const fact: Fact = { ...added, kind: "source-added", schema: 2 };
  const rows = { sha256: hashOf("rows of fr"), held: 9 };
  const served = { ...fact.source.served!, heldOut: hashOf("held-out of fr"), rows };
  const joins: Fact = { ...fact, source: { ...fact.source, served } };
  const { kept, gone } = follow([...round(1).slice(0, 2), joins, ...roundsUpTo(12)]);
  const text = [served.train, served.heldOut, rows.sha256];
  expect(text.map((hash) => kept.kindOf(hash))).toEqual(["text", "text", "text"]);
  expect(kept.kindOf(fact.source.tokenizer!.sha256)).toBe("tokenizer");
  expect(kept.kindOf(wordsOf("fr").sha256)).toBe("body");
  for (const hash of [...text, fact.source.tokenizer!.sha256, wordsOf("fr").sha256])
    expect(gone.has(hash)).toBe(false);
});

test("a row map that is named in round after round stays as long as the last of them", () => {
  const first = follow([
    ...Array.from({ length: 9 }, (_, i) => round(i + 1))
      .flat()
      .slice(0, -1),
  ]);
  expect(first.kept.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
  expect(first.whole.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
  expect(first.kept.kindOf(hashOf(`delta 8 ${ana}`))).toBeUndefined();
});

test("of a long run no more blobs are remembered than of a short one, also where deltas are kept", () => {
  const short = follow(roundsUpTo(20), { deltaRounds: "all" });
  const long = follow(roundsUpTo(60), { deltaRounds: "all" });
  expect(long.uses.length).toBe(short.uses.length);
  expect(long.gone.has(hashOf(`delta 1 ${ana}`))).toBe(false);
  for (const name of ["theta 10", "phi 30", `delta 1 ${bo}`, `rows ${ana}`])
    expect([name, long.kept.kindOf(hashOf(name))]).not.toContain(undefined);
});
