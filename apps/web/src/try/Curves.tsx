// The two curves of a trial, side by side.

import type { Curve, TrialCurves } from "@homebody/volunteer/trial";
import { useMemo } from "react";
import { LineChart } from "../charts/LineChart.tsx";
import { fixed } from "../format/numbers.ts";

export function Curves({ curves }: { curves: TrialCurves }) {
  const chart = useMemo(() => {
    const { trained, random } = curves;
    // They take turns: a point is shown when its other is there too.
    const x = random.slice(0, trained.length).map(({ step }) => step);
    const values = (curve: Curve) => x.map((_, i) => curve[i]!.bitsPerByte);
    return {
      x,
      lines: [
        { label: "this body", colour: "--run", values: values(trained) },
        { label: "random", colour: "--source-8", dash: [6, 4], values: values(random) },
      ],
    };
  }, [curves]);
  return (
    <LineChart
      title="Bits per byte on the text that was set aside, over steps, with this body and with a random one"
      xTitle="step"
      yTitle="bits per byte"
      {...chart}
      height={320}
      formatY={(value) => fixed(value, 2)}
      empty="The first points come as soon as both models are measured, before their first step."
      testId="chart-trial"
    />
  );
}
