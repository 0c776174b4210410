import type { RunId, Sha256, SourceId } from "@homebody/base";
import type { Figures, ScoreFigure } from "@homebody/coordinator";
import { checkRunFile, type ManifestSource, manifestOf } from "@homebody/protocol";
import { expect, test } from "vitest";
import { formatNames } from "../src/format-names.ts";
import { adaptedCard, formats, hf, type RunOnCard, runCard } from "../src/index.ts";
import { modelOf, shapes } from "./small.ts";

const manifest = manifestOf(
  checkRunFile({
    name: "Three | <b>languages</b>\n# one body",
    description: "It learns.\n# No heading",
    host: "Casa *Lingua*",
    model: { family: "llama", depth: 2, context: 24 },
    sources: [
      { id: "es", title: "Español", language: "es", text: "brought", licence: "CC-BY-SA-4.0" },
      { id: "no", title: "Norsk", language: "no", text: "brought" },
      { id: "sw", title: "Kiswahili", language: "sw", text: "brought" },
    ],
    training: { localSteps: 10, batch: 4, learningRate: { peak: 0.01 } },
    rounds: 5,
  }),
  new Map(),
);
const score = (body: number, bitsPerByte: number) => ({ body, bitsPerByte }) as ScoreFigure;
const figures = {
  run: "ab".repeat(32) as RunId,
  manifest,
  learntFrom: ["es", "no"] as SourceId[],
  scores: { es: [score(0, 4.5), score(3, 2.25), score(4, 2.125)], no: [score(1, 3)], sw: [] },
  tokens: 1_234_567,
} as unknown as Figures;
const source = manifest.sources[1] as ManifestSource;
const run: RunOnCard = {
  figures,
  body: { number: 3, id: "cd".repeat(32) as Sha256 },
  journal: { entries: 1234, sha256: "ef".repeat(32) as Sha256 },
  source,
  words: { kind: "device", round: 2 },
  rows: null,
  bitsPerByte: null,
};
const model = modelOf(shapes[3]!);
const cardOf = (change: Partial<RunOnCard> = {}, format = hf) =>
  runCard(model, { ...run, ...change }, format);

test("[X6] a licence where the run file states one; bits per byte, each with its body, and none of later ones", () => {
  const card = cardOf();
  expect(card).toContain("| Español (`es`) | es | CC-BY-SA-4.0 | yes | 4.500 (body 0) | 2.250 (body 3) |");
  expect(card).toContain("| Norsk (`no`) | no | not stated | yes | 3.000 (body 1) | 3.000 (body 1) |");
  expect(card).toContain("| Kiswahili (`sw`) | sw | not stated | no |  |  |");
  expect(card).not.toContain("2.125");
  expect(card).not.toMatch(/^license:/m); // what Hugging Face's pages would read as the model's
});

test("[X6] the run, its body, its journal, and what it was trained by", () => {
  const card = cardOf();
  expect(card).toContain(`| run | \`${figures.run}\` |`);
  expect(card).toContain(`| body | 3, \`${run.body.id}\` |`);
  expect(card).toContain(`| journal | 1,234 entries, SHA-256 \`${run.journal!.sha256}\` |`);
  expect(card).toContain("| head -n 1234 | sha256sum`");
  expect(card).toContain("| rounds | 3 of 5 |");
  expect(card).toContain("| local steps a round | 10 |");
  const timeBox = { seconds: 60, leastSteps: 1 };
  const boxed = { ...manifest, training: { ...manifest.training, timeBox } };
  expect(cardOf({ figures: { ...figures, manifest: boxed } })).toContain(
    "| local steps a round | as many as a device makes in 60 s, at most 10 |",
  );
  expect(card).toContain("| tokens of the whole run | 1,234,567 |");
  expect(card).toContain("as its delta of round 2 left them; the body is that of round 3.");
});

test("[X6] a language is a string to YAML; what the host wrote is text, not Markdown", () => {
  const card = cardOf();
  expect(card).toMatch(/^---\nlanguage:\n- "no"\nlibrary_name: transformers\n/);
  expect(cardOf({ source: null, words: { kind: "run" } })).toMatch(/^---\nlanguage:\n- "es"\n- "no"\nlib/);
  expect(card).toContain("# Three \\| \\<b\\>languages\\</b\\> \\# one body: Norsk\n");
  expect(card).toContain("> It learns.\n> \\# No heading\n");
  expect(card).toContain("that Casa \\*Lingua\\* hosted");
  const headings = card.replace(/^```[\s\S]*?^```/gm, "").match(/^## .*$/gm);
  expect(headings).toEqual(["## Use", "## Sources", "## Training", "## Where it comes from", "## Limits"]);
});

test("all formats are offered by their own names, in one order", () => {
  expect(formats.map(({ name }) => name)).toEqual(formatNames);
});

test.each(formats)("[X6] the card of $name says how it is loaded", (format) => {
  const { library, use } = format;
  const card = cardOf({}, format);
  expect(card).toContain(`library_name: ${library}\n`);
  expect(card).toContain(`## Use\n\n${use}\n\n## Sources`);
});

test("[X9] [X10] whose words it has, what they need, and rows that have learnt nothing", () => {
  expect(cardOf({ bitsPerByte: 2.5 })).toContain(
    "they need 2.500 bits per byte on held-out text of their own",
  );
  expect(cardOf({ words: { kind: "given" } })).toContain("the run does not know them");
  expect(cardOf({ words: { kind: "source" } })).toContain("of all volunteers of the source");
  expect(cardOf({ rows: { held: 1200, of: 8192 } })).toContain(
    "had 1,200 of the 8,192 rows of the vocabulary",
  );
  expect(cardOf()).not.toContain("rows of the vocabulary");
});

test("a model that was carried on with a text says what from, and by how much", () => {
  const adapted = { steps: 1, freezeBody: true, textBytes: 12_345, bitsPerByte: 2, unigramBitsPerByte: 4 };
  const card = adaptedCard({ ...model, provenance: { run_name: "A *run*", body: "3" } }, adapted);
  expect(card).toContain("# A \\*run\\*, carried on with a text");
  expect(card).toContain("trained it for 1 step on 12,345 bytes of text");
  expect(card).toContain("it needs 2.000 bits per byte, a unigram model 4.000");
  expect(card).toContain("| body | 3 |");
});
