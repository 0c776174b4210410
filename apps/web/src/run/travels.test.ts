// What the pages claim of words, against what the exchange lets travel.

import { coordinatorLearns, exchangeFor, exchangeOf, rowMapOf } from "@homebody/dept";
import { checkRunFile, type ManifestSource, manifestOf, type RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { houseWords, howWordsAreShared, ledgerWords, travellingWords, wordsOf } from "./travels.ts";

const hash = "ab".repeat(32) as never;
const tokenizer = { sha256: hash, sizeBytes: 9, vocabulary: 300 };

/** A run with a source whose text is served and one whose text is brought. */
function run(change: Record<string, unknown> = {}, words?: "source"): RunManifest {
  const { vocabulary = {} } = change as { vocabulary?: { kind?: string } };
  const own = vocabulary.kind === "source" ? { tokenizer: "x.json" } : {};
  const file = checkRunFile({
    name: "a run",
    description: "of a test",
    model: { family: "gpt2", depth: 1, context: 16, overrides: { width: 8, heads: 1, hidden: 8 } },
    sources: [
      {
        id: "es",
        title: "Español",
        language: "es",
        text: "served",
        train: "es",
        ...(words ? { words } : {}),
      },
      { id: "mine", title: "Minutes", language: "en", text: "brought", ...own },
    ],
    training: { localSteps: 2, batch: 2, learningRate: { peak: 0.01 } },
    rounds: 3,
    ...change,
  });
  const served = { train: hash, trainBytes: 9, heldOut: null, heldOutBytes: 0 };
  const rows = { sha256: hash, held: 200 };
  const leaves = file.variant === "trim" || (file.variant === "spec" && file.vocabulary.kind === "global");
  const ids = vocabulary.kind === undefined || vocabulary.kind === "own" ? [] : ["es", "mine"];
  return manifestOf(
    file,
    new Map([["es", leaves ? { ...served, rows } : served]]),
    new Map(ids.map((id) => [id, tokenizer])),
  );
}

const global = { kind: "global", size: 300 };
const runs = {
  own: run(),
  source: run({ vocabulary: { kind: "source" } }),
  global: run({ vocabulary: global }),
  shared: run({ vocabulary: { kind: "source" } }, "source"),
  sharedGlobal: run({ vocabulary: global }, "source"),
  glob: run({ variant: "glob", vocabulary: global }),
  trim: run({ variant: "trim", vocabulary: global }),
};
const [es, mine] = [0, 1].map(
  (i) =>
    (manifest: RunManifest): ManifestSource =>
      manifest.sources[i]!,
) as [(manifest: RunManifest) => ManifestSource, (manifest: RunManifest) => ManifestSource];

test("whose words are follows from what the exchange of a device lets travel", () => {
  const found = Object.entries(runs).map(([name, manifest]) => [
    name,
    wordsOf(manifest),
    wordsOf(manifest, es(manifest)),
    wordsOf(manifest, mine(manifest)),
  ]);
  expect(found).toEqual([
    ["own", "device", "device", "device"],
    ["source", "device", "device", "device"],
    ["global", "device", "device", "device"],
    ["shared", "some", "source", "device"],
    ["sharedGlobal", "some", "source", "device"],
    ["glob", "all", "all", "all"],
    ["trim", "all", "all", "all"],
  ]);
  const everywhere = { ...runs.shared, sources: [es(runs.shared)] };
  expect(wordsOf(everywhere)).toBe("source");
  // Without a section of embeddings nothing of words travels, and with one it is never said that words stay.
  for (const manifest of [...Object.values(runs), everywhere])
    for (const source of manifest.sources) {
      const held = Array.from({ length: 200 }, (_, i) => i);
      const leaves = manifest.vocabulary.kind === "global" && manifest.variant !== "glob";
      const { sections } = exchangeFor(manifest, source, leaves ? rowMapOf(300, held) : null);
      const travel = sections.some(({ group }) => group !== "theta");
      const claims = [
        houseWords(manifest, source).title,
        houseWords(manifest, source).stays,
        houseWords(manifest, source).road,
        coordinatorLearns(manifest, source),
      ];
      const stays = /words stay|only the body|none of your words/i;
      if (travel) for (const claim of claims) expect(claim).not.toMatch(stays);
      else expect(claims.filter((claim) => stays.test(claim))).toHaveLength(4);
      expect(houseWords(manifest, source).keeps.includes("embeddings")).toBe(!travel);
    }
});

test("what is said of the whole run: words stay home only if those of no source travel", () => {
  for (const manifest of Object.values(runs)) {
    const travel = exchangeOf(manifest).sections.some(({ group }) => group !== "theta");
    expect(travellingWords(manifest).includes("words stay home")).toBe(!travel);
    expect(howWordsAreShared(manifest).includes("Only the body is shared")).toBe(!travel);
    expect(houseWords(manifest).title.includes("words stay")).toBe(!travel);
  }
  expect(houseWords(null)).toMatchObject({ keeps: ["text"], road: "The body travels." });
});

test("the ledger's rows are called by what is counted in them", () => {
  const of = (name: keyof typeof runs, which: typeof es) => ledgerWords(runs[name], which(runs[name]));
  expect(of("own", mine)).toEqual({
    sent: "words: text, vocabulary, embeddings",
    messages: "messages: progress, measurements",
    lent: "text that the host lends",
  });
  expect(of("shared", es)).toMatchObject({
    sent: "words: embeddings of your source",
    lent: "text and vocabulary that the host lends",
  });
  expect(of("shared", mine).lent).toBe("vocabulary that the host lends");
  expect(of("glob", mine).sent).toBe("words: embeddings of the vocabulary that all share");
  expect(of("trim", mine).messages).toBe("messages: progress, measurements, which words occur in your text");
  expect(of("trim", es).messages).toBe("messages: progress, measurements"); // the host knows them
  expect(ledgerWords(null).sent).toBe("words: text, vocabulary, embeddings");
});
