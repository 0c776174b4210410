// What the study `codecs` says.

import { bitsPerByteMeaning, count, seedFact, smallness, trainingFacts } from "../described.ts";
import { deltaBytes, type Row } from "../job.ts";
import { type Plan, stepsOf } from "../plan.ts";
import type { Family, Figure, Finding, Report, Table } from "../report/report.ts";
import { bySeed, cellOf, gains, mean, percent, rowsWhere, valuesOf } from "../report/statistics.ts";
import { besideOf, type CodecArm, codecArms } from "./jobs.ts";

const measure = "bits per byte";

/** More bits per byte than fp32: a share. */
const goal = 0.01;

const parts = [
  {
    part: "all",
    title: "Everybody in every round",
    caption: "A volunteer of each source takes part in every round.",
  },
  {
    part: "half",
    title: "Half of the volunteers in a round",
    caption: "Two volunteers of each source; by lot half of all of them take part in a round. One seed.",
  },
  {
    part: "long",
    title: "Rounds five times as long",
    caption:
      "The same steps in fewer rounds: a delta is larger, and there are fewer to carry what was left out. One seed.",
  },
  {
    part: "more",
    title: "Four times as many rounds",
    caption: "As many steps in each of them, so four times as many in all, over one schedule.",
  },
  {
    part: "kept",
    title: "Moments kept from round to round",
    caption:
      "Everybody in every round; beside fp32 with moments that are kept, too. Where a part does not say that they are kept they begin afresh in each round.",
  },
  {
    part: "half-kept",
    title: "Half of the volunteers in a round, moments kept",
    caption:
      "Two volunteers of each source, of whom half take part in a round; moments wait on the devices of the others.",
  },
  {
    part: "down",
    title: "Fewer bytes down, too",
    caption:
      "Everybody in every round, moments kept; volunteers take the outer step in four bits a number, as in the README's example. Beside fp32 with moments that are kept.",
  },
  {
    part: "decays",
    title: "Residuals that fade faster",
    caption: "Everybody in every round; beside fp32 with the same seed. One seed.",
  },
] as const;

export function codecsReport(plan: Plan, rows: readonly Row[]): Report {
  return {
    title: "How few bytes a round takes",
    lead: "The same training in equal steps, with deltas of ever fewer bytes. With error feedback a device keeps what a delta leaves out, and adds what is left of it to the next one.",
    facts: [seedFact(plan), ...trainingFacts(plan)],
    findings: findingsOf(plan, rows),
    sections: [
      ...parts.map(({ part, title, caption }) => ({
        title,
        blocks: [tableOf(plan, rows, armsOf(part), caption)],
      })),
      { title: "On the way", blocks: [curvesOf(plan, rows)] },
      { title: "Where each arm ends", blocks: [endsOf(plan, rows)] },
      {
        title: "Words used here",
        blocks: [
          {
            kind: "terms",
            terms: [
              ["bits per byte", bitsPerByteMeaning],
              [
                "64 of 4,096",
                "Of each 4,096 numbers of a delta the 64 largest are sent, in two bits each, and where they stand.",
              ],
              [
                "error feedback",
                "What is left out is multiplied with 0.95 each round and added to the device's next delta; after 20 rounds without one it is dropped.",
              ],
            ],
          },
        ],
      },
      smallness(plan),
    ],
  };
}

const armsOf = (part: CodecArm["part"]): readonly CodecArm[] => codecArms.filter((arm) => arm.part === part);

const sourcesOf = ({ sources }: Plan): readonly string[] => sources.map(({ id }) => id);

const endOf = (plan: Plan, rows: readonly Row[], arm: string) =>
  bySeed(rows, { arm, phase: "trained", measure }, sourcesOf(plan));

/** Of a delta, on average. */
const bytesOf = (rows: readonly Row[], arm: string) =>
  mean(rowsWhere(rows, { arm, measure: deltaBytes }).map(({ value }) => value));

/** More bits per byte than fp32 in the same kind of rounds, seed by seed. */
function costOf(plan: Plan, rows: readonly Row[], { id, part }: CodecArm): readonly number[] {
  return gains(endOf(plan, rows, id), endOf(plan, rows, besideOf(part))).map((gain) => -gain);
}

