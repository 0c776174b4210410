// What this device can do: which engine, whether it computes right, how fast it is and what it takes.

import type { DeviceCheck, View } from "@homebody/volunteer/view";
import type { ReactNode } from "react";
import { bytes, compact, factor, plural, scientific } from "../format/numbers.ts";
import { Badge, Button, Meter, Section } from "../ui/pieces.tsx";

const engines: Readonly<Record<DeviceCheck["backend"], string>> = {
  webgpu: "Graphics processor (WebGPU)",
  wasm: "Processor (WebAssembly)",
};

export interface DeviceCardProps {
  readonly view: View | null;
  readonly problem: string | null;
  /** Whether anything was asked of it since the page was opened. */
  readonly isAsked: boolean;
  readonly onCheck: () => void;
  /** What is set of it. */
  readonly children: ReactNode;
}

export function DeviceCard({ view, problem, isAsked, onCheck, children }: DeviceCardProps) {
  const device = view?.device ?? null;
  return (
    <Section
      id="device"
      title="This device"
      aside={
        device ? (
          <Badge tone={device.fallback ? "warn" : "good"} testId="device-verdict">
            {device.fallback ? "ready, the slower way" : "ready"}
          </Badge>
        ) : null
      }
    >
      {problem !== null ? (
        <p role="alert" className="text-bad">
          This device cannot train: {problem}. Reloading the page often helps.
        </p>
      ) : device !== null ? (
        <Facts device={device} speed={view?.tokensPerSecond ?? device.tokensPerSecond} />
      ) : isAsked ? (
        <Checking view={view} />
      ) : (
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <p className="text-muted">This device is checked before it trains.</p>
          <Button onClick={onCheck} data-testid="check-device">
            Check it now
          </Button>
        </div>
      )}
      <div className="mt-4">{children}</div>
    </Section>
  );
}

function Checking({ view }: { view: View | null }) {
  const computes = view?.activity.kind === "working" && view.activity.task.kind === "check-device";
  return (
    <>
      <p className="mb-2 text-muted">
        {computes
          ? "A short calculation with a known result shows whether this device computes right."
          : "Getting the program that trains."}
      </p>
      <Meter label="Checking this device" share={null} />
    </>
  );
}

function Facts({ device, speed }: { device: DeviceCheck; speed: number | null }) {
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-muted">Engine</dt>
        <dd data-testid="device-backend" data-backend={device.backend}>
          {engines[device.backend]}
          {device.backend === "wasm" && `, ${plural(device.threads, "core")}`}
        </dd>
        <dt className="text-muted">Speed</dt>
        <dd>{speed === null ? "measured once training starts" : `${compact(speed)} tokens a second`}</dd>
        <dt className="text-muted">Memory</dt>
        <dd>
          {device.memoryBytes > 0
            ? `about ${bytes(device.memoryBytes)} while training`
            : "known once training starts"}
        </dd>
      </dl>
      {device.fallback && (
        <p className="mt-3 rounded-lg bg-lamp-soft p-3 text-sm" data-testid="device-fallback">
          {device.fallback}
        </p>
      )}
      <details className="mt-1">
        <summary className="min-h-11 text-sm">Details</summary>
        <Particulars device={device} />
      </details>
    </>
  );
}

/** For those who know the words. */
function Particulars({ device }: { device: DeviceCheck }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
      <dt className="text-muted">Adapter</dt>
      <dd data-testid="device-adapter">{device.adapter}</dd>
      {device.tuning && (
        <>
          <dt className="text-muted">Kernels</dt>
          <dd data-testid="device-tuning">
            {device.tuning.matmul} tiles, {device.tuning.rows} rows{" "}
            <span className="text-muted">
              (the fastest of those tried: {factor(device.tuning.gflops)} GFLOP/s)
            </span>
          </dd>
        </>
      )}
      <dt className="text-muted">Self-test</dt>
      <dd>
        right to{" "}
        <data value={device.worstError} data-testid="device-error">
          {scientific(device.worstError)}
        </data>{" "}
        <span className="text-muted">(relative error against known numbers)</span>
      </dd>
    </dl>
  );
}
