// Her own model: the body with her words, made here of what this device keeps [V44].

import type { RunId, SourceId } from "@homebody/base";
import { ModelDownload } from "../model/ModelDownload.tsx";
import type { MakeModel } from "../model/making.ts";
import { Section } from "../ui/pieces.tsx";

export function YourModel({
  run,
  source,
  make,
}: {
  readonly run: RunId;
  readonly source: SourceId;
  readonly make: MakeModel | undefined;
}) {
  return (
    <Section id="your-model" title="Your model">
      <p className="mb-4 max-w-prose">
        The body and the words on this device together are a model, and it is yours to keep, to run and to
        give away. It is made here, of what this device keeps; nothing is sent for it.
      </p>
      <ModelDownload
        label="Download your model"
        ask={(format) => ({ kind: "own", run, source, format })}
        make={make}
      />
    </Section>
  );
}