function findingsOf(plan: Plan, rows: readonly Row[]): readonly Finding[] {
  const arm = (id: string) => codecArms.find((one) => one.id === id)!;
  const cost = (id: string) => mean(costOf(plan, rows, arm(id)));
  const more = (id: string) => `${arm(id).title} ${percent(-cost(id))}`;
  const least = bytesOf(rows, "fp32") / bytesOf(rows, "sparse-64-feedback");
  const note = (text: string): Finding => ({ verdict: "note", text });
  const beside = (id: string) => {
    const met = cost(id) <= goal ? "within" : "not within";
    return `${percent(-cost(id))} bits per byte, ${met} the ${100 * goal} % that was the goal`;
  };
  return [
    note(
      `64 of 4,096 with error feedback, ${least.toFixed(0)} times fewer bytes than fp32: with moments kept from round to round ${beside("sparse-64-feedback-kept")}; with moments afresh in each ${beside("sparse-64-feedback")}.`,
    ),
    note(
      `With moments kept, beside fp32 that keeps them: ${["int2-kept", "sparse-64-kept", "sparse-32-kept", "sparse-32-feedback-kept"].map(more).join("; ")}.`,
    ),
    note(
      `The same with four bits a number down, beside fp32 that keeps moments: ${more("sparse-64-feedback-down")}.`,
    ),
    note(
      `Bits per byte beside fp32: ${["int8", "int4", "int2", "int2-feedback", "sparse-64", "sparse-32", "sparse-32-feedback"].map(more).join("; ")}.`,
    ),
    note(
      `With half of the volunteers in a round, beside fp32 in such rounds: ${["int2-feedback-half", "sparse-64-half", "sparse-64-feedback-half", "sparse-32-feedback-half"].map(more).join("; ")}.`,
    ),
    note(
      `The same with moments kept, beside fp32 in such rounds that keeps them: ${more("sparse-64-feedback-half-kept")}.`,
    ),
    note(
      `With residuals that fade faster, 64 of 4,096: ${armsOf("decays")
        .map(({ id }) => more(id))
        .join("; ")}.`,
    ),
    note(
      `In rounds five times as long: ${["sparse-64-long", "sparse-64-feedback-long"].map(more).join("; ")}.`,
    ),
    note(
      `Over four times as many rounds: ${["sparse-64-more", "sparse-64-feedback-more"].map(more).join("; ")}.`,
    ),
  ];
}

function tableOf(plan: Plan, rows: readonly Row[], arms: readonly CodecArm[], caption: string): Table {
  const parameters = count(plan, "theta");
  return {
    kind: "table",
    caption: `${caption} Bits per byte of the last body, mean over sources; bytes of a delta of ${parameters.toLocaleString("en")} parameters.`,
    head: ["", measure, "beside fp32", "bytes a round", "bits a parameter", "times fewer than fp32"],
    rows: arms.map((arm) => {
      const bytes = bytesOf(rows, arm.id);
      return [
        { text: arm.title },
        cellOf(valuesOf(endOf(plan, rows, arm.id)), 3),
        cellOf(
          costOf(plan, rows, arm).map((cost) => 100 * cost),
          2,
        ),
        { text: Math.round(bytes).toLocaleString("en") },
        { text: ((8 * bytes) / parameters).toFixed(3) },
        { text: (bytesOf(rows, "fp32") / bytes).toFixed(1) },
      ];
    }),
  };
}

function curvesOf(plan: Plan, rows: readonly Row[]): Figure {
  const drawn = [
    "fp32",
    "sparse-64",
    "sparse-64-feedback",
    "fp32-kept",
    "sparse-64-kept",
    "sparse-64-feedback-kept",
  ];
  const { localSteps } = stepsOf(plan);
  return {
    kind: "figure",
    name: "codecs",
    title: "Bits per byte, body by body",
    caption: `Means over seeds and sources; a body each ${localSteps} steps. Lower is better.`,
    plot: {
      kind: "lines",
      xAxis: "steps of each device",
      yAxis: measure,
      series: codecArms
        .filter(({ id }) => drawn.includes(id))
        .map(({ id, title }, colour) => ({ label: title, colour, points: pointsOf(plan, rows, id) })),
    },
  };
}

function pointsOf(plan: Plan, rows: readonly Row[], arm: string) {
  const steps = rowsWhere(rows, { arm, phase: "rounds", measure }).map(({ step }) => step);
  return [...new Set(steps)]
    .sort((a, b) => a - b)
    .map((step) => ({
      x: step,
      y: mean(valuesOf(bySeed(rows, { arm, phase: "rounds", step, measure }, sourcesOf(plan)))),
    }));
}

function endsOf(plan: Plan, rows: readonly Row[]): Figure {
  const families: Readonly<Record<CodecArm["part"], Family>> = {
    all: "dept",
    half: "control",
    long: "baseline",
    more: "floor",
    decays: "dept",
    kept: "dept",
    "half-kept": "control",
    down: "dept",
  };
  return {
    kind: "figure",
    name: "codec-ends",
    title: "The last body, with each device's own words",
    caption: "Mean over sources, a point a seed. Lower, to the left, is better.",
    plot: {
      kind: "dots",
      axis: measure,
      digits: 3,
      families: {
        dept: "everybody in every round",
        control: "half of them",
        baseline: "rounds five times as long",
        floor: "four times as many rounds",
      },
      rows: codecArms.map(({ id, title, part }) => ({
        label: title,
        family: families[part],
        values: valuesOf(endOf(plan, rows, id)),
      })),
    },
  };
}
