// The visitor's text: files that are dropped or picked, and what is pasted.

import type { TextProblem } from "@homebody/volunteer/looking";
import { leastTrialBytes } from "@homebody/volunteer/trial";
import { useMemo } from "react";
import { BringFiles } from "../ui/BringFiles.tsx";
import { useTextLook } from "../ui/looking.ts";
import { Button, Section } from "../ui/pieces.tsx";
import { amountSentence, ofAllText, wrongWords } from "./sentences.ts";
import type { ChosenText } from "./trial.ts";

export function ChooseText({
  text,
  problems,
  missing,
  onChoose,
  onStart,
}: {
  text: ChosenText;
  problems: readonly TextProblem[];
  /** Why there is nothing to try yet, whatever the text; null: there is. */
  missing: string | null;
  onChoose: (text: ChosenText) => void;
  onStart: () => void;
}) {
  const { files, pasted } = text;
  const pastedBytes = useMemo(() => new TextEncoder().encode(pasted).length, [pasted]);
  const look = useTextLook(files, null);
  const given = pastedBytes + (look?.textBytes ?? 0);
  const wrong = wrongWords([...problems, ...(look?.problems ?? [])]);
  const unread = files.length > 0 && look === null ? "Reading your files." : null;
  const hint = missing ?? wrong ?? unread ?? (given < leastTrialBytes ? amountSentence(given) : null);
  return (
    <Section id="text" title="Your text, in any one language">
      <p className="max-w-prose text-muted">
        A diary, articles, a book, minutes, song texts: what somebody wrote, not a list of words.
      </p>
      <BringFiles
        files={files}
        look={look}
        problems={problems.filter(({ file }) => file !== null)}
        onFiles={(next) => onChoose({ ...text, files: next })}
      />
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
