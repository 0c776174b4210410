import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest, noHash, source } from "../test/manifests.ts";
import { coordinatorLearns, declaresRows, exchangeFor, rowMapOf } from "./index.ts";

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
  expect(sentence).toMatch(/^The coordinator learns [^.]*\.$/);
  expect(sentence.includes("nothing of words")).toBe(!travels("phi"));
  expect(sentence.includes("stay on this device")).toBe(exchange.home.length > 0);
  expect(sentence.includes("this source's embeddings")).toBe(
    exchange.sections.some((s) => s.source !== null),
  );
  expect(sentence.includes("which words of the shared vocabulary")).toBe(declaresRows(run));
  expect(sentence.includes("the host has anyway")).toBe(one.served === true);
  expect(sentence.includes("your text")).toBe(one.served !== true);
});

test("a vocabulary that the host gave is not said to stay on the device", () => {
  expect(told({ variant: "spec", kind: "own" }).sentence).toContain("the vocabulary and its embeddings stay");
  expect(told({ variant: "spec", kind: "global" }).sentence).toContain("words: the embeddings stay");
});
