// What the study `sweep` says.

import { bitsPerByteMeaning, smallness, trainingFacts } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Figure, Finding, Report, Table } from "../report/report.ts";
import { bySeed, mean, percent, rowsWhere, valuesOf } from "../report/statistics.ts";
import { base, fittedAfter, sweepArms } from "./jobs.ts";

const measure = "bits per byte";
const seed = 1;

export function sweepReport(plan: Plan, rows: readonly Row[]): Report {
  const sources = plan.sources.map(({ id }) => id);
  const at = (arm: string, phase: string, step?: number): number =>
    mean(valuesOf(bySeed(rows, { arm, phase, measure, ...(step === undefined ? {} : { step }) }, sources)));
  return {
    title: "One dial at a time",
    lead: "Every arm is the same federated run but for one thing. One seed: small differences are chance. The last part asks what happens to words that stay at home while the body is averaged without them.",
    facts: trainingFacts(plan),
    findings: findingsOf(rows, at),
    sections: [
      { title: "Where each arm ends", blocks: [endsOf(at), tableOf(rows, at, sources)] },
      { title: "Words that wait at home", blocks: [...jumpsOf(plan, rows, at)] },
      {
        title: "Words used here",
        blocks: [
          {
            kind: "terms",
            terms: [
              ["bits per byte", bitsPerByteMeaning],
              ["local steps", "Steps that a device takes in a round, before anything is averaged."],
              [
                "outer optimiser",
                "What the coordinator makes of the mean of the deltas: take it as it is (averaging), or with momentum (Nesterov, DiLoCo), or by Adam (FedOpt).",
              ],
              ["moments", "AdamW's memory of past gradients: begun afresh in every round, or kept."],
              ["fitting", "Steps in which the words alone move, and the body stands still."],
              [
                "the jump",
                "A device's words have just learnt together with its own copy of the body. Then the body becomes the mean of all copies, and the words do not fit it so well: what is lost is the jump.",
              ],
            ],
          },
        ],
      },
      smallness(plan),
    ],
  };
}

type At = (arm: string, phase: string, step?: number) => number;

function findingsOf(rows: readonly Row[], at: At): readonly Finding[] {
  const gain = (arm: string) => 1 - at(arm, "trained") / at(base, "trained");
  const title = (id: string) => sweepArms.find((arm) => arm.id === id)!.title;
  const same = sweepArms.filter(({ dial }) => dial !== "variant" && dial !== "");
  const best = same.reduce((a, b) => (gain(b.id) > gain(a.id) ? b : a));
  const worst = same.reduce((a, b) => (gain(b.id) < gain(a.id) ? b : a));
  const note = (text: string): Finding => ({ verdict: "note", text });
  const jump = (arm: string, step: number) => jumpAt(rows, arm, step) ?? 0;
  const steps = stepsIn(rows, base);
  const last = steps.at(-1)!;
  const after = fittedAfter.map((count) => at(base, "fitted", count));
  const regained = (at(base, "trained") - Math.min(...after)) / Math.max(1e-9, jump(base, last));
  return [
    note(
      `The best single change: ${best.title} needs ${percent(gain(best.id))} bits per byte than SPEC-OPT as it is. The worst: ${worst.title}, ${percent(gain(worst.id))}.`,
    ),
    note(
      `Rounds: ${["rounds-quarter", "rounds-half", "rounds-double", "rounds-five"].map((id) => `${title(id)} ${percent(gain(id))}`).join("; ")}, at the same steps in all.`,
    ),
    note(
      `Outer momentum: ${["nesterov", "nesterov-mild", "outer-adam"].map((id) => `${title(id)} ${percent(gain(id))}`).join("; ")}. For GLOB, Nesterov changes ${percent(1 - at("glob-nesterov", "trained") / at("glob", "trained"))}.`,
    ),
    note(
      `Moments that are kept: ${percent(gain("kept"))}. Muon: ${percent(gain("muon"))}. Single precision instead of half on the way: ${percent(gain("fp32"))}.`,
    ),
    note(
      `The jump: after the first round words fit the mean body by ${jump(base, steps[1]!).toFixed(3)} bits per byte less well than their own copy of it, after the last by ${jump(base, last).toFixed(3)}. With GLOB, whose words are averaged too, ${jump("glob", steps[1]!).toFixed(3)} and ${jump("glob", last).toFixed(3)}.`,
    ),
    note(
      `Mended? ${fittedAfter.at(-1)} steps of fitting the words to the last body win back ${(100 * regained).toFixed(0)} % of the jump. As part of every round, a fifth as many such steps as the round has make ${percent(gain("refit-little"))} bits per byte at the end, as many ${percent(gain("refit-much"))}; they cost as much time as others.`,
    ),
  ];
}

