// A source's colour, the same in every chart and table, always beside its name. Beyond eight sources colours come
// again with another dash.

import { languageBeside } from "../run/source-names.ts";

const colours = 8;

export interface SourceStyle {
  /** The CSS variable's name. */
  readonly colour: string;
  readonly dash: readonly number[];
}

export function sourceStyle(index: number): SourceStyle {
  const dashes = [[], [8, 4], [2, 4], [10, 3, 2, 3]] as const;
  const at = Math.max(0, index);
  return {
    colour: `--source-${(at % colours) + 1}`,
    dash: dashes[Math.floor(at / colours) % dashes.length]!,
  };
}

export function SourceMark({ index }: { index: number }) {
  const { colour, dash } = sourceStyle(index);
  return (
    <svg
      width="20"
      height="12"
      viewBox="0 0 20 12"
      aria-hidden="true"
      focusable="false"
      className="inline-block shrink-0"
    >
      <line
        x1="1"
        y1="6"
        x2="19"
        y2="6"
        stroke={`var(${colour})`}
        strokeWidth="4"
        strokeDasharray={dash.length > 0 ? dash.map((part) => part / 2).join(" ") : undefined}
      />
    </svg>
  );
}

/** A source as tables have it: its mark, its title, its language, and since which body where it joined later. */
export function SourceName({
  index,
  title,
  language,
  sinceBody = null,
}: {
  index: number;
  title: string;
  language: string;
  sinceBody?: number | null | undefined;
}) {
  const beside = languageBeside({ title, language });
  return (
    <span className="inline-flex items-baseline gap-2">
      <SourceMark index={index} />
      <span className="min-w-0">
        <span dir="auto">{title}</span>
        {beside !== null && (
          <>
            {" "}
            <span lang={language} dir="auto" className="text-sm font-normal text-muted">
              {beside}
            </span>
          </>
        )}
        {sinceBody !== null && (
          <>
            {" "}
            <span className="text-sm font-normal text-muted" data-testid="since-body">
              since body {sinceBody}
            </span>
          </>
        )}
      </span>
    </span>
  );
}
