// What the study `attacks` says.

import { attacks } from "@homebody/sim";
import { bitsPerByteMeaning, seedFact, smallness, trainingFacts } from "../described.ts";
import type { Row } from "../job.ts";
import { type Plan, stepsOf } from "../plan.ts";
import type { Cell, Finding, Report, Table } from "../report/report.ts";
import { bySeed, mean, rowsWhere, valuesOf } from "../report/statistics.ts";
import {
  allRules,
  armOf,
  attackNames,
  lone,
  loneAttacks,
  measuredOf,
  type Rules,
  type Situation,
  sourcesOf,
  two,
  usual,
} from "./jobs.ts";

const measure = "bits per byte";
/** Of bits per byte, that an attack may cost under the default. */
const goal = 0.03;

export function attacksReport(plan: Plan, rows: readonly Row[]): Report {
  const last = sourcesOf(plan).at(-1)!.id;
  const [crowd, ...others] = measuredOf(plan);
  return {
    title: "Poisoned deltas",
    lead: `Two of seven volunteers of ${crowd} attack, beside an honest one of ${others.join(", ") || "no other source"}. What does it cost the others, by how a source's deltas become one?`,
    facts: [seedFact(plan), ...trainingFacts(plan)],
    findings: findingsOf(plan, rows),
    sections: [
      {
        title: "Two of seven",
        blocks: [tableOf(plan, rows, (["honest", "absent", ...attackNames] as const).map(two), allRules)],
      },
      {
        title: "Alone in a source",
        blocks: [
          {
            kind: "prose",
            text: `The seven of ${crowd} are honest, and the only volunteer of ${last} attacks. No rule within a source helps: the run can hold, and its host can go back and take the volunteer out.`,
          },
          tableOf(plan, rows, (["honest", ...loneAttacks] as const).map(lone), [usual]),
        ],
      },
      {
        title: "The arms",
        blocks: [
          {
            kind: "terms",
            terms: [
              ...allRules.map(({ title, what }) => [title, what] as const),
              ...attackNames.map((name) => [name, `An attacker sends: ${attacks[name].what}.`] as const),
            ],
          },
        ],
      },
      {
        title: "Words used here",
        blocks: [{ kind: "terms", terms: [["bits per byte", bitsPerByteMeaning]] }],
      },
      smallness(plan),
    ],
  };
}

/** The last body, as those measure it who are honest in every situation; the mean over their sources and seeds. Null: was not asked. */
function lastOf(plan: Plan, rows: readonly Row[], situation: Situation, rules: Rules): number | null {
  const where = { arm: armOf(situation, rules), phase: "rounds", step: stepsOf(plan).steps, measure };
  const values = valuesOf(bySeed(rows, where, measuredOf(plan)));
  return values.length === 0 ? null : mean(values);
}

/** Beside honest ones in the attackers' places, as a share. */
function costOf(plan: Plan, rows: readonly Row[], situation: Situation, rules: Rules): number {
  const honest = { ...situation, others: "honest" } as const;
  return lastOf(plan, rows, situation, rules)! / lastOf(plan, rows, honest, rules)! - 1;
}

const percent = (share: number): string => `${share < 0 ? "-" : "+"}${Math.abs(100 * share).toFixed(1)} %`;

function findingsOf(plan: Plan, rows: readonly Row[]): readonly Finding[] {
  const sorted = allRules.map((rules) => ({
    title: rules.title,
    costs: attackNames
      .map((name) => ({ name, cost: costOf(plan, rows, two(name), rules) }))
      .sort((a, b) => b.cost - a.cost),
  }));
  return sorted.map(({ title, costs }) => {
    const over = costs.filter(({ cost }) => cost >= goal).map(({ name, cost }) => `${name} ${percent(cost)}`);
    const [worst] = costs;
    const text =
      over.length === 0
        ? `no attack costs ${100 * goal} % or more; the worst is ${worst!.name} with ${percent(worst!.cost)}.`
        : `${over.length} of ${costs.length} attacks cost ${100 * goal} % or more: ${over.join(", ")}.`;
    return { verdict: "note", text: `By ${title}, ${text}` };
  });
}

function tableOf(
  plan: Plan,
  rows: readonly Row[],
  situations: readonly Situation[],
  rules: readonly Rules[],
): Table {
  return {
    kind: "table",
    caption:
      "Bits per byte of the last body, and what that is beside honest ones in the attackers' places; how many of the deltas from there were accepted, and what was refused, with the default.",
    head: ["in the attackers' places", ...rules.map(({ title }) => title), "accepted", "refused"],
    rows: situations.map((situation) => [
      { text: situation.others },
      ...rules.map((one) => cellOf(plan, rows, situation, one)),
      ...countsOf(rows, armOf(situation, usual)),
    ]),
  };
}

function cellOf(plan: Plan, rows: readonly Row[], situation: Situation, rules: Rules): Cell {
  const last = lastOf(plan, rows, situation, rules);
  if (last === null) return { text: "" };
  const text = last.toFixed(3);
  if (situation.others === "honest") return { text };
  return { text, detail: percent(costOf(plan, rows, situation, rules)) };
}

function countsOf(rows: readonly Row[], arm: string): readonly Cell[] {
  const counts = rowsWhere(rows, { arm, phase: "trained" });
  const accepted = rowsWhere(counts, { measure: "accepted" }).map(({ value }) => value);
  const refused = counts.filter((row) => row.measure.startsWith("refused: "));
  return [
    { text: accepted.join(", ") },
    { text: refused.map((row) => `${row.measure.slice("refused: ".length)} ${row.value}`).join(", ") },
  ];
}
