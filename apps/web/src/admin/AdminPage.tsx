// The host's page: what can be done to a run, each with its consequence stated before it is done. The token is
// kept in this page's memory only: a reload forgets it.

import type { VolunteerId } from "@homebody/base";
import type { Figures } from "@homebody/coordinator";
import type { Admin, AdminAct, Refusal, Reply } from "@homebody/protocol";
import { type ReactNode, useState } from "react";
import { shortId } from "../dashboard/event-sentences.ts";
import { People } from "../dashboard/People.tsx";
import { plural } from "../format/numbers.ts";
import { PageHeading } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { freshnessOf } from "../run/freshness.ts";
import { RunLine } from "../run/RunLine.tsx";
import { useNow } from "../state/now.ts";
import { Confirm } from "../ui/Confirm.tsx";
import { Badge, Button, Section } from "../ui/pieces.tsx";
import { Admission } from "./Admission.tsx";
import { actsFor, type DescribedAct, wordsOf } from "./acts.ts";
import { type AskForApplicants, useApplicants } from "./applicants.ts";
import { Ended } from "./Ended.tsx";
import { type Outcome, OutcomeNotice } from "./Outcome.tsx";
import { TokenForm } from "./TokenForm.tsx";
import { Undo } from "./Undo.tsx";

export interface AdminPageProps {
  readonly run: FeedState;
  /** One that the coordinator took; empty while there is none. */
  readonly token: string;
  readonly onToken: (token: string) => void;
  readonly act: (message: Admin) => Promise<Reply>;
  readonly askApplicants: AskForApplicants;
}

export function AdminPage({ run, token, onToken, act, askApplicants }: AdminPageProps) {
  const { figures } = run;
  const [asking, setAsking] = useState<DescribedAct | null>(null);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [refused, setRefused] = useState<Refusal | null>(null);

  const take = (accepted: string) => {
    setRefused(null);
    onToken(accepted);
  };

  /** Whether it was done. */
  const perform = async (described: DescribedAct): Promise<boolean> => {
    setAsking(null);
    setBusy(true);
    setOutcome(null);
    const reply = await act({ token, act: described.act }).catch(() => null);
    setBusy(false);
    if (reply?.ok === false && reply.refusal === "not-authorised") {
      setRefused(reply.refusal);
      onToken("");
      return false;
    }
    const at = Date.now();
    if (reply === null) setOutcome({ at, kind: "unanswered" });
    else if (reply.ok) setOutcome({ at, kind: "done", said: described.done });
    else setOutcome({ at, kind: "refused", reason: reply.refusal });
    return reply?.ok === true;
  };
  return (
    <>
      <header>
        <PageHeading>Host this run</PageHeading>
        <div className="mt-4">
          <RunLine run={run} />
        </div>
      </header>
      <OutcomeNotice outcome={outcome} />
      {figures?.finished ? (
        <Ended figures={figures} />
      ) : token === "" ? (
        <TokenForm ask={askApplicants} onToken={take} refused={refused} />
      ) : (
        figures && (
          <Acts {...{ run, figures, token, onToken, askApplicants, busy, perform }} onAsk={setAsking} />
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

interface ActsProps extends Pick<AdminPageProps, "run" | "token" | "onToken" | "askApplicants"> {
  readonly figures: Figures;
  readonly busy: boolean;
  readonly perform: (described: DescribedAct) => Promise<boolean>;
  readonly onAsk: (described: DescribedAct) => void;
}

/** Of a run that lives, for its host. */
function Acts({ run, figures, token, onToken, askApplicants, busy, perform, onAsk }: ActsProps) {
  const { clockAheadMs } = run;
  const isLost = freshnessOf(run, useNow()).kind === "lost";
  const barred = busy || isLost;
  const byApproval = figures.manifest.sources.some(({ admission }) => admission === "approval");
  const applicants = useApplicants(askApplicants, token, byApproval);
  const ask = (what: AdminAct) => onAsk(wordsOf(what, figures));
  return (
    <>
      <Section
        id="acts"
        title="The run"
        aside={
          <span className="flex flex-wrap items-center gap-3">
            <Badge tone={isLost ? "calm" : "good"} testId="token-given">
              {isLost ? "token kept" : "token accepted"}
            </Badge>
            <Button onClick={() => onToken("")}>Forget the token</Button>
          </span>
        }
      >
        <ul className="divide-y divide-line">
          {actsFor(figures).map((described) => (
            <Act key={described.act.kind} {...{ described, busy, isLost }} onAsk={() => onAsk(described)} />
          ))}
        </ul>
      </Section>
      <Undo figures={figures} busy={barred} onAsk={ask} />
      <Admission
        {...{ figures, clockAheadMs, applicants, onAsk }}
        busy={barred}
        perform={(what) => perform(wordsOf(what, figures))}
      />
      <People
        {...{ run, figures }}
        act={({ volunteer, source }) => (
          <Button
            kind="danger"
            disabled={barred}
            aria-label={`Remove ${shortId(volunteer)}`}
            onClick={() => onAsk(wordsOf({ kind: "remove", volunteer }, figures, source))}
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
              disabled={barred}
              aria-label={`Take ${shortId(volunteer)} back`}
              onClick={() => ask({ kind: "restore", volunteer })}
            >
              Take back
            </Button>
          )}
        />
      )}
    </>
  );
}

interface ActProps {
  readonly described: DescribedAct;
  readonly busy: boolean;
  readonly isLost: boolean;
  readonly onAsk: () => void;
}

function Act({ described: { act, name, danger, unavailable, consequence }, busy, isLost, onAsk }: ActProps) {
  const why = isLost ? "It can be done once the coordinator can be reached." : unavailable;
  return (
    <li className="grid items-center gap-x-6 gap-y-2 py-4 first:pt-0 last:pb-0 sm:grid-cols-[12rem_1fr]">
      <Button
        kind={danger ? "danger" : "plain"}
        disabled={busy || why !== null}
        onClick={onAsk}
        data-testid={`act-${act.kind}`}
      >
        {name}
      </Button>
      <p className="text-sm text-muted">{why ?? consequence}</p>
    </li>
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
