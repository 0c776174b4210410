// The work: where in the round this device is, how long it still takes, and whether it is learning.

import type { Millis } from "@homebody/base";
import {
  type Activity,
  type RoundStage,
  type RoundView,
  roundStages,
  type Task,
  type View,
  type Waiting,
} from "@homebody/volunteer/view";
import { useMemo } from "react";
import { LineChart } from "../charts/LineChart.tsx";
import { smooth, thinned } from "../charts/scale.ts";
import { compact, count, fixed, plural } from "../format/numbers.ts";
import { countdown, duration, timeLeft } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Button, Meter, Section, Steps } from "../ui/pieces.tsx";
import { Outage } from "./Outage.tsx";
import {
  preparing,
  progressWords,
  reachedWords,
  stageOf,
  stageWords,
  taskWords,
  waitingWords,
} from "./sentences.ts";

export function Work({ view, onCancel }: { view: View; onCancel: () => void }) {
  const now = useNow();
  const stage = stageOf(view);
  const prepared = view.activity.kind === "working" ? preparing.indexOf(view.activity.task.kind) : -1;
  const prepares = prepared >= 0;
  return (
    <Section
      id="work"
      title={view.round ? `Round ${view.round.round}` : prepares ? "Getting ready" : "Your work"}
      aside={
        view.round?.deadline != null && view.activity.kind !== "paused" ? (
          <span className="text-sm text-muted">
            ends at the latest in{" "}
            <span className="figure font-medium text-ink">{countdown(view.round.deadline - now)}</span>
          </span>
        ) : null
      }
    >
      <Outage view={view} />
      <div className="flex flex-wrap items-center gap-6">
        {!prepares && <Ring stage={stage} share={shareOf(view)} round={view.round?.round ?? null} />}
        <div className="min-w-0 flex-1 basis-64">
          <Doing activity={view.activity} round={view.round} now={now} onCancel={onCancel} />
          {prepares ? (
            <Steps label="Preparing, once on this device" words={preparations} at={prepared} />
          ) : (
            <Steps
              label="Stages of a round"
              words={roundStages.map((name) => stageWords[name])}
              at={stage === null ? -1 : roundStages.indexOf(stage)}
            />
          )}
        </div>
      </div>
      <dl className="mt-6 grid grid-cols-2 gap-4 sm:grid-cols-4">
        <Fact
          label="Speed"
          testId="tokens-per-second"
          value={view.tokensPerSecond}
          text={view.tokensPerSecond === null ? "not yet" : `${compact(view.tokensPerSecond)} tokens/s`}
        />
        <Fact
          label="Trained here"
          testId="tokens-trained"
          value={view.tokensTrained}
          text={`${compact(view.tokensTrained)} tokens`}
        />
        <Fact
          label="Your work is in"
          testId="rounds-contributed"
          value={view.roundsContributed}
          text={plural(view.roundsContributed, "round")}
          yours={view.roundsContributed > 0}
        />
        <Fact
          label="Body here"
          testId="body-number"
          value={view.body?.number ?? null}
          text={view.body === null ? "none yet" : `number ${count(view.body.number)}`}
        />
      </dl>
    </Section>
  );
}

function Fact({
  label,
  testId,
  value,
  text,
  yours = false,
}: {
  label: string;
  testId: string;
  value: number | null;
  text: string;
  yours?: boolean;
}) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-muted">{label}</dt>
      <dd className={`font-semibold ${yours ? "text-lamp" : ""}`}>
        <data value={value === null ? "" : String(value)} data-testid={testId}>
          {text}
        </data>
      </dd>
    </div>
  );
}

function Doing({
  activity,
  round,
  now,
  onCancel,
}: {
  activity: Activity;
  round: RoundView | null;
  now: Millis;
  onCancel: () => void;
}) {
  const reached = reachedWords(round);
  switch (activity.kind) {
    case "working":
      return <Working task={activity.task} now={now} onCancel={onCancel} />;
    case "waiting":
      return <Wait waiting={activity.waiting} now={now} />;
    case "paused":
      return (
        <p className="font-medium" data-testid="paused">
          {reached === null ? "Paused; what was made here is kept." : `Paused at ${reached}; kept.`} Nothing
          is computed until you resume.
        </p>
      );
    case "failed":
      return (
        <p role="alert" className="font-medium text-bad">
          {activity.message}
          {activity.retryAt !== null && `. Trying again in ${duration(activity.retryAt - now)}.`}
          {reached !== null && ` What was trained, up to ${reached}, is kept.`}
        </p>
      );
    default:
      return null;
  }
}

function Working({ task, now, onCancel }: { task: Task; now: Millis; onCancel: () => void }) {
  const elapsed = Math.max(0, now - task.startedAt);
  const left = task.done < task.of ? timeLeft(task.done, task.of, elapsed) : null;
  return (
    <div data-testid="task" data-task={task.kind}>
      <p className="font-medium">{taskWords[task.kind]}</p>
      <p className="mb-1 flex flex-wrap justify-between gap-x-4 text-sm text-muted">
        <span className="figure">{progressWords(task)}</span>
        <span className="figure">
          {duration(elapsed)} so far{left === null ? "" : `, about ${duration(left)} left`}
        </span>
      </p>
      <Meter label={taskWords[task.kind]} share={task.of > 0 ? task.done / task.of : null} tone="lamp" />
      {preparing.includes(task.kind) && (
        <Button className="mt-3" onClick={onCancel}>
          Cancel
        </Button>
      )}
    </div>
  );
}

