// States in which there is something to say before anything else: another tab contributes, it is over, it stopped, it failed.

import { refusalSentences } from "@homebody/protocol";
import type { Command, View } from "@homebody/volunteer/view";
import { useState } from "react";
import { plural } from "../format/numbers.ts";
import { PageLink } from "../router.tsx";
import type { HouseWords } from "../run/travels.ts";
import { Button, Notice } from "../ui/pieces.tsx";
import { takesPart } from "./sentences.ts";

export interface StandingProps {
  readonly view: View;
  readonly keeps: HouseWords["keeps"];
  readonly send: (command: Command) => void;
}

export function Standing({ view, keeps, send }: StandingProps) {
  const { activity, roundsContributed } = view;
  const thanks =
    roundsContributed > 0 ? `Your work is in ${plural(roundsContributed, "round")} of the body.` : "";
  switch (activity.kind) {
    case "elsewhere":
      return <Elsewhere send={send} />;
    case "finished":
      return (
        <Notice tone="good" title="The run is over" testId="run-over">
          <p>
            Thank you. {thanks} The last body is on the <PageLink to="dashboard">dashboard</PageLink>;{" "}
            {keeps.includes("embeddings") ? "your own embeddings are" : "it is"} still here, so you can go on
            trying it below.
          </p>
        </Notice>
      );
    case "stopped":
      return (
        <Notice
          tone={activity.why === "asked" ? "good" : "warn"}
          title={stopTitles[activity.why]}
          testId="stopped"
        >
          <p>
            {activity.why === "refused" && view.refusal && `${refusalSentences[view.refusal.reason]} `}
            {stopSentences[activity.why]} {thanks}
          </p>
        </Notice>
      );
    case "unusable":
      return (
        <div role="alert">
          <Notice tone="bad" title="This text cannot be used" testId="unusable">
            <p>{activity.message}. Choose other files below.</p>
          </Notice>
        </div>
      );
    case "failed":
      return takesPart(view) ? null : (
        <div role="alert">
          <Notice tone="bad" title="Something went wrong on this device" testId="failed">
            <p>{activity.message}</p>
          </Notice>
        </div>
      );
    default:
      return null;
  }
}

function Elsewhere({ send }: Pick<StandingProps, "send">) {
  const [asked, setAsked] = useState(false);
  return (
    <Notice tone="yours" title="Another tab of this browser contributes" testId="elsewhere">
      <p>
        One device trains in one tab. This tab goes on when the other one is closed, or at once: the other one
        then stops, and what it has reached is kept.
      </p>
      <p className="mt-4 flex flex-wrap items-center gap-4">
        <Button
          kind="primary"
          aria-disabled={asked}
          onClick={() => {
            setAsked(true);
            send({ kind: "take-over" });
          }}
        >
          Use this tab
        </Button>
        <span role="status">
          {asked && "The other tab is asked to hand over. If nothing happens, close it."}
        </span>
      </p>
    </Notice>
  );
}

const stopTitles = {
  asked: "You have stopped",
  removed: "The host has removed this device from the run",
  replaced: "This device contributes from somewhere else",
  refused: "The coordinator cannot take this device",
} as const;

const stopSentences = {
  asked: "What you prepared is kept on this device: contribute again whenever you like.",
  removed: "Ask the host if you think that this was a mistake.",
  replaced: "Another page with this device's identity took over. Close it to contribute from here.",
  refused: "Trying again by itself would change nothing. What you prepared is kept on this device.",
} as const;
