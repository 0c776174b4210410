// Pause, finish this round and stop, leave and forget: always in sight while this device takes part.

import type { Command, Intensity, View } from "@homebody/volunteer/view";
import { dutyCycle } from "@homebody/volunteer/view";
import { useState } from "react";
import { percent } from "../format/numbers.ts";
import { Confirm } from "../ui/Confirm.tsx";
import { Button, Choices } from "../ui/pieces.tsx";

const intensities: readonly { readonly value: Intensity; readonly label: string }[] = [
  { value: "quiet", label: "Quiet" },
  { value: "balanced", label: "Balanced" },
  { value: "full", label: "Full" },
];

export function IntensityChoice({
  value,
  onChange,
}: {
  value: Intensity;
  onChange: (intensity: Intensity) => void;
}) {
  const share = dutyCycle[value];
  return (
    <Choices
      legend="How hard may it work?"
      name="intensity"
      value={value}
      options={intensities}
      onChange={onChange}
      hint={
        share === 1
          ? "Computes all the time."
          : `Computes ${percent(share)} of the time and rests in between.`
      }
    />
  );
}

export function Controls({ view, send }: { view: View; send: (command: Command) => void }) {
  const paused = view.activity.kind === "paused";
  return (
    <div className="flex flex-wrap items-end gap-x-6 gap-y-4">
      <IntensityChoice
        value={view.intensity}
        onChange={(intensity) => send({ kind: "intensity", intensity })}
      />
      <div className="flex flex-wrap gap-2">
        <Button
          kind={paused ? "primary" : "plain"}
          onClick={() => send({ kind: paused ? "resume" : "pause" })}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
        <Button disabled={view.finishing} onClick={() => send({ kind: "finish" })}>
          {view.finishing ? "Stops after this round" : "Finish this round and stop"}
        </Button>
        <Forget send={send} />
      </div>
    </div>
  );
}

export function Forget({ send }: { send: (command: Command) => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button kind="danger" onClick={() => setAsking(true)}>
        Leave and forget
      </Button>
      {asking && (
        <Confirm
          title="Leave this run and forget it?"
          yes="Leave and forget"
          danger
          onNo={() => setAsking(false)}
          onYes={() => {
            setAsking(false);
            send({ kind: "forget" });
          }}
        >
          <p>
            Everything of this run on this device is deleted: your text as it was read here, the vocabulary,
            the embeddings, a delta that was not sent yet, and this device's name in the run.
          </p>
          <p>Deltas that were accepted stay in the body: they cannot be taken out again.</p>
        </Confirm>
      )}
    </>
  );
}
