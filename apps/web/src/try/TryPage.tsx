// "Try this body on your own language": a visitor's text, and two curves that say what the federation has learnt.

import { plural } from "../format/numbers.ts";
import { PageHeading, PageLink } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { RunLine } from "../run/RunLine.tsx";
import { Arrival } from "../ui/Arrival.tsx";
import { Announce, Button, Notice } from "../ui/pieces.tsx";
import { ChooseText } from "./ChooseText.tsx";
import { spoken } from "./sentences.ts";
import { TrialResult } from "./TrialResult.tsx";
import { TrialWork } from "./TrialWork.tsx";
import type { Trial, TrialState } from "./trial.ts";

export interface TryPageProps {
  readonly run: FeedState;
  readonly state: TrialState;
  readonly trial: Omit<Trial, "state">;
  /** A volunteer's work goes on in this tab. */
  readonly busy: boolean;
}

export function TryPage({ run, state, trial, busy }: TryPageProps) {
  const { manifest, figures } = run;
  const { text, phase } = state;
  const latest = figures?.bodies.at(-1);
  const missing =
    manifest === null || latest === undefined
      ? "The run is still being read."
      : latest.number === 0
        ? "The first round is not over yet, so this run has learnt nothing so far. Come back a little later."
        : null;
  const start = () => {
    if (manifest !== null && latest !== undefined) trial.start(manifest, latest);
  };
  return (
    <>
      <Announce>{spoken(phase)}</Announce>
      <header>
        <PageHeading>Try this body on your own language</PageHeading>
        <p className="mt-3 max-w-prose">
          Two models learn your text, here on your device. One begins with the body that{" "}
          {manifest ? <q>{manifest.name}</q> : "this run"} has made so far, the other with a body of random
          numbers. How much sooner the first one gets on is what the federation has learnt.
        </p>
        <p className="mt-2 max-w-prose text-lamp">
          Your text stays on this device. Nothing is sent and nothing is kept: close the page, and it is gone.
        </p>
        {figures === null || latest === undefined ? (
          <div className="mt-2">
            <RunLine run={run} />
          </div>
        ) : (
          <p className="mt-2 text-muted" data-testid="latest-body">
            The latest is body {latest.number}, after {latest.number} of {plural(figures.rounds, "round")}.
          </p>
        )}
      </header>
      {busy && phase.kind !== "done" && (
        <Notice tone="yours" title="This device is contributing at the moment">
          <p>
            Both at once are slow. To see more, pause it on the page{" "}
            <PageLink to="volunteer">Take part</PageLink> for two minutes.
          </p>
        </Notice>
      )}
      <Arrival
        key={phase.kind}
        first={phase.kind === "choosing" && text.files.length === 0 && text.pasted === ""}
      >
        {phase.kind === "choosing" && (
          <div className="grid items-start gap-x-12 gap-y-6 lg:grid-cols-[3fr_2fr]">
            <ChooseText
              text={text}
              problems={phase.problems}
              missing={missing}
              onChoose={trial.choose}
              onStart={start}
            />
            <Explanation />
          </div>
        )}
        {phase.kind === "running" && (
          <TrialWork body={phase.body} progress={phase.progress} onCancel={() => trial.cancel()} />
        )}
        {phase.kind === "done" && (
          <TrialResult body={phase.body} result={phase.result} onAgain={() => trial.again()} />
        )}
        {phase.kind === "failed" && (
          <Notice tone="bad" title="It did not work on this device" testId="trial-failed">
            <p>{phase.message}</p>
            <p className="mt-4 flex flex-wrap gap-2">
              <Button onClick={start}>Try once more</Button>
              <Button onClick={() => trial.cancel()}>Back to the text</Button>
            </p>
          </Notice>
        )}
      </Arrival>
      {phase.kind !== "choosing" && (
        <div className="border-t border-line pt-6">
          <Explanation wide />
        </div>
      )}
    </>
  );
}

function Explanation({ wide = false }: { wide?: boolean }) {
  return (
    <section aria-labelledby="what" className={`grid gap-x-12 gap-y-6 ${wide ? "md:grid-cols-2" : ""}`}>
      <div className="max-w-prose">
        <h2 id="what" className="font-semibold">
          What happens
        </h2>
        <ol className="mt-2 list-decimal space-y-1 pl-5">
          <li>Your device fetches the body from the coordinator. That is all that goes over the line.</li>
          <li>A vocabulary is learnt from your text, and a part of the text is set aside.</li>
          <li>
            Both models take turns to learn from the rest: the same passages in the same order, as many steps
            as your device makes in the time.
          </li>
          <li>Every few steps both are measured on the part that was set aside.</li>
        </ol>
      </div>
      <div className="max-w-prose">
        <h2 className="font-semibold">What the two curves mean</h2>
        <p className="mt-2">
          Bits per byte: how many bits a model needs for each byte of text that it has never seen. Lower is
          better. Both begin alike, since your words are new to both. Where the solid curve falls faster, the
          body has brought something along that holds in your language too. Two minutes make a writer of
          neither.
        </p>
      </div>
    </section>
  );
}