function Wait({ waiting, now }: { waiting: Waiting; now: Millis }) {
  const until = "until" in waiting && waiting.until !== null ? waiting.until : null;
  return (
    <div data-testid="waiting" data-for={waiting.for}>
      <p className="font-medium">{waitingWords(waiting)}</p>
      <p className="figure text-sm text-muted">
        {duration(now - waiting.since)} so far
        {until !== null ? `, at most ${duration(until - now)} more` : ""}
      </p>
    </div>
  );
}

function shareOf({ activity, round }: View): number {
  if (activity.kind === "working" && activity.task.of > 0)
    return Math.min(1, activity.task.done / activity.task.of);
  return round?.stage === "train" ? round.step / round.localSteps : 0;
}

const radius = 52;
const around = 2 * Math.PI * radius;

/** A quarter of the ring a stage: those behind are full, the present one fills. */
function Ring({ stage, share, round }: { stage: RoundStage | null; share: number; round: number | null }) {
  const at = stage === null ? -1 : roundStages.indexOf(stage);
  const part = around / roundStages.length;
  const gap = 8;
  return (
    <svg viewBox="0 0 128 128" className="size-32 shrink-0" aria-hidden="true" focusable="false">
      <g transform="rotate(-90 64 64)" fill="none" strokeWidth="10">
        {roundStages.map((name, i) => {
          const filled = i < at ? 1 : i === at ? (name === "wait" ? 1 : share) : 0;
          const length = (part - gap) * filled;
          return (
            <g key={name}>
              <circle
                cx="64"
                cy="64"
                r={radius}
                stroke="var(--line)"
                strokeDasharray={`${part - gap} ${around}`}
                strokeDashoffset={-i * part}
              />
              {length > 0.5 && (
                <circle
                  cx="64"
                  cy="64"
                  r={radius}
                  stroke={i === at ? "var(--lamp-fill)" : "var(--run-fill)"}
                  strokeDasharray={`${length} ${around}`}
                  strokeDashoffset={-i * part}
                />
              )}
            </g>
          );
        })}
      </g>
      <text x="64" y="58" textAnchor="middle" fontSize="14" fill="var(--muted)">
        round
      </text>
      <text x="64" y="84" textAnchor="middle" fontSize="26" fontWeight="600" fill="var(--ink)">
        {round ?? "–"}
      </text>
    </svg>
  );
}

const preparations = preparing.map((kind) => taskWords[kind]);

const drawn = 600;
const kept = 0.95;

/** Bits per byte: what each body knows of this device's text, and how training goes right now. */
export function Learning({ view, colour }: { view: View; colour: string }) {
  const { scores, losses } = view;
  const [first, last] = [scores[0], scores.at(-1)];
  const training = useMemo(() => {
    const all = losses.map(({ bitsPerByte }) => bitsPerByte);
    const smoothed = smooth(all, kept);
    const picked = thinned(losses.length, drawn);
    return {
      x: picked.map((i) => losses[i]!.step),
      lines: [
        { label: "each step", colour, faint: true, values: picked.map((i) => all[i]!) },
        { label: "smoothed", colour, values: picked.map((i) => smoothed[i]!) },
      ],
    };
  }, [losses, colour]);
  const measured = useMemo(
    () => ({
      x: scores.map(({ body }) => body),
      lines: [{ label: "held-out text", colour, values: scores.map(({ bitsPerByte }) => bitsPerByte) }],
    }),
    [scores, colour],
  );
  return (
    <Section id="learning" title="Is it learning?">
      {first !== undefined && last !== undefined ? (
        <p className="mb-4">
          <data
            value={last.bitsPerByte}
            data-testid="bits-per-byte"
            className="text-title font-semibold text-lamp"
          >
            {fixed(last.bitsPerByte, 2)}
          </data>{" "}
          bits per byte on text it has never seen
          {scores.length > 1 && `, was ${fixed(first.bitsPerByte, 2)} when you came`}: lower is better.
        </p>
      ) : (
        <p className="mb-4 text-muted">The first measurement comes with the first body.</p>
      )}
      <div className="grid gap-6 md:grid-cols-2">
        <div className="min-w-0">
          <h3 className="mb-2 text-sm text-muted">While it trains here</h3>
          <LineChart
            title="Training loss on this device, in bits per byte, over local steps"
            xTitle="local step"
            yTitle="bits per byte"
            {...training}
            height={220}
            formatY={two}
            empty="The curve begins with the first local step."
            testId="chart-losses"
          />
        </div>
        <div className="min-w-0">
          <h3 className="mb-2 text-sm text-muted">Each body, on held-out text</h3>
          <LineChart
            title="Held-out bits per byte of each body on this device's text"
            xTitle="body"
            yTitle="bits per byte"
            {...measured}
            height={220}
            formatY={two}
            empty="The first point comes when this device has measured its first body."
            testId="chart-scores"
          />
        </div>
      </div>
    </Section>
  );
}

const two = (value: number) => fixed(value, 2);
