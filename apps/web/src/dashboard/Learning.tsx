// Bits per byte of each source over bodies: whether the run learns.

import { noun } from "@homebody/base";
import { type Figures, firstLast } from "@homebody/coordinator";
import { useMemo, useState } from "react";
import { LineChart } from "../charts/LineChart.tsx";
import { fixed } from "../format/numbers.ts";
import { PageLink } from "../router.tsx";
import { distinctNames } from "../run/source-names.ts";
import { Choices, Section } from "../ui/pieces.tsx";
import { SourceName, sourceStyle } from "../ui/SourceMark.tsx";

type Scale = "linear" | "logarithmic";

const scales: readonly { readonly value: Scale; readonly label: string }[] = [
  { value: "linear", label: "Linear" },
  { value: "logarithmic", label: "Log" },
];

export function Learning({ figures }: { figures: Figures }) {
  const [scale, setScale] = useState<Scale>("linear");
  const { sources, scores, finished } = figures;
  const chart = useMemo(() => {
    const x = [...new Set(Object.values(scores).flatMap((list) => list.map(({ body }) => body)))].sort(
      (a, b) => a - b,
    );
    const labels = distinctNames(sources);
    const at = new Map(x.map((body, i) => [body, i]));
    const lines = sources.flatMap((source, index) => {
      const list = scores[source.id] ?? [];
      if (list.length === 0) return [];
      const values: (number | null)[] = x.map(() => null);
      for (const { body, bitsPerByte } of list) values[at.get(body)!] = bitsPerByte;
      return [{ label: labels[index]!, ...sourceStyle(index), values }];
    });
    return { x, lines };
  }, [sources, scores]);
  return (
    <Section
      id="learning"
      title={finished ? "What it learnt" : "Is it learning?"}
      aside={<Choices legend="Scale" name="scale" value={scale} options={scales} onChange={setScale} />}
    >
      <p className="mb-3 text-sm text-muted">
        Bits per byte on text that no device trains on: how many bits the model needs for each byte. Lower is
        better.
      </p>
      <LineChart
        title="Held-out bits per byte of each source over bodies"
        xTitle="body (after round)"
        yTitle="bits per byte"
        {...chart}
        logarithmic={scale === "logarithmic"}
        height={340}
        formatY={(value) => fixed(value, 3)}
        empty={
          finished
            ? "Nobody measured a body."
            : "The first point comes when a volunteer has measured the first body on its own text."
        }
        testId="chart-bits-per-byte"
      />
      <Scores figures={figures} />
      {!finished && figures.joining.length > 0 && (
        <p className="mt-3 text-sm text-muted" data-testid="joining">
          {new Intl.ListFormat("en").format(figures.joining.map(({ source }) => source.title))}{" "}
          {noun(figures.joining.length, "joins", "join")} with the next body.
        </p>
      )}
      <p className="mt-4 text-sm">
        What does it know of other languages? <PageLink to="try">Try this body on your own language</PageLink>
      </p>
    </Section>
  );
}

function Scores({ figures }: { figures: Figures }) {
  const rows = figures.sources.flatMap((source, index) => {
    const ends = firstLast(figures, source.id);
    return ends || source.sinceBody !== null ? [{ source, index, ends }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <div className="mt-4 overflow-x-auto">
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">First and last bits per byte of each source</caption>
        <thead>
          <tr className="text-left text-muted">
            <th scope="col" className="py-1 pr-2 font-normal">
              Source
            </th>
            <th scope="col" className="px-2 py-1 text-right font-normal">
              first
            </th>
            <th scope="col" className="px-2 py-1 text-right font-normal">
              last
            </th>
            <th scope="col" className="py-1 pl-2 text-right font-normal">
              change
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ source, index, ends }) => (
            <tr key={source.id} className="border-t border-line">
              <th scope="row" className="py-1 pr-2 text-left font-medium">
                <SourceName index={index} {...source} />
              </th>
              {ends ? (
                <Ends id={source.id} {...ends} />
              ) : (
                <td colSpan={3} className="py-1 pl-2 text-right text-muted">
                  {figures.finished ? "not measured" : "not measured yet"}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Ends({ id, first, last, lastBody }: { id: string } & NonNullable<ReturnType<typeof firstLast>>) {
  return (
    <>
      <td className="whitespace-nowrap px-2 py-1 text-right">
        <data value={first} data-testid={`score-${id}-first`}>
          {fixed(first, 3)}
        </data>
      </td>
      <td className="whitespace-nowrap px-2 py-1 text-right">
        <data value={last} data-testid={`score-${id}-last`} data-body={lastBody}>
          {fixed(last, 3)}
        </data>
      </td>
      <td className="whitespace-nowrap py-1 pl-2 text-right">{signed((last / first - 1) * 100)} %</td>
    </>
  );
}

/** With a true minus sign. */
export function signed(value: number, digits = 1): string {
  const text = fixed(Math.abs(value), digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}
