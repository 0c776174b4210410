// A source's colour, the same in every chart and table, always beside its name. Beyond eight sources colours come
// again with another dash.

import { ownName } from "../format/languages.ts";

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

/** A source as tables have it: its mark, its name, and since which body where it joined later. */
export function SourceName({
  index,
  language,
  sinceBody = null,
}: {
  index: number;
  language: string;
  sinceBody?: number | null | undefined;
}) {
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2">
      <SourceMark index={index} />
      <span lang={language} dir="auto">
        {ownName(language)}
      </span>
      {sinceBody !== null && (
        <span className="text-sm font-normal text-muted" data-testid="since-body">
          since body {sinceBody}
        </span>
      )}
    </span>
  );
}

/** A source is called by its language; two of one language are told apart by their titles. */
export function distinctNames(
  sources: readonly { readonly title: string; readonly language: string }[],
): readonly string[] {
  const names = sources.map(({ language }) => ownName(language));
  return names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : sources[i]!.title));
}
