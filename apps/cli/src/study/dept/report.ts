// What the study `dept` says.

import { arms, scratch } from "../arms.ts";
import { bitsPerByteMeaning, seedFact, smallness, trainingFacts, unseenFact } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Cell, Figure, Report, Section, Table } from "../report/report.ts";
import { bySeed, cellOf, column, mean, rowsWhere, valuesOf } from "../report/statistics.ts";
import { deptFindings } from "./findings.ts";
import { bits, fresh, kept } from "./measures.ts";

type Shown = (typeof arms)[number] | typeof scratch;

const all: readonly Shown[] = [...arms, scratch];

export function deptReport(plan: Plan, rows: readonly Row[]): Report {
  return {
    title: "What a body is worth, by how it was pre-trained",
    lead: "A body is the part of a language model that DEPT's devices share. Each arm below pre-trains one in its own way. Then all bodies get the same second phase: one vocabulary for everybody, embeddings that begin at random, and a few more steps. What they can do after it is what their pre-training was worth.",
    facts: [unseenFact(plan), seedFact(plan), ...trainingFacts(plan)],
    findings: deptFindings(plan, rows),
    sections: [
      { title: "The arms", blocks: [{ kind: "terms", terms: all.map(({ title, what }) => [title, what]) }] },
      afterSecondPhase(plan, rows, fresh, "From random embeddings"),
      afterSecondPhase(plan, rows, kept, "From trained embeddings"),
      beforeSecondPhase(plan, rows),
      {
        title: "Words used here",
        blocks: [
          {
            kind: "terms",
            terms: [
              ["bits per byte", bitsPerByteMeaning],
              [
                "perplexity",
                "Among how many equally likely tokens the model seems to choose. Comparable here because the second phase gives all arms one vocabulary.",
              ],
              [
                "step",
                "One move of the optimiser. A step of a federated arm is a step of every device at once, so at equal steps it reads as many times more text as there are devices; “DEPT's tokens” arms read as much, one step after another.",
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

function afterSecondPhase(plan: Plan, rows: readonly Row[], phase: string, title: string): Section {
  const seen = plan.sources.map(({ id }) => id);
  const unseen = plan.unseen.map(({ id }) => id);
  const shown = all.filter(({ id }) => rows.some((row) => row.arm === id && row.phase === phase));
  const what =
    phase === fresh
      ? "Every body gets fresh embeddings, and all of the model trains on a uniform mixture of the sources."
      : "Arms that have embeddings of the shared vocabulary keep them; half the learning rate. SPEC has none to keep, since its words never left the devices.";
  const dotsOf = (name: string, sources: readonly string[], where: string): Figure => ({
    kind: "figure",
    name: `${phase.replaceAll(" ", "-")}-${name}`,
    title: `Bits per byte after the second phase, ${where}`,
    caption: `${what} Small dots are seeds, large ones their mean, lines one standard deviation. Lower, to the left, is better.`,
    plot: {
      kind: "dots",
      axis: `bits per byte, mean over ${sources.join(", ")}`,
      digits: 3,
      rows: shown.map(({ id, title, family }) => ({
        label: title,
        family,
        values: valuesOf(bySeed(rows, { arm: id, phase, measure: bits }, sources)),
      })),
    },
  });
  return {
    title,
    blocks: [
      dotsOf("seen", seen, "on sources of pre-training"),
      tableOf(
        `Bits per byte by source, ${phase}. Lower is better; the best of a column is strong.`,
        shown,
        rows,
        { phase, measure: bits, digits: 3 },
        seen,
        unseen,
      ),
      ...(unseen.length === 0 ? [] : [dotsOf("unseen", unseen, "on sources that no body has seen")]),
      tableOf(
        `Perplexity by source, ${phase}.`,
        shown,
        rows,
        { phase, measure: "perplexity", digits: 1 },
        seen,
        unseen,
      ),
    ],
  };
}

function tableOf(
  caption: string,
  shown: readonly Shown[],
  rows: readonly Row[],
  { phase, measure, digits }: { readonly phase: string; readonly measure: string; readonly digits: number },
  seen: readonly string[],
  unseen: readonly string[],
): Table {
  const of = (sources: readonly string[]): readonly Cell[] =>
    column(
      shown.map(({ id }) => valuesOf(bySeed(rows, { arm: id, phase, measure }, sources))),
      digits,
    );
  const columns = [
    of(seen),
    ...seen.map((id) => of([id])),
    ...(unseen.length === 0 ? [] : [of(unseen)]),
    ...unseen.map((id) => of([id])),
  ];
  return {
    kind: "table",
    caption,
    head: ["", "mean", ...seen, ...(unseen.length === 0 ? [] : ["unseen, mean"]), ...unseen],
    rows: shown.map(({ title }, i) => [{ text: title }, ...columns.map((cells) => cells[i]!)]),
  };
}

/** What devices see themselves: bodies with the words that belong to them, before anything else is done. */
function beforeSecondPhase(plan: Plan, rows: readonly Row[]): Section {
  const seen = plan.sources.map(({ id }) => id);
  const curves = ["glob", "trim", "spec", "spec-opt"];
  const shown = arms.filter(({ id }) => rows.some((row) => row.arm === id && row.phase === "trained"));
  const figure: Figure = {
    kind: "figure",
    name: "rounds",
    title: "While devices train together: each published body, on the devices' own held-out text",
    caption:
      "Mean over sources and seeds, with each device's own embeddings where it has some. Under SPEC words wait at home while the body is averaged, and fit the new one only after some steps.",
    plot: {
      kind: "lines",
      xAxis: "steps of each device",
      yAxis: "bits per byte",
      series: curves.map((id, colour) => ({
        label: all.find((arm) => arm.id === id)!.title,
        colour,
        points: stepsIn(rows, id).map((step) => ({
          x: step,
          y: mean(valuesOf(bySeed(rows, { arm: id, phase: "rounds", step, measure: bits }, seen))),
        })),
      })),
    },
  };
  const size = "root mean square of the body";
  return {
    title: "Before the second phase",
    blocks: [
      figure,
      tableOf(
        "Bits per byte of the last body with the embeddings of its own training. Arms have different vocabularies here, and under TRIM and SPEC a device chooses among its own words alone, which is easier.",
        shown,
        rows,
        { phase: "trained", measure: bits, digits: 3 },
        seen,
        [],
      ),
      {
        kind: "table",
        caption:
          "How large the body's numbers have become: their root mean square. The paper finds that ordinary training lets them grow.",
        head: ["", size],
        rows: shown.map(({ id, title }) => [
          { text: title },
          cellOf(
            rowsWhere(rows, { arm: id, measure: size }).map(({ value }) => value),
            4,
          ),
        ]),
      },
    ],
  };
}

function stepsIn(rows: readonly Row[], arm: string): readonly number[] {
  const steps = rows.filter((row) => row.arm === arm && row.phase === "rounds").map(({ step }) => step);
  return [...new Set(steps)].sort((a, b) => a - b);
}
