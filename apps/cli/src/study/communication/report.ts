// What the study `communication` says.

import { count, million } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Family, Finding, Report, Table } from "../report/report.ts";
import { mean, rowsWhere } from "../report/statistics.ts";
import { localSteps, rounds, trafficArms } from "./jobs.ts";

export function communicationReport(plan: Plan, rows: readonly Row[]): Report {
  /** Mean over the volunteers. */
  const of = (arm: string, measure: string) =>
    mean(rowsWhere(rows, { arm, measure }).map(({ value }) => value));
  const steps = rounds * localSteps;
  const standard = of("glob-fp32", "each way: STD by the formula") / steps;
  return {
    title: "What travels, counted at the sockets",
    lead: "Two volunteers and a coordinator train for two rounds, once in each variant. Between them stands a proxy that counts every byte, headers and frames included. Beside it: what the volunteers' own ledgers say, and what DEPT's formulas promise.",
    facts: [
      ["local steps", `${steps}, in ${rounds} rounds`],
      ["body", `${million(count(plan, "theta"))} parameters`],
    ],
    findings: findingsOf(of, steps),
    sections: [
      {
        title: "A step's share",
        blocks: [
          {
            kind: "figure",
            name: "bytes-a-step",
            title: "Bytes that a volunteer sends, for each local step",
            caption: `All bytes at the socket over ${steps} local steps, ${localSteps} a round. STD by its formula: the whole model in every step. The axis is logarithmic. With more local steps a round every arm but STD moves to the left in proportion.`,
            plot: {
              kind: "dots",
              axis: "bytes a step, upwards",
              digits: 0,
              isLogarithmic: true,
              rows: [
                { label: "STD, every step", family: "baseline" as Family, values: [standard] },
                ...trafficArms.map(({ id, title }) => ({
                  label: title,
                  family: "dept" as Family,
                  values: [of(id, "up: at the socket") / steps],
                })),
              ],
            },
          },
        ],
      },
      { title: "Up", blocks: [directionTable("up", of)] },
      { title: "Down", blocks: [directionTable("down", of)] },
      {
        title: "The variants",
        blocks: [
          {
            kind: "terms",
            terms: trafficArms
              .filter(({ codec }) => codec === "fp32")
              .map(({ title, what }) => [title.replace(", fp32", ""), what]),
          },
          {
            kind: "prose",
            text: "fp32 sends each number in four bytes, as the paper counts; fp16 in two, with a power of two for each tensor.",
          },
        ],
      },
      {
        title: "How large this is",
        blocks: [
          {
            kind: "prose",
            text: `Sources ${plan.sources
              .slice(0, 2)
              .map(({ id }) => id)
              .join(
                " and ",
              )}; the text is a sample, so TRIM leaves out more rows than it would on all of it. What a formula says does not depend on how long a run is; what it leaves out (progress, announcements, HTTP headers) grows with time.`,
          },
        ],
      },
    ],
  };
}

type Of = (arm: string, measure: string) => number;

function findingsOf(of: Of, steps: number): readonly Finding[] {
  const worst = Math.max(
    ...trafficArms.map(({ id }) => Math.abs(of(id, "up: deltas") / of(id, "up: deltas by the formula") - 1)),
  );
  const over = trafficArms.map(
    ({ id }) => of(id, "up: at the socket") / of(id, "up: deltas by the formula") - 1,
  );
  const less = (a: string, b: string) => 1 - of(a, "up: at the socket") / of(b, "up: at the socket");
  const standard = of("glob-fp32", "each way: STD by the formula") / steps;
  const times = standard / (of("glob-fp32", "up: at the socket") / steps);
  return [
    {
      verdict: worst < 1e-9 ? "as in the paper" : "not as in the paper",
      text: `Deltas are as large as the formulas say${worst < 1e-9 ? ", to the byte, in every variant and codec" : `, within ${(100 * worst).toFixed(2)} %`}.`,
    },
    {
      verdict: "note",
      text: `What a formula does not count (messages, progress, headers) adds ${(100 * Math.min(...over)).toFixed(1)} to ${(100 * Math.max(...over)).toFixed(1)} % to what goes up.`,
    },
    {
      verdict: "as in the paper",
      text: `With ${localSteps} local steps a round GLOB sends ${times.toFixed(1)} times less than exchanging the whole model at each step (formula: ${localSteps}; the paper has 500 steps a round, and 500 times). SPEC sends ${(100 * less("spec-fp32", "glob-fp32")).toFixed(0)} % less than GLOB, TRIM ${(100 * less("trim-fp32", "glob-fp32")).toFixed(0)} %.`,
    },
    {
      verdict: "as in the paper",
      text: `Under SPEC and SPEC-OPT ${of("spec-fp32", "up: words") + of("spec-opt-fp32", "up: words") + of("spec-fp16", "up: words") + of("spec-opt-fp16", "up: words")} bytes of words were sent. That is counted, not promised.`,
    },
    {
      verdict: "note",
      text: `Half precision sends ${(100 * less("glob-fp16", "glob-fp32")).toFixed(0)} % less than single.`,
    },
  ];
}

function directionTable(direction: "up" | "down", of: Of): Table {
  const parts =
    direction === "up"
      ? (["up: deltas by the formula", "up: deltas", "up: words", "up: at the socket"] as const)
      : ([
          "down: bodies by the formula",
          "down: bodies",
          "down: texts and vocabularies",
          "down: at the socket",
        ] as const);
  return {
    kind: "table",
    caption: `Bytes of one volunteer in ${rounds} rounds, ${direction === "up" ? "sent" : "received"}; mean of two.`,
    head: ["", ...parts.map((part) => part.replace(/^\w+: /, "")), "beside the formula"],
    rows: trafficArms.map(({ id, title }) => {
      const formula = of(id, parts[0]);
      const rest = of(id, parts[3]) - formula;
      return [
        { text: title },
        ...parts.map((part) => ({ text: Math.round(of(id, part)).toLocaleString("en") })),
        { text: `${(100 * (rest / formula)).toFixed(1)} %` },
      ];
    }),
  };
}
