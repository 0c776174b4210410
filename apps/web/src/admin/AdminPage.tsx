// The host's page: what can be done to a run, each with its consequence stated before it is done. The token is
// kept in this page's memory only: a reload forgets it.

import type { VolunteerId } from "@homebody/base";
import { type Admin, type AdminAct, type Refusal, type Reply, refusalSentences } from "@homebody/protocol";
import { type FormEvent, type ReactNode, useState } from "react";
import { shortId } from "../dashboard/event-sentences.ts";
import { People } from "../dashboard/People.tsx";
import { plural } from "../format/numbers.ts";
import { PageHeading } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { RunLine } from "../run/RunLine.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { Badge, Button, Section } from "../ui/pieces.tsx";
import { Admission } from "./Admission.tsx";
import { actsFor, type DescribedAct, wordsOf } from "./acts.ts";
import { type AskForApplicants, useApplicants } from "./applicants.ts";
import { Ended } from "./Ended.tsx";
import { Undo } from "./Undo.tsx";

export interface AdminPageProps {
  readonly run: FeedState;
  readonly token: string;
  readonly onToken: (token: string) => void;
  readonly act: (message: Admin) => Promise<Reply>;
  readonly askApplicants: AskForApplicants;
}

type Outcome =
  | { readonly kind: "done"; readonly said: string }
  | { readonly kind: "refused"; readonly reason: Refusal }
  | { readonly kind: "unanswered" };

export function AdminPage({ run, token, onToken, act, askApplicants }: AdminPageProps) {
  const { figures, clockAheadMs } = run;
  const [asking, setAsking] = useState<DescribedAct | null>(null);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  const byApproval = figures?.manifest.sources.some(({ admission }) => admission === "approval") ?? false;
  const applicants = useApplicants(askApplicants, token, byApproval);

  /** Whether it was done. */
  const perform = async (described: DescribedAct): Promise<boolean> => {
    setAsking(null);
    setBusy(true);
    setOutcome(null);
    try {
      const reply = await act({ token, act: described.act });
      setOutcome(
        reply.ok ? { kind: "done", said: described.done } : { kind: "refused", reason: reply.refusal },
      );
      if (!reply.ok && reply.refusal === "not-authorised") onToken("");
      return reply.ok;
    } catch {
      setOutcome({ kind: "unanswered" });
      return false;
    } finally {
      setBusy(false);
    }
  };
  const ask = (what: AdminAct) => figures && setAsking(wordsOf(what, figures));

  return (
    <>
      <header>
        <PageHeading>Host this run</PageHeading>
        <div className="mt-4">
          <RunLine run={run} />
        </div>
      </header>
      <Outcomes outcome={outcome} />
      {figures?.finished ? (
        <Ended figures={figures} />
      ) : token === "" ? (
        <TokenForm onToken={onToken} />
      ) : (
        figures && (
          <>
            <Section
              id="acts"
              title="The run"
              aside={
                <span className="flex flex-wrap items-center gap-3">
                  <Badge tone="good">token given</Badge>
                  <Button onClick={() => onToken("")}>Forget the token</Button>
                </span>
              }
            >
              <ul className="divide-y divide-line">
                {actsFor(figures).map((described) => (
                  <li
                    key={described.act.kind}
                    className="grid items-center gap-x-6 gap-y-2 py-4 first:pt-0 last:pb-0 sm:grid-cols-[12rem_1fr]"
                  >
                    <Button
                      kind={described.danger ? "danger" : "plain"}
                      disabled={busy || described.unavailable !== null}
                      onClick={() => setAsking(described)}
                      data-testid={`act-${described.act.kind}`}
                    >
                      {described.name}
                    </Button>
                    <p className="text-sm text-muted">{described.unavailable ?? described.consequence}</p>
                  </li>
                ))}
              </ul>
            </Section>
            <Undo figures={figures} busy={busy} onAsk={ask} />
            <Admission
              {...{ figures, clockAheadMs, busy, applicants, ask }}
              perform={(what) => perform(wordsOf(what, figures))}
            />
            <People
              {...{ run, figures }}
              act={({ volunteer }) => (
                <Button
                  kind="danger"
                  disabled={busy}
                  aria-label={`Remove ${shortId(volunteer)}`}
                  onClick={() => ask({ kind: "remove", volunteer })}
                >
                  Remove
                </Button>
              )}
            />
            {figures.removed.length > 0 && (
              <Removed
                removed={figures.removed}
                act={(volunteer) => (
                  <Button
                    disabled={busy || figures.finished}
                    aria-label={`Take ${shortId(volunteer)} back`}
                    onClick={() => ask({ kind: "restore", volunteer })}
                  >
                    Take back
                  </Button>
                )}
              />
            )}
          </>
        )
      )}
      {asking && (
        <Confirm
          title={`${asking.name}?`}
          yes={asking.name}
          danger={asking.danger}
          onNo={() => setAsking(null)}
          onYes={() => void perform(asking)}
        >
          <p>{asking.consequence}</p>
          <p className="text-sm text-muted">It stands in the journal, which everybody can read.</p>
        </Confirm>
      )}
    </>
  );
}

function TokenForm({ onToken }: { onToken: (token: string) => void }) {
  const [typed, setTyped] = useState("");
  const give = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() !== "") onToken(typed.trim());
  };
  return (
    <Section id="token" title="The admin token">
      <p className="mb-4 max-w-prose text-muted">
        The coordinator made it at its first start and keeps it in the file <code>admin-token</code> of its
        data folder; the place is printed when it starts. It is kept in this page's memory only.
      </p>
      <form onSubmit={give} className="flex max-w-2xl flex-wrap items-end gap-2">
        <label className="min-w-0 flex-1 basis-60 text-sm text-muted">
          Token
          <input
            type="password"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            data-testid="token"
            className="mt-1 block min-h-11 w-full rounded-lg border border-edge bg-paper px-3 text-base text-ink"
          />
        </label>
        <Button type="submit" kind="primary">
          Use this token
        </Button>
      </form>
    </Section>
  );
}

function Outcomes({ outcome }: { outcome: Outcome | null }) {
  return (
    <div role="status" aria-live="polite" data-testid="outcome" data-outcome={outcome?.kind}>
      {outcome?.kind === "done" && <p className="rounded-lg bg-run-soft p-3">{outcome.said}</p>}
      {outcome?.kind === "refused" && (
        <p className="rounded-lg bg-bad-soft p-3" data-word={outcome.reason}>
          Refused. {refusalSentences[outcome.reason]}
        </p>
      )}
      {outcome?.kind === "unanswered" && (
        <p className="rounded-lg bg-bad-soft p-3">
          The coordinator did not answer. Look at the state above before you try again.
        </p>
      )}
    </div>
  );
}

function Removed({
  removed,
  act,
}: {
  readonly removed: readonly VolunteerId[];
  readonly act: (volunteer: VolunteerId) => ReactNode;
}) {
  return (
    <Section id="removed" title={`Removed: ${plural(removed.length, "volunteer")}`}>
      <ul className="flex flex-wrap gap-3 text-sm">
        {removed.map((volunteer) => (
          <li key={volunteer} title={volunteer} className="flex items-center gap-2">
            <code>{shortId(volunteer)}</code>
            {act(volunteer)}
          </li>
        ))}
      </ul>
    </Section>
  );
}
