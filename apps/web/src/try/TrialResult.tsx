// What a trial found: one sentence with the numbers, the curves, and how it was done.

import type { TrialResult as Result } from "@homebody/volunteer/trial";
import { bytes, count, fixed, plural } from "../format/numbers.ts";
import { duration } from "../format/times.ts";
import { Button, Figure, Notice, Section, type Tone } from "../ui/pieces.tsx";
import { Curves } from "./Curves.tsx";
import { type Verdict, verdictOf } from "./sentences.ts";

const tones: Readonly<Record<Verdict["kind"], Tone>> = { ahead: "good", level: "calm", behind: "warn" };

export function TrialResult({
  body,
  result,
  onAgain,
}: {
  body: number;
  result: Result;
  onAgain: () => void;
}) {
  const { kind, title, sentence } = verdictOf(result);
  const { steps, last, otherLast, reachedAfter } = result;
  return (
    <>
      <div data-kind={kind} data-testid="verdict">
        <Notice tone={tones[kind]} title={title}>
          <p className="max-w-prose">{sentence}</p>
        </Notice>
      </div>
      <Section
        id="trial"
        title={`Body ${body} beside a random one`}
        aside={<Button onClick={onAgain}>Try other text</Button>}
      >
        <dl className="mb-6 grid grid-cols-2 gap-4 md:grid-cols-3">
          <Figure
            label="With this body"
            value={last}
            testId="trial-last"
            note={`bits per byte after ${plural(steps, "step")}`}
          >
            {fixed(last, 2)}
          </Figure>
          <Figure
            label="With a random body"
            value={otherLast}
            testId="trial-other-last"
            note={`bits per byte after ${plural(steps, "step")}`}
          >
            {fixed(otherLast, 2)}
          </Figure>
          {kind === "ahead" && reachedAfter !== null && (
            <Figure
              label="As far as the random body got"
              value={reachedAfter}
              testId="trial-reached"
              note={`of ${count(steps)} steps`}
            >
              {count(reachedAfter)}
            </Figure>
          )}
        </dl>
        <Curves curves={result.curves} />
        <p className="mt-4 max-w-prose text-sm text-muted" data-testid="trial-how">
          {how(result)}
        </p>
      </Section>
    </>
  );
}

function how({ text, device, plan, steps, tookMs }: Result): string {
  const { usedBytes, givenBytes, heldOutBytes, vocabulary } = text;
  const used =
    usedBytes < givenBytes
      ? `Of your ${bytes(givenBytes)} of text the first ${bytes(usedBytes)} were used`
      : `Your ${bytes(usedBytes)} of text were used`;
  const on = device.backend === "webgpu" ? `${device.adapter}, WebGPU` : "the processor, WebAssembly";
  const early =
    steps < plan.steps
      ? ` It became slower on the way, so both ended after ${steps} of ${plan.steps} steps.`
      : "";
  return `${used}; ${bytes(heldOutBytes)} of it were set aside to measure on. Its vocabulary has ${plural(vocabulary, "token")}. It took ${duration(tookMs)} on this device (${on}).${early} One text and one try: a hundredth more or less means nothing.`;
}
