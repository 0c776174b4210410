// The visitor's text: files that are dropped or picked, and what is pasted.

import { leastTrialBytes, type TrialProblem } from "@homebody/volunteer/trial";
import { useMemo } from "react";
import { BringFiles } from "../ui/BringFiles.tsx";
import { Button, Section } from "../ui/pieces.tsx";
import { amountSentence, ofAllText } from "./sentences.ts";
import type { ChosenText } from "./trial.ts";

export function ChooseText({
  text,
  problems,
  missing,
  onChoose,
  onStart,
}: {
  text: ChosenText;
  problems: readonly TrialProblem[];
  /** Why there is nothing to try yet, whatever the text; null: there is. */
  missing: string | null;
  onChoose: (text: ChosenText) => void;
  onStart: () => void;
}) {
  const { files, pasted } = text;
  const pastedBytes = useMemo(() => new TextEncoder().encode(pasted).length, [pasted]);
  const given = pastedBytes + files.reduce((sum, { size }) => sum + size, 0);
  const wrong =
    problems.length === 0
      ? null
      : problems.some(({ file }) => file !== null)
        ? "Take out the files that are marked, or choose them anew."
        : "Add text first.";
  const hint = missing ?? wrong ?? (given < leastTrialBytes ? amountSentence(given) : null);
  return (
    <Section id="text" title="Your text, in any one language">
      <p className="max-w-prose text-muted">
        A diary, articles, a book, minutes, song texts: what somebody wrote, not a list of words.
      </p>
      <BringFiles files={files} problems={problems} onFiles={(next) => onChoose({ ...text, files: next })} />
      <label className="mt-4 block text-sm text-muted">
        Or paste it here
        <textarea
          value={pasted}
          onChange={(event) => onChoose({ ...text, pasted: event.target.value })}
          rows={5}
          dir="auto"
          spellCheck={false}
          data-testid="pasted"
          className="mt-1 block w-full rounded-lg border border-edge bg-paper p-3 text-base text-ink"
        />
      </label>
      {ofAllText(problems).map(({ message }) => (
        <p key={message} role="alert" className="mt-3 text-bad" data-testid="text-problem">
          {message}
        </p>
      ))}
      <div className="mt-6 flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button
          kind="primary"
          className="min-h-14 min-w-56"
          aria-disabled={hint !== null}
          aria-describedby="try-hint"
          onClick={() => hint === null && onStart()}
          data-testid="try"
        >
          Try it
        </Button>
        <p id="try-hint" className="min-w-0 flex-1 basis-60 text-sm" data-testid="try-hint">
          {hint ?? `${amountSentence(given)} It takes about two minutes.`}
        </p>
      </div>
    </Section>
  );
}
