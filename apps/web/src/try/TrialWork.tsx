// A trial that goes on: what is done now, how long it still takes, and the curves as they grow.

import { type TrialProgress, trialStages } from "@homebody/volunteer/trial";
import { countdown } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Button, Meter, Section, Steps } from "../ui/pieces.tsx";
import { Curves } from "./Curves.tsx";
import { progressSentence, stageWords } from "./sentences.ts";

const unheard = { stage: "read", done: 0, of: 0 } as const;
const noCurves = { trained: [], random: [] };

export function TrialWork({
  body,
  progress,
  onCancel,
}: {
  body: number;
  progress: TrialProgress | null;
  onCancel: () => void;
}) {
  const now = useNow();
  const { stage, done, of } = progress ?? unheard;
  const endsAt = progress?.endsAt ?? null;
  return (
    <Section
      id="trial"
      title={`Body ${body} beside a random one`}
      aside={
        <span className="flex items-center gap-4 text-sm text-muted">
          <span>
            {endsAt === null ? (
              "about two minutes in all"
            ) : (
              <>
                about{" "}
                <time className="figure font-semibold text-ink" data-testid="trial-left">
                  {countdown(endsAt - now)}
                </time>{" "}
                left
              </>
            )}
          </span>
          <Button onClick={onCancel} data-testid="trial-cancel">
            Cancel
          </Button>
        </span>
      }
    >
      <p className="mb-2 flex flex-wrap justify-between gap-x-4">
        <span data-testid="trial-stage" data-stage={stage}>
          {stageWords[stage]}
        </span>
        <span className="figure text-sm text-muted" data-testid="trial-progress">
          {progress === null ? "" : progressSentence(progress)}
        </span>
      </p>
      <Meter label={stageWords[stage]} share={of > 0 ? done / of : null} />
      <Steps
        label="What happens"
        words={trialStages.map((name) => stageWords[name])}
        at={trialStages.indexOf(stage)}
      />
      {progress?.device?.fallback && (
        <p className="mt-3 text-sm text-muted">
          {progress.device.fallback} The processor does the work, with fewer steps in the same time.
        </p>
      )}
      <div className="mt-6">
        <Curves curves={progress?.curves ?? noCurves} />
      </div>
    </Section>
  );
}
