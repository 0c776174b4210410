// Rows as comma-separated values [J4]: names, ids and numbers, of which none needs quotes.

import { measures } from "./measures.ts";
import type { Row } from "./rows.ts";

export const csvNames = "sequence,time_ms,round,source,volunteer,measure,value,unit\n";

export function csvLine({ seq, at, round, source, volunteer, measure, value }: Row): string {
  const { unit } = measures[measure];
  return `${[seq, at, round, source ?? "", volunteer ?? "", measure, value, unit].join(",")}\n`;
}