const stepsIn = (rows: readonly Row[], arm: string): readonly number[] =>
  [...new Set(rowsWhere(rows, { arm, seed, phase: "rounds" }).map(({ step }) => step))].sort((a, b) => a - b);

/** Mean over the sources that took part in the round before this body; null where none did. */
function jumpAt(rows: readonly Row[], arm: string, step: number): number | null {
  const jumps = rowsWhere(rows, { arm, seed, phase: "replicas", step, measure }).flatMap((own) => {
    const [body] = rowsWhere(rows, { arm, seed, phase: "rounds", step, measure, source: own.source });
    return body === undefined ? [] : [body.value - own.value];
  });
  return jumps.length === 0 ? null : mean(jumps);
}

function endsOf(at: At): Figure {
  return {
    kind: "figure",
    name: "ends",
    title: "The last body, with each device's own words",
    caption:
      "Mean over sources. Arms on one vocabulary for all (the variants at the end) are not to be compared with the others but with each other. Lower, to the left, is better.",
    plot: {
      kind: "dots",
      axis: "bits per byte",
      digits: 3,
      families: { baseline: "as in the study dept", dept: "one thing changed", control: "another variant" },
      rows: sweepArms.map(({ id, title, dial }) => ({
        label: title,
        family: id === base ? "baseline" : dial === "variant" ? "control" : "dept",
        values: [at(id, "trained")],
      })),
    },
  };
}

function tableOf(rows: readonly Row[], at: At, sources: readonly string[]): Table {
  return {
    kind: "table",
    caption: "Bits per byte of the last body, by source; and the jump of the last round.",
    head: ["", "dial", "mean", ...sources, "jump"],
    rows: sweepArms.map(({ id, title, dial }) => {
      const last = stepsIn(rows, id).at(-1)!;
      return [
        { text: title },
        { text: dial },
        { text: at(id, "trained").toFixed(3) },
        ...sources.map((source) => ({
          text: mean(valuesOf(bySeed(rows, { arm: id, phase: "trained", measure }, [source]))).toFixed(3),
        })),
        { text: jumpAt(rows, id, last)?.toFixed(3) ?? "" },
      ];
    }),
  };
}

function jumpsOf(plan: Plan, rows: readonly Row[], at: At): readonly (Figure | Table)[] {
  const drawn = [base, "refit-much", "nesterov", "glob"];
  const title = (id: string) => sweepArms.find((arm) => arm.id === id)!.title;
  const sources = plan.sources.map(({ id }) => id);
  const of = (phase: string, source: string, step: number) =>
    mean(valuesOf(bySeed(rows, { arm: base, phase, measure, step }, [source])));
  return [
    {
      kind: "figure",
      name: "jumps",
      title: "The jump: how much worse words fit the mean body than their own copy",
      caption:
        "Mean over sources, by step. Above zero the mean is worse than the copies; below it, better: averaging then gives more than misfit takes.",
      plot: {
        kind: "lines",
        xAxis: "steps of each device",
        yAxis: "bits per byte, mean body minus own copy",
        series: drawn.map((id, colour) => ({
          label: title(id),
          colour,
          points: stepsIn(rows, id)
            .filter((step) => step > 0)
            .map((step) => ({ x: step, y: jumpAt(rows, id, step) ?? 0 })),
        })),
      },
    },
    {
      kind: "table",
      caption:
        "SPEC-OPT as it is, bits per byte by source: after the first round and the last, the device's own copy and the mean body.",
      head: ["", "own copy, first", "mean body, first", "own copy, last", "mean body, last"],
      rows: sources.map((source) => {
        const steps = stepsIn(rows, base);
        const [first, last] = [steps[1]!, steps.at(-1)!];
        return [
          { text: source },
          { text: of("replicas", source, first).toFixed(3) },
          { text: of("rounds", source, first).toFixed(3) },
          { text: of("replicas", source, last).toFixed(3) },
          { text: of("rounds", source, last).toFixed(3) },
        ];
      }),
    },
    {
      kind: "table",
      caption: "Steps in which words alone fit the last body: bits per byte, mean over sources.",
      head: ["", "none", ...fittedAfter.map((count) => `${count}`)],
      rows: [base, "kept", "refit-much", "nesterov"].map((id) => [
        { text: title(id) },
        { text: at(id, "trained").toFixed(3) },
        ...fittedAfter.map((count) => ({ text: at(id, "fitted", count).toFixed(3) })),
      ]),
    },
  ];
}
