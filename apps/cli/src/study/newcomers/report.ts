// What the study `newcomers` says.

import { bitsPerByteMeaning, seedFact, smallness, trainingFacts } from "../described.ts";
import type { Row } from "../job.ts";
import { type Plan, stepsOf } from "../plan.ts";
import type { Figure, Finding, LinePlot, Report, Table } from "../report/report.ts";
import { bySeed, cellOf, mean, rowsWhere, valuesOf } from "../report/statistics.ts";
import {
  comingRound,
  joinedSource,
  lateSource,
  type NewcomerArm,
  newcomerArms,
  newcomerName,
} from "./jobs.ts";

const measure = "bits per byte";

export function newcomersReport(plan: Plan, rows: readonly Row[]): Report {
  const [joined, late] = [joinedSource(plan).id, lateSource(plan).id];
  return {
    title: "Somebody comes late",
    lead: `Half of the rounds are over when somebody joins: a second volunteer of ${joined}, or a first one of ${late}. What is their first figure, how soon are they where the others are, and does their coming cost the others anything?`,
    facts: [seedFact(plan), ...trainingFacts(plan)],
    findings: findingsOf(plan, rows),
    sections: [
      {
        title: `A second volunteer of ${joined}`,
        blocks: [curvesOf(plan, rows, "volunteer"), tableOf(plan, rows, "volunteer")],
      },
      {
        title: `A first volunteer of ${late}`,
        blocks: [curvesOf(plan, rows, "source"), tableOf(plan, rows, "source")],
      },
      {
        title: "The arms",
        blocks: [{ kind: "terms", terms: newcomerArms.map(({ title, what }) => [title, what]) }],
      },
      {
        title: "Words used here",
        blocks: [{ kind: "terms", terms: [["bits per byte", bitsPerByteMeaning]] }],
      },
      smallness(plan),
    ],
  };
}

/** The newcomer's own curve. */
function newcomerPhase(
  { comes }: NewcomerArm,
  plan: Plan,
): { readonly phase: string; readonly source: string } {
  return comes === "volunteer"
    ? { phase: `rounds of ${newcomerName}`, source: joinedSource(plan).id }
    : { phase: "rounds", source: lateSource(plan).id };
}

function valuesAt(
  rows: readonly Row[],
  arm: string,
  phase: string,
  sources: readonly string[],
  step: number,
) {
  return valuesOf(bySeed(rows, { arm, phase, step, measure }, sources));
}

const comingStep = (plan: Plan): number => (comingRound(plan) - 1) * stepsOf(plan).localSteps;

const veteransOf = ({ sources }: Plan): readonly string[] => sources.slice(0, -1).map(({ id }) => id);

function findingsOf(plan: Plan, rows: readonly Row[]): readonly Finding[] {
  const { localSteps, steps } = stepsOf(plan);
  const step = comingStep(plan);
  const note = (text: string): Finding => ({ verdict: "note", text });
  const first = (arm: NewcomerArm, at = step) => {
    const { phase, source } = newcomerPhase(arm, plan);
    return mean(valuesAt(rows, arm.id, phase, [source], at));
  };
  const arm = (id: string) => newcomerArms.find((one) => one.id === id)!;
  const veteran = (id: string, at: number) => mean(valuesAt(rows, id, "rounds", veteransOf(plan), at));
  const sentence = (ids: readonly string[], at: number) =>
    ids.map((id) => `${arm(id).title}: ${first(arm(id), at).toFixed(3)}`).join("; ");
  const volunteers = ["volunteer-noise", "volunteer-fit", "volunteer-source"];
  const sources = ["source-noise", "source-fit", "source-source"];
  const cost = (id: string, without: string) =>
    veteran(id, step + localSteps) - veteran(without, step + localSteps);
  return [
    note(
      `A second volunteer's first figure, in bits per byte: ${sentence(volunteers, step)}. The veteran of the same source has ${mean(valuesAt(rows, "nobody-device", "rounds", [joinedSource(plan).id], step)).toFixed(3)} then.`,
    ),
    note(`At the end of the run: ${sentence(volunteers, steps)}.`),
    note(`A new source's first figure: ${sentence(sources, step)}. At the end: ${sentence(sources, steps)}.`),
    note(
      `What a newcomer's first round costs the others (bits per byte more than had nobody come): words of noise ${cost("volunteer-noise", "nobody-device").toFixed(3)} (a volunteer) and ${cost("source-noise", "nobody-device").toFixed(3)} (a source); words that fit first ${cost("volunteer-fit", "nobody-device").toFixed(3)} and ${cost("source-fit", "nobody-device").toFixed(3)}.`,
    ),
  ];
}

function curvesOf(plan: Plan, rows: readonly Row[], comes: "volunteer" | "source"): Figure {
  const source = comes === "volunteer" ? joinedSource(plan).id : lateSource(plan).id;
  const lines: LinePlot["series"][number][] = newcomerArms
    .filter((arm) => arm.comes === comes)
    .map((arm, colour) => {
      const { phase } = newcomerPhase(arm, plan);
      return { label: arm.title, colour, points: pointsOf(rows, arm.id, phase, [source]) };
    });
  const veterans = comes === "volunteer" ? [source] : veteransOf(plan);
  lines.push({
    label: comes === "volunteer" ? `the veteran of ${source}` : "the veterans' mean, of their sources",
    colour: 7,
    dashed: true,
    points: pointsOf(rows, "nobody-device", "rounds", veterans),
  });
  return {
    kind: "figure",
    name: `newcomer-${comes}`,
    title: `The newcomer's figures on ${source}, body by body`,
    caption:
      "Means over seeds. Each body is evaluated with the words that the newcomer has then, before it trains. Lower is better.",
    plot: { kind: "lines", xAxis: "steps of the run", yAxis: "bits per byte", series: lines },
  };
}

function pointsOf(rows: readonly Row[], arm: string, phase: string, sources: readonly string[]) {
  const steps = rowsWhere(rows, { arm, phase, source: sources[0]! }).map(({ step }) => step);
  return [...new Set(steps)]
    .sort((a, b) => a - b)
    .map((step) => ({ x: step, y: mean(valuesAt(rows, arm, phase, sources, step)) }));
}

function tableOf(plan: Plan, rows: readonly Row[], comes: "volunteer" | "source"): Table {
  const { localSteps, steps } = stepsOf(plan);
  const step = comingStep(plan);
  const shown = newcomerArms.filter((arm) => arm.comes === comes || arm.comes === "nobody");
  return {
    kind: "table",
    caption: `Bits per byte: the newcomer's first figure, after its first round, at the end; and the veterans' mean after that round and at the end.`,
    head: ["", "first", "a round later", "at the end", "veterans, a round later", "veterans, at the end"],
    rows: shown.map((arm) => {
      const { phase, source } = newcomerPhase(arm, plan);
      const own = (at: number) =>
        cellOf(arm.comes === "nobody" ? [] : valuesAt(rows, arm.id, phase, [source], at), 3);
      const others = (at: number) => cellOf(valuesAt(rows, arm.id, "rounds", veteransOf(plan), at), 3);
      return [
        { text: arm.title },
        ...[step, step + localSteps, steps].map(own),
        ...[step + localSteps, steps].map(others),
      ];
    }),
  };
}
