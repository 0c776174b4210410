// Bodies to download: safetensors with metadata, for as long as the coordinator keeps them.

import { bodiesKept, type Figures } from "@homebody/coordinator";
import { bytes } from "../format/numbers.ts";
import { moment } from "../format/times.ts";
import { sectionTitle } from "../run/section-names.ts";
import { useNow } from "../state/now.ts";
import { Section } from "../ui/pieces.tsx";

export function Bodies({ figures }: { figures: Figures }) {
  const now = useNow();
  const latest = figures.bodies.at(-1)?.number ?? 0;
  return (
    <Section id="bodies" title="Bodies to download">
      <p className="mb-2 text-sm text-muted">
        The shared part of the model as safetensors, named as in Hugging Face's models. Kept:{" "}
        {bodiesKept(figures.manifest)}. Of those of long ago ever fewer are listed here, the journal names
        all.
      </p>
      <ul className="max-h-80 divide-y divide-line overflow-y-auto" data-testid="bodies">
        {[...figures.bodies].reverse().flatMap(({ number, sections, at }) =>
          sections.map(({ name, sha256, sizeBytes }) => {
            const part = sections.length > 1 ? `, ${sectionTitle(name)}` : "";
            const file = sections.length > 1 ? `body-${number}-${name.replace("/", "-")}` : `body-${number}`;
            return (
              <li
                key={`${number} ${name}`}
                className="flex flex-wrap items-center justify-between gap-x-4"
                data-body={number}
              >
                <a
                  href={`/bodies/${sha256}.safetensors`}
                  download={`homebody-${figures.run.slice(0, 8)}-${file}.safetensors`}
                  className="inline-flex min-h-11 items-center"
                  data-sha256={sha256}
                >
                  Body {number}
                  {part}
                  {number === latest ? (figures.finished ? ", the last" : ", the latest") : ""}
                </a>
                <span className="figure text-sm text-muted">
                  {bytes(sizeBytes)}, {moment(at, now)}
                </span>
              </li>
            );
          }),
        )}
      </ul>
    </Section>
  );
}
