// The numbers of a chart as a table, made when somebody opens it.

import { useState } from "react";
import { count } from "../format/numbers.ts";
import { columns, readingsAt } from "./points.ts";
import { type ReadoutProps, valuesText } from "./Readout.tsx";

const most = 200;

type NumbersTableProps = Pick<ReadoutProps, "points" | "xTitle" | "formatY"> & { readonly title: string };

export function NumbersTable(props: NumbersTableProps) {
  const [open, setOpen] = useState(false);
  const all = columns(props.points);
  return (
    <details className="mt-1 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="min-h-11 w-fit text-muted">
        The numbers as a table{all.length > most ? `, the last ${most}` : ""}
      </summary>
      {open && <Table {...props} rows={all.slice(-most)} />}
    </details>
  );
}

function Table({ title, points, xTitle, formatY, rows }: NumbersTableProps & { rows: readonly number[] }) {
  const shown = points.lines.filter(({ faint }) => !faint);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="max-h-72 overflow-auto" tabIndex={0} aria-label={title}>
      <table className="w-full border-collapse text-right">
        <thead>
          <tr>
            <th scope="col" className="p-1 text-left">
              {xTitle}
            </th>
            {shown.map(({ label }) => (
              <th scope="col" key={label} className="p-1">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((x) => (
            <tr key={x} className="border-t border-line">
              <th scope="row" className="p-1 text-left font-normal">
                {count(x)}
              </th>
              {readingsAt(points, x).map(({ line, values }) => (
                <td key={line.label} className="p-1">
                  {valuesText(values, formatY)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
