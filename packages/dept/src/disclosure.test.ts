import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest, noHash, source } from "../test/manifests.ts";
import { coordinatorLearns, declaresRows, deltasAreKept, exchangeFor, rowMapOf } from "./index.ts";

interface Case {
  readonly variant: RunManifest["variant"];
  readonly kind: RunManifest["vocabulary"]["kind"];
  readonly words?: ManifestSource["words"];
  readonly served?: boolean;
}

const served = { train: noHash, trainBytes: 1, heldOut: null, heldOutBytes: 0 };

function told({ variant, kind, words = "device", served: isServed = false }: Case) {
  const run = manifest({ variant });
  const es = { ...source(run, "es"), words, served: isServed ? served : null };
  const all = { ...run, vocabulary: { ...run.vocabulary, kind }, sources: [es, source(run, "ja")] };
  const exchange = exchangeFor(all, es, declaresRows(all) ? rowMapOf(300, [1, 2]) : null);
  return { sentence: coordinatorLearns(all, es), exchange, run: all };
}

const cases: readonly Case[] = [
  { variant: "spec", kind: "own" },
  { variant: "spec", kind: "own", served: true },
  { variant: "spec", kind: "source", served: true },
  { variant: "spec", kind: "global" },
  { variant: "spec", kind: "source", words: "source", served: true },
  { variant: "glob", kind: "global" },
  { variant: "glob", kind: "global", served: true },
  { variant: "trim", kind: "global" },
  { variant: "trim", kind: "global", served: true },
];

test.each(cases)("what is said agrees with what travels: %j", (one) => {
  const { sentence, exchange, run } = told(one);
  const travels = (group: string) => exchange.sections.some((section) => section.group === group);
  expect(sentence.match(/\.( |$)/g)).toHaveLength(1); // one sentence
  expect(sentence.includes("none of your words")).toBe(!travels("phi"));
  expect(sentence.includes("Your embeddings travel too")).toBe(travels("phi"));
  expect(sentence.includes("of this source")).toBe(exchange.sections.some((s) => s.source !== null));
  expect(sentence.includes("just the words that occur")).toBe(declaresRows(run));
  expect(/\bhost( lent|'s text)/.test(sentence)).toBe(one.served === true);
  expect(/text.* stays? on this device/.test(sentence)).toBe(one.served !== true);
});

test("in these words", () => {
  const say = (one: Case) => told(one).sentence;
  expect(say({ variant: "spec", kind: "own" })).toBe(
    "The coordinator gets none of your words: text, vocabulary and embeddings stay on this device.",
  );
  expect(say({ variant: "spec", kind: "own", served: true })).toBe(
    "The coordinator gets none of your words: the vocabulary and embeddings that this device makes of the host's text stay on it.",
  );
  expect(say({ variant: "spec", kind: "source" })).toBe(
    "The coordinator gets none of your words: text and embeddings stay on this device.",
  );
  expect(say({ variant: "spec", kind: "global" })).toBe(
    "The coordinator gets none of your words: text and embeddings stay on this device, and so does which words of the run's vocabulary occur in it.",
  );
  expect(say({ variant: "spec", kind: "source", words: "source", served: true })).toBe(
    "Your embeddings travel too: the coordinator averages them with those of the others of this source, and from how yours move it can tell which words your device saw and about how often, in text that the host lent.",
  );
  expect(say({ variant: "glob", kind: "global" })).toBe(
    "Your embeddings travel too, of the whole vocabulary that all share: from how they move the coordinator can tell which words occur in your text and about how often; the text itself stays on this device.",
  );
  expect(say({ variant: "trim", kind: "global" })).toBe(
    "Your embeddings travel too, of just the words that occur in your text: so the coordinator knows which words these are, and can tell from how they move about how often each comes; the text itself stays on this device.",
  );
  expect(say({ variant: "trim", kind: "global", served: true })).toBe(
    "Your embeddings travel too, of just the words that occur in the host's text: from how they move the coordinator can tell which words your device saw and about how often, in text that the host lent.",
  );
});

/** As it is said of a source under GLOB, served or not. */
function kept(
  deltaRounds: number | "all",
  { review = "off", isServed = true }: { review?: RunManifest["review"]; isServed?: boolean } = {},
): string {
  const run = manifest({ variant: "glob" });
  const keep = { bodies: { every: 10 }, undoBodies: 5, deltaRounds };
  return deltasAreKept({ ...run, keep, review }, { ...run.sources[0]!, served: isServed ? served : null });
}

test("[P25] how long a delta is kept is said as the run file has it", () => {
  expect(kept(0)).toContain("as soon as it is averaged");
  expect(kept(1)).toContain("for one round,");
  expect(kept(3)).toContain("for 3 rounds,");
  expect(kept("all")).toContain("keeps your deltas for good,"); // [P45]
});

test("[P71] where volunteers measure each other's deltas, it is said that others can get them", () => {
  const review = { quarantineAfter: 2, tolerance: 0.01, rows: 8 };
  expect(kept(0, { review })).toContain(
    "until the next round is averaged, and then removes it. Until then others can get it:",
  );
  expect(kept(3, { review })).toContain(
    "and then removes it. Until the next round is averaged others can get it:",
  );
  expect(kept(3, { review, isServed: false })).not.toContain("others");
});
