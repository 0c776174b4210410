// The few pieces that all pages are made of. Targets are at least 44 px; a state is never told by colour alone.

import type { ButtonHTMLAttributes, ReactNode } from "react";

type Kind = "primary" | "plain" | "danger";

const button: Readonly<Record<Kind, string>> = {
  primary: "bg-run text-on-run border-transparent hover:opacity-90",
  plain: "bg-card text-ink border-edge hover:bg-sunk",
  danger: "bg-card text-bad border-bad hover:bg-bad-soft",
};

export function Button({
  kind = "plain",
  className = "",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind }) {
  return (
    <button
      type="button"
      {...rest}
      className={`inline-flex min-h-11 items-center justify-center gap-2 rounded-lg border px-4 py-2 font-medium disabled:opacity-50 aria-disabled:opacity-60 ${button[kind]} ${className}`}
    />
  );
}

/** A part of a page with a heading of its own. */
export function Section({
  id,
  title,
  aside,
  children,
  className = "",
}: {
  id: string;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section
      aria-labelledby={id}
      className={`min-w-0 rounded-xl border border-line bg-card p-4 sm:p-6 ${className}`}
    >
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

export type Tone = "good" | "calm" | "warn" | "yours" | "bad";

const tones: Readonly<Record<Tone, string>> = {
  good: "bg-run-soft text-run",
  calm: "bg-sunk text-muted",
  warn: "bg-lamp-soft text-lamp",
  yours: "bg-lamp-soft text-lamp",
  bad: "bg-bad-soft text-bad",
};

export function Badge({ tone, children, testId }: { tone: Tone; children: ReactNode; testId?: string }) {
  return (
    <span
      data-testid={testId}
      className={`inline-block rounded-2xl md:whitespace-nowrap px-3 py-0.5 text-sm font-medium ${tones[tone]}`}
    >
      {children}
    </span>
  );
}

export function Notice({
  tone,
  title,
  children,
  testId,
}: {
  tone: Tone;
  title: string;
  children: ReactNode;
  testId?: string;
}) {
  return (
    <div data-testid={testId} className={`rounded-xl p-4 sm:p-6 ${tones[tone]}`}>
      <p className="font-semibold">{title}</p>
      <div className="mt-1 text-ink">{children}</div>
    </div>
  );
}

/** How far something is. Without `share` it goes on and nobody knows how long. */
export function Meter({
  label,
  share,
  tone = "run",
}: {
  label: string;
  share: number | null;
  tone?: "run" | "lamp";
}) {
  const most = Math.min(1, Math.max(0, share ?? 0));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(share === null ? {} : { "aria-valuenow": Math.round(most * 100) })}
      className="h-2 w-full overflow-hidden rounded-full bg-line"
    >
      <div
        className={`h-full rounded-full ${tone === "lamp" ? "bg-lamp-fill" : "bg-run-fill"} ${share === null ? "animate-pulse" : ""}`}
        style={{ width: share === null ? "100%" : `${most * 100}%` }}
      />
    </div>
  );
}

/** What comes one after another; `at` is the place of what is done now. */
export function Steps({ label, words, at }: { label: string; words: readonly string[]; at: number }) {
  return (
    <ol className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-sm" aria-label={label}>
      {words.map((word, i) => (
        <li
          key={word}
          aria-current={i === at ? "step" : undefined}
          className={i === at ? "font-semibold text-lamp" : "text-muted"}
        >
          <span aria-hidden="true">{i < at ? "✓ " : i === at ? "● " : "○ "}</span>
          {word}
        </li>
      ))}
    </ol>
  );
}

/** One figure with its meaning. `value` is exact, for whoever reads the page by program. */
export function Figure({
  label,
  value,
  testId,
  note,
  children,
}: {
  label: string;
  value: number | string;
  testId: string;
  note?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-muted">{label}</dt>
      <dd>
        <data value={String(value)} data-testid={testId} className="text-title font-semibold">
          {children}
        </data>
        {note && <div className="text-sm text-muted">{note}</div>}
      </dd>
    </div>
  );
}

/** One of many. */
export function Select<T extends string>({
  label,
  value,
  options,
  onChange,
  testId,
}: {
  label: string;
  value: T;
  options: readonly { readonly value: T; readonly label: string }[];
  onChange: (value: T) => void;
  testId?: string;
}) {
  return (
    <label className="min-w-0 text-sm text-muted">
      {label}
      <select
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
        className="mt-1 block min-h-11 max-w-full rounded-lg border border-edge bg-paper px-3 text-base text-ink"
        data-testid={testId}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Radio buttons as a row of equal choices. */
export function Choices<T extends string>({
  legend,
  hint,
  name,
  value,
  options,
  onChange,
}: {
  legend: string;
  hint?: ReactNode;
  name: string;
  value: T;
  options: readonly { readonly value: T; readonly label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-sm text-muted">{legend}</legend>
      <div className="flex w-fit max-w-full rounded-lg border border-edge p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className="flex min-h-11 min-w-11 items-center justify-center rounded-md px-3 has-checked:bg-run has-checked:text-on-run has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-run"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="sr-only"
            />
            {option.label}
          </label>
        ))}
      </div>
      {hint && <p className="mt-1 text-sm text-muted">{hint}</p>}
    </fieldset>
  );
}

/** Speaks when its text changes; says nothing at first. */
export function Announce({ children }: { children: string }) {
  return (
    <p role="status" aria-live="polite" className="sr-only">
      {children}
    </p>
  );
}
