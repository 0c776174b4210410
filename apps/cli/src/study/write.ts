// What a study leaves in its own folder: every number as JSON lines and as CSV, and the report.

import { version } from "@homebody/protocol";
import { commonFacts } from "./described.ts";
import type { Folder } from "./folder.ts";
import type { Job, JobResult, Row } from "./job.ts";
import type { Plan } from "./plan.ts";
import { pageOf } from "./report/page.ts";
import { standalone } from "./report/plot.ts";
import type { Report } from "./report/report.ts";
import type { Study } from "./studies.ts";

const columns = ["arm", "seed", "phase", "source", "step", "measure", "value"] as const;

export async function writeResults(
  study: Study,
  plan: Plan,
  jobs: readonly Job[],
  made: ReadonlyMap<string, JobResult>,
  folder: Folder,
): Promise<void> {
  const results = jobs.map(({ id }) => made.get(id)!);
  const rows = results.flatMap((result) => result.rows);
  await folder.write("results.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await folder.write("results.csv", csvOf(rows));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const said = study.report(plan, rows);
  const report: Report = { ...said, facts: [...commonFacts(plan, jobs, seconds), ...said.facts] };
  for (const { blocks } of report.sections)
    for (const block of blocks)
      if (block.kind === "figure")
        await folder.write(`${block.name}.svg`, standalone(block.plot, 880, block.title));
  await folder.write("report.html", pageOf(report));
  const provenance = {
    homebody: version,
    jobs: results.map(({ id, provenance }) => ({ id, ...provenance })),
  };
  await folder.write("provenance.json", `${JSON.stringify(provenance, null, 2)}\n`);
}

function csvOf(rows: readonly Row[]): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}
