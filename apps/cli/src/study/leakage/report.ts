// What the study `leakage` says.

import { seedFact, smallness, trainingFacts } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Figure, Finding, Report, Table } from "../report/report.ts";
import { cellOf, mean, rowsWhere, type Where } from "../report/statistics.ts";
import { reconstructed } from "../scale.ts";
import { canaries, candidates, codecs, exposureArms, reconstructArms } from "./jobs.ts";

const most = Math.log2(candidates);
/** Of log2(candidates) - log2(rank) over all ranks. */
const chance =
  most - Array.from({ length: candidates }, (_, i) => Math.log2(i + 1)).reduce((a, b) => a + b) / candidates;
const inPlace = "tokens found in their place";
const guessed = "the same by guessing common tokens";
const apart = "words told apart (AUC)";
const measures = [
  [inPlace, "in place"],
  [guessed, "by guessing"],
  [apart, "words, AUC"],
] as const;

export function leakageReport(plan: Plan, rows: readonly Row[]): Report {
  return {
    title: "What can be got back out",
    lead: "Numbers that travel say something of the text that they were made from. Two attacks, both simple, both by somebody who has all that the coordinator has: does the trained model know a secret that stood in one device's text, and can text be read from one delta?",
    facts: [seedFact(plan), ...trainingFacts(plan)],
    findings: findingsOf(rows),
    sections: [
      {
        title: "Planted secrets",
        blocks: [
          {
            kind: "prose",
            text: `Sentences such as “${canaries[1]!.prefix}${canaries[1]!.secret}” stand in the text of one device of three, each so many times. The attacker ranks the true code among ${candidates} by how likely the model finds the sentence. Exposure is what that tells, in bits: ${most.toFixed(1)} where the true code is first, ${chance.toFixed(1)} on average where the model knows nothing.`,
          },
          exposureTable(rows),
          exposureFigure(rows),
        ],
      },
      {
        title: "Text from one delta",
        blocks: [
          {
            kind: "prose",
            text: `A device trains on ${reconstructed.model.context} tokens at a time, with a model of one layer and ${reconstructed.vocabulary} tokens, so small that the attacker can try every token in every place and keep the one whose gradient agrees best with the delta in its signs. Larger batches, longer rows and more steps are harder; better attacks than this one are known. So what it finds is certain, and what it does not find is not safe.`,
          },
          reconstructTable(rows),
        ],
      },
      {
        title: "The arms",
        blocks: [
          {
            kind: "terms",
            terms: [...exposureArms, ...reconstructArms].map(({ title, what }) => [title, what]),
          },
        ],
      },
      smallness(plan),
    ],
  };
}

const valuesOf = (rows: readonly Row[], where: Where): readonly number[] =>
  rowsWhere(rows, where).map(({ value }) => value);

const exposureOf = (rows: readonly Row[], arm: string, copies: number): readonly number[] =>
  valuesOf(rows, { arm, measure: "exposure", step: copies });

function findingsOf(rows: readonly Row[]): readonly Finding[] {
  const note = (text: string): Finding => ({ verdict: "note", text });
  const last = canaries.at(-1)!.copies;
  const bits = (arm: string, copies = last) => mean(exposureOf(rows, arm, copies)).toFixed(1);
  const share = (arm: string, measure: string, step: number) => mean(valuesOf(rows, { arm, measure, step }));
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  const arms = (step: number, codec: string) =>
    reconstructArms
      .map(({ id, title }) => `${title} ${percent(share(`${id}-${codec}`, inPlace, step))}`)
      .join("; ");
  return [
    note(
      `A code that stood ${last} times in one device's text has an exposure of ${bits("glob-coordinator")} bits under GLOB, ${bits("trim-coordinator")} under TRIM and ${bits("source-coordinator")} where words are of sources; under SPEC-OPT ${bits("spec-coordinator")} for the coordinator and ${bits("spec-device")} for the device itself. Most that there could be: ${most.toFixed(1)}; chance: ${chance.toFixed(1)}.`,
    ),
    note(
      `Tokens of one training row found in their place, from a delta of one step in fp32: ${arms(1, "fp32")}. Guessing common tokens finds ${percent(share("glob-fp32", guessed, 1))}.`,
    ),
    note(`After ten steps in one delta: ${arms(10, "fp32")}. (The first of ten rows is what is looked for.)`),
    note(
      `Half precision changes little: one step in fp16, ${arms(1, "fp16")}. A codec of sixteen bits is no protection.`,
    ),
    note(
      `Where embeddings travel, rows of words that occur move otherwise than those of words that do not: from one step they are told apart with AUC ${share("glob-fp32", apart, 1).toFixed(2)}, from ten with ${share("glob-fp32", apart, 10).toFixed(2)} (0.5 is chance). Under TRIM the row map says outright which words a device's text has; under SPEC there are no rows to look at.`,
    ),
    note(
      "Where the attacker knows a device's words, SPEC hides no more than GLOB does. In a run nobody knows them: they begin from a secret that never leaves the device, and without them the same search finds nothing.",
    ),
  ];
}

function exposureTable(rows: readonly Row[]): Table {
  return {
    kind: "table",
    caption: `Exposure in bits, by how often the secret stood in the text. Chance: ${chance.toFixed(1)}; most: ${most.toFixed(1)}.`,
    head: ["", ...canaries.map(({ copies }) => (copies === 0 ? "never planted" : `${copies} times`))],
    rows: exposureArms.map(({ id, title }) => [
      { text: title },
      ...canaries.map(({ copies }) => cellOf(exposureOf(rows, id, copies), 2)),
    ]),
  };
}

function exposureFigure(rows: readonly Row[]): Figure {
  const { copies } = canaries.at(-1)!;
  return {
    kind: "figure",
    name: "exposure",
    title: `Exposure of the secret that was planted ${copies} times`,
    caption: `${chance.toFixed(1)} bits are chance, ${most.toFixed(1)} are all there is. Less, to the left, is better for the one whose text it was.`,
    plot: {
      kind: "dots",
      axis: "exposure in bits",
      digits: 1,
      families: { dept: "the coordinator", floor: "the device itself" },
      rows: exposureArms.map(({ id, title }) => ({
        label: title,
        family: id === "spec-device" ? "floor" : "dept",
        values: exposureOf(rows, id, copies),
      })),
    },
  };
}

function reconstructTable(rows: readonly Row[]): Table {
  const { localSteps } = reconstructed;
  const columns = localSteps.flatMap((step) => measures.map(([measure, name]) => ({ step, measure, name })));
  return {
    kind: "table",
    caption:
      "From one delta: the share of a row's tokens that is found in its place, what guessing finds, and how well words that occur are told from others.",
    head: ["", ...columns.map(({ step, name }) => `${name}, ${step === 1 ? "one step" : `${step} steps`}`)],
    rows: reconstructArms.flatMap(({ id, title }) =>
      codecs.map((codec) => [
        { text: `${title}, ${codec}` },
        ...columns.map(({ step, measure }) =>
          cellOf(valuesOf(rows, { arm: `${id}-${codec}`, measure, step }), 2),
        ),
      ]),
    ),
  };
}
