// Models to download, where the coordinator has words too: made in the browser of what it serves [V46].

import type { Figures } from "@homebody/coordinator";
import { useState } from "react";
import { ModelDownload } from "../model/ModelDownload.tsx";
import type { MakeModel } from "../model/making.ts";
import { modelsIn } from "../model/models-in.ts";
import { distinctNames } from "../run/source-names.ts";
import { Section, Select } from "../ui/pieces.tsx";

export function Models({ figures, make }: { figures: Figures; make: MakeModel | undefined }) {
  const models = modelsIn(figures);
  const [picked, setPicked] = useState<string | null>(null);
  const chosen = models.find((source) => source?.id === picked) ?? models[0];
  if (chosen === undefined) return null;
  const source = chosen?.id ?? null;
  return (
    <Section id="models" title="A model to download">
      <p className="mb-4 max-w-prose text-sm text-muted">
        {source === null
          ? "The latest body is a whole model, with the words of all sources."
          : "The latest body, with the words of one source."}{" "}
        It is put together in your browser.
      </p>
      <div className="space-y-4">
        {chosen !== null && (
          <Select
            label="Whose words"
            value={chosen.id}
            options={named(models.filter((one) => one !== null))}
            onChange={setPicked}
            testId="model-source"
          />
        )}
        <ModelDownload
          key={source}
          label="Download the model"
          ask={(format) => ({ kind: "run", figures, source, format })}
          make={make}
        />
      </div>
    </Section>
  );
}

function named(sources: Figures["manifest"]["sources"]) {
  const names = distinctNames(sources);
  return sources.map(({ id }, i) => ({ value: id, label: names[i]! }));
}
