// What the coordinator learns of a volunteer's words from its deltas, in one sentence, for those who are about to take part: on the
// page and on the command line. What deltas may tell beyond that is in docs/threat-model.md.

import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { canReview, declaresRows, type Manifest, sharesWords } from "./exchange.ts";

/** A whole sentence for this run and this source. */
export function coordinatorLearns(manifest: Manifest, source: ManifestSource): string {
  const lent = source.served !== null;
  if (manifest.variant === "spec")
    return sharesWords(manifest, source) ? sharedInASource : nothing(manifest, lent);
  const rows = declaresRows(manifest);
  const which = rows
    ? `of just the words that occur in ${lent ? "the host's" : "your"} text`
    : "of the whole vocabulary that all share";
  if (lent)
    return `Your embeddings travel too, ${which}: from how they move the coordinator can tell ${seen}, in text that the host lent.`;
  const told = rows
    ? "so the coordinator knows which words these are, and can tell from how they move about how often each comes"
    : "from how they move the coordinator can tell which words occur in your text and about how often";
  return `Your embeddings travel too, ${which}: ${told}; the text itself stays on this device.`;
}

/** How long the coordinator keeps a delta, and who else gets it, in a sentence or two for the same readers [P25]. */
export function deltasAreKept(manifest: Manifest, source: ManifestSource): string {
  const { keep, review } = manifest;
  if (review === "off" || !canReview(manifest, source)) return keptByCoordinator(keep);
  if (keep.deltaRounds === 0)
    return `By the run's file the coordinator keeps your delta until the next round is averaged, and then removes it. ${othersGetIt("Until then")}`;
  return `${keptByCoordinator(keep)} ${othersGetIt("Until the next round is averaged")}`;
}

const othersGetIt = (until: string) =>
  `${until} others can get it: volunteers of this source measure each other's deltas.`;

function keptByCoordinator({ deltaRounds }: RunManifest["keep"]): string {
  if (deltaRounds === 0)
    return "By the run's file the coordinator removes your delta of a round as soon as it is averaged.";
  if (deltaRounds === "all")
    return "By the run's file the coordinator keeps your deltas for good, so that the host can check every body by them.";
  const rounds = deltaRounds === 1 ? "one round" : `${deltaRounds} rounds`;
  return `By the run's file the coordinator keeps your delta for ${rounds}, so that the host can take it out of a body again, and then removes it.`;
}

const seen = "which words your device saw and about how often";

const sharedInASource =
  "Your embeddings travel too: the coordinator averages them with those of the others of this source, and from how yours " +
  `move it can tell ${seen}, in text that the host lent.`;

function nothing({ vocabulary: { kind } }: Manifest, lent: boolean): string {
  const own = kind === "own" ? "vocabulary and embeddings" : "embeddings";
  if (lent)
    return `The coordinator gets none of your words: the ${own} that this device makes of the host's text stay on it.`;
  const kept = kind === "own" ? "text, vocabulary and embeddings" : "text and embeddings";
  const rows = kind === "global" ? ", and so does which words of the run's vocabulary occur in it" : "";
  return `The coordinator gets none of your words: ${kept} stay on this device${rows}.`;
}
