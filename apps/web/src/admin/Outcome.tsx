// What came of the host's last act, and when; said once.

import { type Refusal, refusalSentences } from "@homebody/protocol";
import { moment } from "../format/times.ts";
import { useNow } from "../state/now.ts";

export type Outcome = { readonly at: number } & (
  | { readonly kind: "done"; readonly said: string }
  | { readonly kind: "refused"; readonly reason: Refusal }
  | { readonly kind: "unanswered" }
);

export function OutcomeNotice({ outcome }: { outcome: Outcome | null }) {
  const now = useNow();
  return (
    <div role="status" aria-live="polite" data-testid="outcome" data-outcome={outcome?.kind}>
      {outcome !== null && (
        <p className={`rounded-lg p-3 ${outcome.kind === "done" ? "bg-run-soft" : "bg-bad-soft"}`}>
          <time dateTime={new Date(outcome.at).toISOString()} className="mr-3 text-muted">
            {moment(outcome.at, now)}
          </time>
          {wordsOf(outcome)}
        </p>
      )}
    </div>
  );
}

function wordsOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case "done":
      return outcome.said;
    case "refused":
      return `Refused. ${refusalSentences[outcome.reason]}`;
    case "unanswered":
      return "The coordinator did not answer. Look at the state above before you try again.";
    default:
      return outcome satisfies never;
  }
}
