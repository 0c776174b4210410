// Asks for the admin token, and for the coordinator's word that it is the right one before it counts as given.

import { type Refusal, refusalSentences } from "@homebody/protocol";
import { type FormEvent, useId, useRef, useState } from "react";
import { Button, Section } from "../ui/pieces.tsx";
import type { AskForApplicants } from "./applicants.ts";

export interface TokenFormProps {
  /** What only the host may ask, and what changes nothing: its answer says whether the token is right. */
  readonly ask: AskForApplicants;
  readonly onToken: (token: string) => void;
  /** Why the token that was given before is no more. */
  readonly refused: Refusal | null;
}

export function TokenForm({ ask, onToken, refused }: TokenFormProps) {
  const [typed, setTyped] = useState("");
  const [asks, setAsks] = useState(false);
  const [problem, setProblem] = useState(refused && wordsFor(refused));
  const field = useRef<HTMLInputElement>(null);
  const problemId = useId();

  const give = async (event: FormEvent) => {
    event.preventDefault();
    const token = typed.trim();
    setProblem(null);
    if (token === "") return refuse("Enter the token first.");
    setAsks(true);
    const reply = await ask({ token }).catch(() => null);
    setAsks(false);
    if (reply?.ok) return onToken(token);
    refuse(reply === null ? unanswered : wordsFor(reply.refusal));
  };
  const refuse = (words: string) => {
    setProblem(words);
    field.current?.focus();
  };
  return (
    <Section id="token" title="The admin token">
      <p className="mb-4 max-w-prose text-muted">
        The coordinator made it at its first start and keeps it in the file <code>admin-token</code> of its
        data folder; the place is printed when it starts. It is kept in this page's memory only.
      </p>
      <form onSubmit={(event) => void give(event)} className="flex max-w-2xl flex-wrap items-start gap-2">
        <div className="min-w-0 flex-1 basis-60">
          <label className="block text-sm text-muted">
            Token
            <input
              ref={field}
              type="password"
              autoComplete="off"
              spellCheck={false}
              maxLength={200}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              aria-invalid={problem !== null}
              aria-describedby={problemId}
              data-testid="token"
              className={`mt-1 block min-h-11 w-full rounded-lg border bg-paper px-3 text-base text-ink ${problem === null ? "border-edge" : "border-bad"}`}
            />
          </label>
          <p id={problemId} role="alert" data-testid="token-problem" className="mt-1 text-sm text-bad">
            {problem}
          </p>
        </div>
        <Button type="submit" kind="primary" disabled={asks} className="sm:mt-6">
          {asks ? "Asking the coordinator" : "Use this token"}
        </Button>
      </form>
    </Section>
  );
}

const unanswered =
  "The coordinator did not answer, so nobody knows whether the token is right. Try again once it can be reached.";

const wrong = "That is not the admin token of this coordinator: it is all of the one line in that file.";

function wordsFor(refusal: Refusal): string {
  switch (refusal) {
    case "not-authorised":
      return wrong;
    case "too-many": // the right one passes, however many are asked [P37]
      return `${wrong} Several wrong ones came from here: wait a minute before the next one.`;
    default:
      return refusalSentences[refusal];
  }
}
