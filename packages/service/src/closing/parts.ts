// What the mean over sources is made of: each delta as it is, or, in a source that has enough of them, what a robust average
// has made of the deltas of a group [C65].

import { groupsOf } from "@homebody/aggregate";
import type { ClosingDelta, DeltaReader } from "./deltas.ts";
import type { Part, PartsInputs } from "./part.ts";
import { robustPart } from "./robust.ts";

/** In the order of the deltas; a group stands where the first of its source does. */
export function partsOf(deltas: readonly ClosingDelta[], inputs: PartsInputs): readonly Part[] {
  const { average } = inputs.manifest;
  if (average.rule === "mean") return asTheyAre(deltas, inputs.reader);
  const ofSource = new Map<string, ClosingDelta[]>();
  for (const delta of deltas) {
    const own = ofSource.get(delta.fact.source) ?? [];
    ofSource.set(delta.fact.source, own);
    own.push(delta);
  }
  return [...ofSource].flatMap(([source, own]) => {
    if (own.length < average.from) return asTheyAre(own, inputs.reader);
    const seed = `${inputs.manifest.training.seed}/${source}/round ${inputs.round}/groups`;
    return groupsOf(own.length, seed).map((members) =>
      robustPart(
        members.map((i) => own[i]!),
        average,
        inputs,
      ),
    );
  });
}

export function asTheyAre(deltas: readonly ClosingDelta[], reader: DeltaReader): readonly Part[] {
  return deltas.map((delta) => asItIs(delta, reader));
}

function asItIs(delta: ClosingDelta, reader: DeltaReader): Part {
  const { source, tokens, seniority } = delta.fact;
  return {
    weighed: { source, tokens, seniority },
    sections: delta.exchange.sections.map(({ name, rows }) => ({ name, rows: rows?.ids ?? null })),
    numbers: () => reader.read(delta),
  };
}
