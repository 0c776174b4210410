// What this device can do: which engine, whether it computes right, how fast it is and what it takes.

import type { DeviceCheck, View } from "@homebody/volunteer/view";
import { bytes, compact, factor, plural, scientific } from "../format/numbers.ts";
import { Badge, Meter, Section } from "../ui/pieces.tsx";

const engines: Readonly<Record<DeviceCheck["backend"], string>> = {
  webgpu: "Graphics processor (WebGPU)",
  wasm: "Processor (WebAssembly)",
};

export function DeviceCard({ view, problem }: { view: View | null; problem: string | null }) {
  const device = view?.device ?? null;
  const checking = view?.activity.kind === "working" && view.activity.task.kind === "check-device";
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
      {device === null ? (
        problem === null ? (
          <>
            <p className="mb-2 text-muted">
              {checking
                ? "A short calculation with a known result shows whether this device computes right."
                : "Looking for the best way to compute on this device."}
            </p>
            <Meter label="Checking this device" share={null} />
          </>
        ) : (
          <p role="alert" className="text-bad">
            This device cannot train: {problem}. Reloading the page often helps.
          </p>
        )
      ) : (
        <Facts device={device} speed={view?.tokensPerSecond ?? device.tokensPerSecond} />
      )}
    </Section>
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
        <dt className="text-muted">Adapter</dt>
        <dd data-testid="device-adapter">{device.adapter}</dd>
        {device.tuning && (
          <>
            <dt className="text-muted">Kernels</dt>
            <dd data-testid="device-tuning">
              {device.tuning.matmul} tiles, {device.tuning.rows} rows{" "}
              <span className="text-sm text-muted">
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
          <span className="text-sm text-muted">(relative error against known numbers)</span>
        </dd>
        <dt className="text-muted">Speed</dt>
        <dd>{speed === null ? "measured once training starts" : `${compact(speed)} tokens a second`}</dd>
        <dt className="text-muted">Memory</dt>
        <dd>
          {device.memoryBytes > 0
            ? `about ${bytes(device.memoryBytes)} while training`
            : "known once you chose a source"}
        </dd>
      </dl>
      {device.fallback && (
        <p className="mt-3 rounded-lg bg-lamp-soft p-3 text-sm" data-testid="device-fallback">
          {device.fallback}
        </p>
      )}
    </>
  );
}
