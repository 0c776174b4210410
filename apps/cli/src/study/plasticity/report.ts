// What the study `plasticity` says.

import { arms, scratch } from "../arms.ts";
import { bitsPerByteMeaning, seedFact, smallness, trainingFacts, unseenFact } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Figure, Finding, Report, Table } from "../report/report.ts";
import { bySeed, column, gains, mean, percent, valuesOf, verdictOf } from "../report/statistics.ts";

const bits = "bits per byte";
export const areaMeasure = "mean of the curve, in bits per byte";
const phase = "unseen";
const heights = ["lower", "higher"] as const;
const all = [...arms, scratch];
/** Few enough lines to tell apart. */
const drawn = ["std-0", "std-0-long", "act", "local", "glob", "trim", "spec", "spec-opt", "scratch"];

export function plasticityReport(plan: Plan, rows: readonly Row[]): Report {
  const { unseen } = plan;
  return {
    title: "How fast and how far bodies learn a language that none has seen",
    lead: "Somebody comes with a language that was in nobody's text. The body that others trained gets a new vocabulary, learnt from that text, and embeddings that begin at random; then all of it trains. What each body brings to that is here: the whole curve, its mean, and where it ends.",
    facts: [unseenFact(plan), seedFact(plan), ...trainingFacts(plan)],
    findings: unseen.flatMap(({ id }) => findingsOf(id, rows)),
    sections: [
      ...unseen.map(({ id }) => ({
        title: `Learning ${id}`,
        blocks: [curvesOf(id, rows), tableOf(id, rows)],
      })),
      { title: "The arms", blocks: [{ kind: "terms", terms: all.map(({ title, what }) => [title, what]) }] },
      {
        title: "Words used here",
        blocks: [
          {
            kind: "terms",
            terms: [
              ["bits per byte", bitsPerByteMeaning],
              [
                "mean of the curve",
                "The area under the curve over its length: low for a body that learns early.",
              ],
              ["±", "One standard deviation over seeds."],
            ],
          },
        ],
      },
      smallness(plan),
    ],
  };
}

function findingsOf(source: string, rows: readonly Row[]): readonly Finding[] {
  const area = (arm: string) => bySeed(rows, { arm, phase, measure: areaMeasure }, [source]);
  const best = (ids: readonly string[]) =>
    ids.reduce((a, b) => (mean(valuesOf(area(b))) < mean(valuesOf(area(a))) ? b : a));
  const title = (id: string) => all.find((arm) => arm.id === id)!.title;
  const [dept, std] = [best(["glob", "trim", "spec", "spec-opt"]), best(["std-0", "std-1", "act"])];
  const long = best(["std-0-long", "std-1-long"]);
  const against = (id: string) => gains(area(dept), area(id));
  return [
    {
      verdict: verdictOf(against(std)),
      text: `${source}: ${title(dept)}, the best of DEPT, has a curve that is ${percent(mean(against(std)), heights)} than that of ${title(std)}, the best at equal steps. In the paper DEPT's bodies are first on unseen languages.`,
    },
    {
      verdict: "note",
      text: `${source}: it is ${percent(mean(against(long)), heights)} than that of ${title(long)}, which has read as many tokens, and ${percent(mean(against("scratch")), heights)} than without pre-training.`,
    },
  ];
}

function stepsOf(rows: readonly Row[], source: string): readonly number[] {
  const steps = rows
    .filter((row) => row.phase === phase && row.source === source && row.measure === bits)
    .map(({ step }) => step);
  return [...new Set(steps)].sort((a, b) => a - b);
}

function curvesOf(source: string, rows: readonly Row[]): Figure {
  return {
    kind: "figure",
    name: `unseen-${source}`,
    title: `Bits per byte on ${source} while a body learns it`,
    caption:
      "Means over seeds. All begin with embeddings that know nothing. Lower is better. The table has the arms that are not drawn.",
    plot: {
      kind: "lines",
      xAxis: "steps on the new language",
      yAxis: "bits per byte",
      series: drawn.map((id, i) => ({
        label: all.find((arm) => arm.id === id)!.title,
        colour: i % 8,
        dashed: i >= 8,
        points: stepsOf(rows, source).map((step) => ({
          x: step,
          y: mean(valuesOf(bySeed(rows, { arm: id, phase, step, measure: bits }, [source]))),
        })),
      })),
    },
  };
}

function tableOf(source: string, rows: readonly Row[]): Table {
  const steps = stepsOf(rows, source);
  const some = steps.filter((_, i) => i % 2 === 0 || i === steps.length - 1);
  const columns = [
    column(
      all.map(({ id }) => valuesOf(bySeed(rows, { arm: id, phase, measure: areaMeasure }, [source]))),
      3,
    ),
    ...some.map((step) =>
      column(
        all.map(({ id }) => valuesOf(bySeed(rows, { arm: id, phase, step, measure: bits }, [source]))),
        3,
      ),
    ),
  ];
  return {
    kind: "table",
    caption: `Learning ${source}, in bits per byte: the mean of the curve, and its points by step.`,
    head: ["", "mean of the curve", ...some.map((step) => `step ${step}`)],
    rows: all.map(({ title }, i) => [{ text: title }, ...columns.map((cells) => cells[i]!)]),
  };
}
