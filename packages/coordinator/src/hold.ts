// When a run holds itself [C27]: its volunteers find the body that was published much worse than what they had.
//
// Each volunteer is compared with itself, with the best that it measured: who is here changes, and so do words that nobody has
// trained yet. A source finds a body worse when more than half of those who measured it or the one before do, so that one who
// says so, or one who says nothing, does not decide.

import type { SourceId, VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import type { RunState, Score } from "./state.ts";

type Evaluated = Extract<Fact, { kind: "evaluated" }>;
type Scores = ReadonlyMap<VolunteerId, Score>;

/** Sources that have to find a body worse; of a run where only one measures, that one. */
const sourcesToHold = 2;

/** What is known of a volunteer after it has measured a body. */
export function scoreAfter(
  known: Score | undefined,
  { source, body, nats, bytes }: Evaluated,
  hold: Exclude<RunManifest["hold"], "off">,
): Score {
  const bitsPerByte = nats / Math.LN2 / bytes;
  const before = known?.source === source ? known.best : bitsPerByte;
  return {
    source,
    body,
    best: Math.min(before, bitsPerByte),
    isWorse: bitsPerByte > before * (1 + hold.worsening),
  };
}

/** Who measured none of so many bodies is forgotten. */
const rememberedBodies = 5;

/** Those who may still tell something of this body or the next ones. */
export function remembered(scores: Scores, body: number): readonly VolunteerId[] {
  return [...scores].filter(([, score]) => score.body >= body - rememberedBodies).map(([who]) => who);
}

/** The fact that holds the run after this evaluation; undefined where it goes on. */
export function holding(state: RunState, evaluated: Evaluated): Extract<Fact, { kind: "held" }> | undefined {
  const { manifest, held, ending, body } = state;
  if (manifest.hold === "off" || held !== null || ending) return undefined;
  const own = scoreAfter(state.scores.get(evaluated.volunteer), evaluated, manifest.hold);
  if (!own.isWorse) return undefined; // all that is looked at while all is well
  const sources = new Map<SourceId, { all: number; worse: number }>();
  const count = ({ source, isWorse, body: last }: Score) => {
    const counts = sources.get(source) ?? { all: 0, worse: 0 };
    sources.set(source, counts);
    if (last >= body.number - 1) counts.all += 1;
    if (isWorse && last === body.number) counts.worse += 1;
  };
  for (const [who, score] of state.scores) if (who !== evaluated.volunteer) count(score);
  count(own);
  const worse = [...sources].filter(([, counts]) => 2 * counts.worse > counts.all).map(([source]) => source);
  if (worse.length < Math.min(sourcesToHold, sources.size)) return undefined;
  return { kind: "held", body: body.number, sources: worse.sort() };
}
