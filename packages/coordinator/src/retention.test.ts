import type { Sha256, VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { adding, ana, at, bo, es, fr, hashOf, manifest, wordsOf } from "../test/scene.ts";
import {
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

function created(): Fact {
  const run = manifest();
  const sources = run.sources.map((source, i) => (i === 0 ? { ...source, served } : source));
  return {
    kind: "created",
    schema: 1,
    homebody: "0.2.0",
    manifest: { ...run, sources, keep: { bodies: 1, deltaRounds: 0 } } as RunManifest,
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

const { run } = manifest();

/** What a blob is: in use, or kept for good by a fact that the journal finds by its hash. */
function kindsOf(blobs: Retention, entries: readonly Entry[], keepsAll: boolean) {
  const found = new Map<string, Fact>();
  for (const { name, seq } of namesOf(run, entries))
    if (!found.has(name)) found.set(name, entries[seq - 1]!.fact);
  const inJournal = (hash: Sha256) => {
    const fact = found.get(hash);
    return fact && keptBy(fact, hash, { keep: { bodies: 1, deltaRounds: keepsAll ? "all" : 0 } });
  };
  return { kindOf: (hash: Sha256) => blobs.kindOf(hash) ?? inJournal(hash) };
}

/** Follows facts one by one, as the service does; all blobs that were ever named, and those that went. */
function follow(facts: readonly Fact[], keepsAll = false) {
  const entries = facts.map((fact, i): Entry => ({ seq: i + 1, at: at(i), fact }));
  const fold = foldRun(entries.slice(0, 1));
  const gone = new Set<Sha256>();
  for (const [i, entry] of entries.entries()) {
    if (i === 0) continue;
    const kept = kindsOf(fold.blobs, entries.slice(0, i + 1), keepsAll);
    for (const hash of followRun(fold, [entry])) if (kept.kindOf(hash) === undefined) gone.add(hash);
  }
  const whole = kindsOf(foldRun(entries).blobs, entries, keepsAll);
  return { kept: kindsOf(fold.blobs, entries, keepsAll), gone, whole, uses: fold.blobs.uses() };
}

test("every section of the first, the last five and every tenth body is kept, and no other", () => {
  const rounds = 23;
  const { kept, gone } = follow([
    created(),
    ...Array.from({ length: rounds }, (_, i) => round(i + 1)).flat(),
  ]);
  for (let n = 0; n <= rounds; n++)
    for (const section of ["theta", "phi"]) {
      const hash = hashOf(`${section} ${n}`);
      const wanted = [0, 10, 19, 20, 21, 22, 23].includes(n);
      expect([n, kept.kindOf(hash), gone.has(hash)]).toEqual([n, wanted ? "body" : undefined, !wanted]);
    }
  expect([0, 10, 19, 20, 23].every((n) => keepsBody(n, rounds))).toBe(true);
});

test("texts stay; of what outer optimisers keep the last stays; deltas go with their round", () => {
  const { kept, gone } = follow([created(), ...round(1), ...round(2), ...round(3).slice(0, 3)]);
  expect(kept.kindOf(served.train)).toBe("text");
  expect(kept.kindOf(served.heldOut)).toBe("text");
  expect(kept.kindOf(hashOf("momentum 1"))).toBeUndefined();
  expect(kept.kindOf(hashOf("momentum 2"))).toBe("outer");
  for (const n of [1, 2]) expect(gone.has(hashOf(`delta ${n} ${ana}`))).toBe(true);
  expect(kept.kindOf(hashOf(`delta 3 ${bo}`))).toBe("delta");
  expect(kept.kindOf(hashOf(`rows ${bo}`))).toBe("rows");
  expect(kept.kindOf(hashOf("something else"))).toBeUndefined();
});

test("row maps go with the round that they were named in", () => {
  const { kept, gone } = follow([created(), ...round(1)]);
  expect(gone.has(hashOf(`rows ${ana}`))).toBe(true);
  expect(kept.kindOf(hashOf(`rows ${ana}`))).toBeUndefined();
});

test("where deltas are kept, so are the row maps that they are read by", () => {
  const { kept } = follow([created(), ...round(1), ...round(2)], true);
  for (const n of [1, 2]) expect(kept.kindOf(hashOf(`delta ${n} ${ana}`))).toBe("delta");
  expect(kept.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
});

test("a whole journal at once leaves what entry by entry leaves; equal contents stay as long as one use is left", () => {
  const facts = [created(), ...round(1), ...round(2), ...round(3)];
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
  const rounds = Array.from({ length: 12 }, (_, i) => round(i + 1)).flat();
  const { kept, gone } = follow([created(), ...round(1).slice(0, 2), joins, ...rounds]);
  const text = [served.train, served.heldOut, rows.sha256];
  expect(text.map((hash) => kept.kindOf(hash))).toEqual(["text", "text", "text"]);
  expect(kept.kindOf(fact.source.tokenizer!.sha256)).toBe("tokenizer");
  expect(kept.kindOf(wordsOf("fr").sha256)).toBe("body");
  for (const hash of [...text, fact.source.tokenizer!.sha256, wordsOf("fr").sha256])
    expect(gone.has(hash)).toBe(false);
});

test("a row map that is named in round after round stays as long as the last of them", () => {
  const first = follow([
    created(),
    ...Array.from({ length: 9 }, (_, i) => round(i + 1))
      .flat()
      .slice(0, -1),
  ]);
  expect(first.kept.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
  expect(first.whole.kindOf(hashOf(`rows ${ana}`))).toBe("rows");
  expect(first.kept.kindOf(hashOf(`delta 8 ${ana}`))).toBeUndefined();
});

test("of a long run no more blobs are remembered than of a short one, also where deltas are kept", () => {
  const rounds = (count: number) => Array.from({ length: count }, (_, i) => round(i + 1)).flat();
  const short = follow([created(), ...rounds(20)], true);
  const long = follow([created(), ...rounds(60)], true);
  expect(long.uses.length).toBe(short.uses.length);
  expect(long.gone.has(hashOf(`delta 1 ${ana}`))).toBe(false);
  for (const name of ["theta 10", "phi 30", `delta 1 ${bo}`, `rows ${ana}`])
    expect([name, long.kept.kindOf(hashOf(name))]).not.toContain(undefined);
});
