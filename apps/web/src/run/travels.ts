// What of a run's words travels, in words. Every claim on the pages is made here (what the coordinator learns: in the package
// dept), from the run's exchange, so that none of them says "words stay home" where they do not.

import { declaresRows, exchangeOf, sharesWords } from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";

/**
 * Whose embeddings are: each device's (they stay home), its source's, everybody's; `some`: of some sources the source's.
 * Without a source those of the run.
 */
export type WordsOf = "device" | "source" | "all" | "some";

export function wordsOf(manifest: RunManifest, source?: ManifestSource): WordsOf {
  const { sections } = exchangeOf(manifest);
  if (sections.some((section) => section.group === "phi" && section.source === null)) return "all";
  const shared = (source === undefined ? manifest.sources : [source]).map((one) =>
    sharesWords(manifest, one),
  );
  if (!shared.includes(true)) return "device";
  return shared.includes(false) ? "some" : "source";
}

/** What stands in the house, on the road and at its name in the picture. */
export interface HouseWords {
  readonly title: string;
  /** In the house: these words, with or without sizes. */
  readonly stays: string;
  readonly keeps: readonly ("text" | "vocabulary" | "embeddings")[];
  readonly road: string;
}

/** Null: the run is not known yet, and nothing is claimed of it. */
export function houseWords(manifest: RunManifest | null, source?: ManifestSource): HouseWords {
  const words = manifest === null ? "some" : wordsOf(manifest, source);
  if (manifest !== null && words === "device")
    return {
      title: "Your words stay in the house.",
      stays: "Words stay here",
      keeps:
        manifest.vocabulary.kind === "own" ? ["text", "vocabulary", "embeddings"] : ["text", "embeddings"],
      road: "Only the body travels, and the changes that training makes to it.",
    };
  const travels = {
    all: "The body and the embeddings travel, and what training changes in them.",
    source: "The body and your source's embeddings travel, and what training changes in them.",
    some: "The body travels, and the changes that training makes to it; of some sources the embeddings too.",
  };
  return {
    title: "Your text stays in the house.",
    stays: "This stays here",
    keeps: ["text"],
    road: manifest === null || words === "device" ? "The body travels." : travels[words],
  };
}

/** How the two parts of a model are shared here, for whoever asks how it works. */
export function howWordsAreShared(manifest: RunManifest): string {
  switch (wordsOf(manifest)) {
    case "all":
      return declaresRows(manifest)
        ? "Here all sources share one vocabulary and both parts; of the embeddings each device gets those of the words that occur in its text."
        : "Here all sources share one vocabulary, and both parts.";
    case "source":
      return "Here each source has embeddings of its own, which its volunteers share. The body is shared by all.";
    case "some":
      return "Here some sources have embeddings that their volunteers share; of the others every device has its own. The body is shared by all.";
    default:
      return {
        own: "Here every device has embeddings of its own, for a vocabulary learnt from its own text. Only the body is shared.",
        source:
          "Here every device has embeddings of its own, for the vocabulary of its source. Only the body is shared.",
        global:
          "Here every device has embeddings of its own, of those words of one vocabulary that occur in its text. Only the body is shared.",
      }[manifest.vocabulary.kind];
  }
}

/** After the number of parameters that travel. */
export function travellingWords(manifest: RunManifest): string {
  return {
    device: "parameters travel; words stay home",
    source: "parameters travel, the embeddings of each source among them",
    some: "parameters travel, the embeddings of some sources among them",
    all: "parameters travel, embeddings among them",
  }[wordsOf(manifest)];
}

/** What the rows of a volunteer's ledger hold. */
export interface LedgerWords {
  readonly sent: string;
  readonly messages: string;
  readonly lent: string;
}

export function ledgerWords(manifest: RunManifest | null, source?: ManifestSource): LedgerWords {
  const words = manifest === null ? "device" : wordsOf(manifest, source);
  const declares = manifest !== null && declaresRows(manifest) && source?.served?.rows === undefined;
  const text = source === undefined || source.served !== null;
  const lent = [
    ...(text ? ["text"] : []),
    ...(source !== undefined && source.tokenizer !== null ? ["vocabulary"] : []),
  ];
  return {
    sent: {
      device: "words: text, vocabulary, embeddings",
      some: "words: text, vocabulary, embeddings",
      source: "words: embeddings of your source",
      all: "words: embeddings of the vocabulary that all share",
    }[words],
    messages: `messages: progress, measurements${declares ? ", which words occur in your text" : ""}`,
    lent: `${lent.length === 0 ? "text" : lent.join(" and ")} that the host lends`,
  };
}
