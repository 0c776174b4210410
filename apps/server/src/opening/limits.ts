// What a coordinator cannot do, of what a run file may ask: said before anything is written.

import { InputError } from "@homebody/base";
import { sourcesInRound } from "@homebody/coordinator";
import { exchangeOf, modelSize, sizeInWords } from "@homebody/dept";
import { manifestOf, type RunFile } from "@homebody/protocol";
import { defaultLimits } from "@homebody/service";

export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly expected: string;
  readonly got: string;
}

/** Node reads and writes no larger file at once, and a section of a body is one. */
const largestSectionBytes = 2 ** 31 - 1;

export function tooMuch(file: RunFile): readonly Mistake[] {
  return [...tooManyAwaited(file), ...wrongModel(file)];
}

/** A quorum that cannot come would make every round wait for its deadline. */
function tooManyAwaited(file: RunFile): readonly Mistake[] {
  const { minimum, quorum, quorumSources } = file.round;
  const most = defaultLimits.connections;
  const counts = { minimum, quorum: quorum === "all" ? 0 : quorum };
  const tooMany = Object.entries(counts).filter(([, count]) => count > most);
  const inARound = sourcesInRound(file);
  const mistakes = tooMany.map(([key, count]) => ({
    path: ["round", key],
    expected: `at most ${most}, the volunteers that a coordinator lets in at once`,
    got: String(count),
  }));
  if (quorumSources === "all" || quorumSources <= inARound) return mistakes;
  const expected = `at most ${inARound}, the sources that take part in a round`;
  return [...mistakes, { path: ["round", "quorumSources"], expected, got: String(quorumSources) }];
}

function wrongModel(file: RunFile): readonly Mistake[] {
  const manifest = manifestOf(file, new Map());
  try {
    const { sections } = exchangeOf(manifest);
    if (sections.every(({ layout }) => 4 * layout.size <= largestSectionBytes)) return [];
    const expected =
      "one whose body is a file of at most 2.1 GB (fewer layers, less width, a smaller vocabulary)";
    return [{ path: ["model"], expected, got: sizeInWords(modelSize(manifest)) }];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { where, expected, got } = error;
    const path = where.split(/\.|: /);
    return [{ path: path[0] === "model" ? path : ["model", ...path], expected, got }];
  }
}
