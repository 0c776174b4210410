import { decodeSafetensors } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest } from "../test/manifests.ts";
import { encodeSection, exchangeOf, firstNumbers } from "./index.ts";

/** What the file of each section of the first body says of the vocabulary, by section. */
function vocabularies(run: RunManifest) {
  return Object.fromEntries(
    exchangeOf(run).sections.map((section) => {
      const bytes = encodeSection(run, 0, section, firstNumbers(run, section));
      const { metadata } = decodeSafetensors(bytes, section.name);
      return [section.name, JSON.parse(metadata.config!).vocab_size];
    }),
  );
}

test("a section's file names the vocabulary where its rows are of one, and nowhere else", () => {
  expect(vocabularies(manifest())).toEqual({ theta: undefined });
  expect(vocabularies(manifest({ variant: "glob" }))).toEqual({ theta: 300, phi: 300, psi: 300 });
  const run = manifest();
  const [es, ja] = run.sources;
  const shared = { ...run, sources: [{ ...es!, words: "source" as const, vocabulary: 400 }, ja!] };
  expect(vocabularies(shared)).toEqual({ theta: undefined, "phi/es": 400, "psi/es": 400 });
});
