// What the study `distil` says.

import { inTurn } from "../../mixture/passages.ts";
import { bitsPerByteMeaning, count, million, seedFact, trainingFacts, unseenFact } from "../described.ts";
import type { Row } from "../job.ts";
import { type Plan, stepsOf } from "../plan.ts";
import type { Cell, Finding, Report, Section, Table } from "../report/report.ts";
import { bySeed, cellOf, column, mean, rowsWhere, valuesOf } from "../report/statistics.ts";
import { distilled, globArm, isPart, mixtureArm, studentArms, studentBytes, writtenBytes } from "./jobs.ts";
import {
  bestSingle,
  bytesWritten,
  perByte,
  perSecond,
  processorTime,
  tokensRead,
  writtenText,
} from "./names.ts";

interface Arm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
}

const arms: readonly Arm[] = [
  {
    id: mixtureArm,
    title: "the mixture",
    what: "The teacher: all models of a SPEC run, each with a vocabulary and words of its own over one body, mixed byte by byte by what each gave to the text so far.",
  },
  {
    id: bestSingle,
    title: "best single model",
    what: "That model of the run which is best at the text, if somebody says which one that is.",
  },
  ...studentArms,
  {
    id: globArm,
    title: "GLOB",
    what: "Another run, of the same steps, that has one vocabulary from its beginning.",
  },
];

export function distilReport(plan: Plan, rows: readonly Row[]): Report {
  return {
    title: "One head that learns what many write",
    lead: "Models of several languages share a body, but no vocabulary. As a mixture they read any text and write new ones. A student has the same body and one vocabulary for all, and learns from what the mixture writes. What is lost, and what does it cost?",
    facts: [
      seedFact(plan),
      unseenFact(plan),
      ...trainingFacts(plan),
      ["written to be learnt from", `${Math.round(writtenBytes(plan) / 1000)} kB`],
    ],
    findings: findingsOf(plan, rows),
    sections: [
      { title: "Bits per byte", blocks: [bitsTable(plan, rows)] },
      { title: "What it costs", blocks: [costTable(plan, rows)] },
      { title: "The arms", blocks: [{ kind: "terms", terms: arms.map(({ title, what }) => [title, what]) }] },
      words,
      limits(plan),
    ],
  };
}

const words: Section = {
  title: "Words used here",
  blocks: [
    {
      kind: "terms",
      terms: [
        ["bits per byte", bitsPerByteMeaning],
        [
          "from the mixture",
          "How many bits per byte more than the mixture somebody needs for texts that the mixture wrote and no student learnt from: an estimate of the divergence, which is what distilling makes small.",
        ],
        ["processor seconds", "What a process computed, however busy the machine was."],
      ],
    },
  ],
};

const limits = (plan: Plan): Section => ({
  title: "What this does not say",
  blocks: [
    {
      kind: "prose",
      text:
        `${plan.seeds === 1 ? "One seed: a difference of a per cent may be luck. " : ""}Bodies are small and stay in the first, steep part of learning, and so is what they write. ` +
        `All students have the same ${stepsOf(plan).steps} steps and the same schedule. A student learns from whole texts that the mixture drew, one token a place (sequence-level distillation): it sees which token came, not what the mixture gave to all others.`,
    },
  ],
});

const textsOf = ({ sources, unseen }: Plan): readonly string[] => [
  ...sources.map(({ id }) => id),
  inTurn,
  ...unseen.map(({ id }) => id),
  writtenText,
];

const bitsOf = (rows: readonly Row[], arm: string, texts: readonly string[]): readonly number[] =>
  valuesOf(bySeed(rows, { arm, phase: "passages", measure: perByte }, texts));

/** On texts that it wrote, more than the mixture needs: by seed. */
const fromMixture = (rows: readonly Row[], arm: string): readonly number[] => {
  const own = bitsOf(rows, mixtureArm, [writtenText]);
  return bitsOf(rows, arm, [writtenText]).map((bits, i) => bits - own[i]!);
};

function bitsTable(plan: Plan, rows: readonly Row[]): Table {
  const columns = textsOf(plan).map((text) =>
    column(
      arms.map(({ id }) => bitsOf(rows, id, [text])),
      3,
    ),
  );
  return {
    kind: "table",
    caption:
      "Held-out text of the sources; text that goes over from one to another; languages of no source; and what the mixture wrote. Beginnings of at most 400 bytes. Lower is better.",
    head: ["", ...textsOf(plan)],
    rows: arms.map(({ title }, i) => [{ text: title }, ...columns.map((cells) => cells[i]!)]),
  };
}

