// For developers, at ?profile: where the time of a training step of this run's model goes on this device.

import {
  type ProfileMessage,
  type ProfileReport,
  profileWorker,
  type TimeSum,
} from "@homebody/volunteer/profile";
import { useEffect, useRef, useState } from "react";
import { bytes, compact, count, fixed, percent, plural } from "../format/numbers.ts";
import { PageHeading } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { stateSentence } from "../run/run-sentences.ts";
import { Announce, Button, Figure, Meter, Notice, Section } from "../ui/pieces.tsx";

export type ProfileState =
  | { readonly kind: "idle" }
  | { readonly kind: "measuring" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "done"; readonly report: ProfileReport };

export function ProfilePage({ run }: { run: FeedState }) {
  const [state, setState] = useState<ProfileState>({ kind: "idle" });
  const worker = useRef<Worker | null>(null);
  useEffect(() => () => worker.current?.terminate(), []);
  const { manifest, figures } = run;
  const source = manifest?.sources[0];

  function measure(): void {
    if (manifest === null || source === undefined) return;
    worker.current ??= profileWorker();
    worker.current.onmessage = ({ data }: MessageEvent<ProfileMessage>) =>
      setState(data.kind === "report" ? { kind: "done", report: data.report } : data);
    worker.current.postMessage({
      model: manifest.model,
      vocabulary: source.vocabulary,
      rows: manifest.training.batch,
    });
    setState({ kind: "measuring" });
  }

  return (
    <ProfileView
      state={state}
      ready={source !== undefined}
      over={figures?.finished ? stateSentence(figures).sentence : null}
      measure={measure}
    />
  );
}

export function ProfileView({
  state,
  ready,
  over,
  measure,
}: {
  state: ProfileState;
  ready: boolean;
  /** Of a finished run. */
  over: string | null;
  measure: () => void;
}) {
  return (
    <div className="grid gap-6">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <div>
          <PageHeading>Profile of the engine</PageHeading>
          <p className="text-muted">
            One training step of this run’s model on this device, kernel by kernel. Nothing is sent.
          </p>
          {over !== null && (
            <p className="mt-1 text-sm text-muted" data-testid="over">
              {over}
            </p>
          )}
        </div>
        <Button kind="primary" onClick={measure} aria-disabled={!ready || state.kind === "measuring"}>
          {state.kind === "done" ? "Measure again" : "Measure"}
        </Button>
      </div>
      <Announce>{announcements[state.kind]}</Announce>
      {state.kind === "measuring" && <Meter label="Measuring, some seconds" share={null} />}
      {state.kind === "failed" && (
        <Notice tone="bad" title="The measurement failed">
          {state.message}
        </Notice>
      )}
      {state.kind === "done" && <Report report={state.report} />}
    </div>
  );
}

const announcements: Readonly<Record<ProfileState["kind"], string>> = {
  idle: "",
  measuring: "Measuring.",
  failed: "The measurement failed.",
  done: "Measured.",
};

function Report({ report }: { report: ProfileReport }) {
  const { backend, adapter, tuning, threads, kernels, regions } = report;
  const engine = backend === "webgpu" ? "WebGPU" : `WebAssembly, ${plural(threads, "core")}`;
  return (
    <>
      <Section id="step" title="A step">
        <p className="mb-4 text-muted">
          {engine}: {adapter}.{tuning && ` Kernels: ${tuning}.`}
        </p>
        <dl className="grid grid-cols-2 gap-4 md:grid-cols-4">
          {figuresOf(report).map(({ label, value, shown }) => (
            <Figure key={label} label={label} value={value} testId={`profile-${label.toLowerCase()}`}>
              {shown}
            </Figure>
          ))}
        </dl>
      </Section>
      {kernels === null || regions === null ? (
        <Notice tone="warn" title="No times of kernels">
          This device has no clock for them: WebGPU’s timestamp queries.
        </Notice>
      ) : (
        <>
          <p className="text-sm text-muted">
            Each kernel by itself, by the device’s clock, which browsers may round to a tenth of a
            millisecond.
          </p>
          <Kernels id="kernels" title="By kernel" rows={kernels} first="Kernel" />
          <Kernels id="regions" title="By region of the model" rows={regions} first="Region" />
        </>
      )}
    </>
  );
}

function figuresOf(report: ProfileReport) {
  const { stepMs, hostMs, tokens, parameters, tensorBytes, dispatches, submits } = report;
  const speed = (1000 * tokens) / stepMs;
  return [
    { label: "Step", value: stepMs, shown: milliseconds(stepMs) },
    { label: "Tokens/s", value: speed, shown: compact(speed) },
    { label: "Tokens", value: tokens, shown: count(tokens) },
    {
      label: "JavaScript",
      value: hostMs ?? stepMs,
      shown: hostMs === null ? "all of it" : milliseconds(hostMs),
    },
    { label: "Parameters", value: parameters, shown: compact(parameters) },
    { label: "Memory", value: tensorBytes, shown: bytes(tensorBytes) },
    { label: "Dispatches", value: dispatches, shown: count(dispatches) },
    { label: "Submits", value: submits, shown: count(submits) },
  ];
}

function Kernels({
  id,
  title,
  rows,
  first,
}: {
  id: string;
  title: string;
  rows: readonly TimeSum[];
  first: string;
}) {
  const all = rows.reduce((sum, { ms }) => sum + ms, 0);
  const heads = ["Time", "Share", "Dispatches", "GB/s", "GFLOP/s"];
  return (
    <Section id={id} title={title} aside={<span className="text-sm text-muted">{milliseconds(all)}</span>}>
      <table className="w-full border-collapse text-sm tabular-nums" data-testid={`profile-${id}`}>
        <thead>
          <tr className="text-left text-muted">
            <th scope="col" className="py-1 pr-4 font-normal">
              {first}
            </th>
            {heads.map((head, i) => (
              <th key={head} scope="col" className={`font-normal ${cell(i)}`}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, count: times, ms, bytes: moved, flops }) => {
            const cells = [
              milliseconds(ms),
              percent(ms / all),
              count(times),
              rate(moved, ms),
              flops === 0 ? "–" : rate(flops, ms),
            ];
            return (
              <tr key={name} className="border-t border-line">
                <th scope="row" className="py-1 pr-4 text-left font-normal">
                  {name}
                </th>
                {cells.map((text, i) => (
                  <td key={heads[i]} className={cell(i)}>
                    {text}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Section>
  );
}

/** On a phone the first two columns alone. */
const cell = (column: number) =>
  `py-1 pl-4 text-right whitespace-nowrap ${column < 2 ? "" : "hidden sm:table-cell"}`;

const milliseconds = (ms: number) => `${fixed(ms, ms < 10 ? 2 : 1)} ms`;

/** Billions a second. */
function rate(amount: number, ms: number): string {
  const value = amount / ms / 1e6;
  return Number.isFinite(value) ? fixed(value, value < 10 ? 1 : 0) : "–";
}
