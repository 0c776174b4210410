// What a study leaves: every number as JSON lines and as CSV, and the report.

import { version } from "@homebody/protocol";
import type { Folder } from "./folder.ts";
import type { Job, JobResult, Row } from "./job.ts";
import type { Plan } from "./plan.ts";
import type { Study } from "./studies.ts";

const columns = ["arm", "seed", "phase", "source", "step", "measure", "value"] as const;

export async function writeResults(
  study: Study,
  _plan: Plan,
  jobs: readonly Job[],
  made: ReadonlyMap<string, JobResult>,
  folder: Folder,
): Promise<void> {
  const results = jobs.map(({ id }) => made.get(id)!);
  const rows = results.flatMap((result) => result.rows);
  await folder.write(`${study.name}/results.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await folder.write(`${study.name}/results.csv`, csvOf(rows));
  const provenance = {
    homebody: version,
    jobs: results.map(({ id, provenance }) => ({ id, ...provenance })),
  };
  await folder.write(`${study.name}/provenance.json`, `${JSON.stringify(provenance, null, 2)}\n`);
}

function csvOf(rows: readonly Row[]): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}