/** In all: the mean over seeds. */
function meanOf(rows: readonly Row[], arm: string, phases: readonly string[], measure: string): number {
  const found = phases.flatMap((phase) => rowsWhere(rows, { arm, phase, measure }));
  const seeds = new Set(found.map(({ seed }) => seed)).size;
  return found.reduce((sum, { value }) => sum + value, 0) / seeds;
}

/** Of what the mixture wrote to be learnt from. */
function written(rows: readonly Row[], measure: string): number {
  const phases = rows.map(({ phase }) => phase).filter(isPart);
  return meanOf(rows, mixtureArm, [...new Set(phases)], measure);
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

function costTable(plan: Plan, rows: readonly Row[]): Table {
  const { sources, scale } = plan;
  const own = count(plan, "phi", scale.ownVocabulary) * sources.length;
  const one = count(plan, "phi");
  const speed = (id: string) => ({ text: whole(meanOf(rows, id, ["passages"], perSecond)) });
  const seconds = ({ id }: Arm): Cell => ({
    text: meanOf(rows, id, ["trained"], processorTime).toFixed(0),
  });
  const row = (arm: Arm, phi: number, bytes: string, training: Cell): readonly Cell[] => [
    ...[{ text: arm.title }, { text: million(phi) }, { text: bytes }, training, speed(arm.id)],
    cellOf(fromMixture(rows, arm.id), 3),
  ];
  return {
    kind: "table",
    caption:
      "Parameters of words, beside bodies of one size; text that a student learns from; processor seconds of a student's training; bytes that are read in a second of a processor; and bits per byte from the mixture.",
    head: ["", "words", "bytes of text", "training, s", "bytes a second", "from the mixture"],
    rows: arms.flatMap((arm) => {
      if (arm.id === bestSingle) return [];
      const student = studentArms.find(({ id }) => id === arm.id);
      if (student === undefined) return [row(arm, arm.id === globArm ? one : own, "", { text: "" })];
      return [row(arm, one, whole(studentBytes(plan, student)), seconds(arm))];
    }),
  };
}

function findingsOf(plan: Plan, rows: readonly Row[]): readonly Finding[] {
  const note = (text: string): Finding => ({ verdict: "note", text });
  const compared = [mixtureArm, distilled, "people", "people-all", globArm];
  const title = (id: string) => arms.find((arm) => arm.id === id)!.title;
  const sentence = (texts: readonly string[]) =>
    compared.map((id) => `${title(id)} ${mean(bitsOf(rows, id, texts)).toFixed(3)}`).join("; ");
  const sources = plan.sources.map(({ id }) => id);
  const unseen = plan.unseen.map(({ id }) => id);
  const speed = (id: string) => meanOf(rows, id, ["passages"], perSecond);
  const students = mean(studentArms.map(({ id }) => speed(id)));
  const [bytes, tokens, wrote] = [
    written(rows, bytesWritten),
    written(rows, tokensRead),
    written(rows, processorTime),
  ];
  const learnt = meanOf(rows, distilled, ["trained"], processorTime);
  return [
    note(`On the sources' own languages, bits per byte: ${sentence(sources)}.`),
    note(`On text that changes its language in mid-sentence: ${sentence([inTurn])}.`),
    ...(unseen.length === 0 ? [] : [note(`On languages of no source: ${sentence(unseen)}.`)]),
    note(
      `From the mixture, on what it wrote: distilled ${mean(fromMixture(rows, distilled)).toFixed(3)} bits per byte, after a quarter of the text ${mean(fromMixture(rows, "distilled-quarter")).toFixed(3)}, a student of people's text ${mean(fromMixture(rows, "people")).toFixed(3)}.`,
    ),
    note(
      `It costs ${whole(bytes)} bytes that the mixture writes: ${(tokens / bytes).toFixed(2)} tokens read for each, and ${(wrote / learnt).toFixed(1)} times the processor time that the student then learns.`,
    ),
    note(
      `It gains: one head reads ${(students / speed(mixtureArm)).toFixed(1)} times as many bytes in a second of a processor as the mixture of ${sources.length} does.`,
    ),
  ];
}
