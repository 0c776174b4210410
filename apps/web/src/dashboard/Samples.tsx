// How the model goes on in each source whose words are sections of the body, as the coordinator's side made it.

import type { Figures } from "@homebody/coordinator";
import { sharesWords } from "@homebody/dept";
import { isSampled, type RunSample, sampleSettings } from "@homebody/protocol";
import { Section } from "../ui/pieces.tsx";
import { SourceName } from "../ui/SourceMark.tsx";

export function Samples({ figures, samples }: { figures: Figures; samples: readonly RunSample[] }) {
  const { manifest, finished, rounds } = figures;
  const shared = new Set(
    manifest.sources.filter((source) => sharesWords(manifest, source)).map(({ id }) => id),
  );
  const shown = figures.sources.flatMap((source, index) => {
    const sample = samples.find((one) => one.source === source.id);
    return shared.has(source.id) ? [{ source, index, sample }] : [];
  });
  if (shown.length === 0) return null;
  const body = figures.bodies.at(-1)?.number ?? 0;
  const next = Array.from({ length: 10 }, (_, i) => body + 1 + i).find((one) => isSampled(one, rounds));
  const { temperature, topK } = sampleSettings;
  return (
    <Section id="samples" title="How it writes">
      <p className="mb-4 text-sm text-muted">
        Every tenth round, and after the last, the coordinator lets the model go on from the first words of a
        text that it was not trained on: by chance, at temperature {temperature}, among the {topK} likeliest
        tokens. The same body, prompt and seed give the same text. Expect the sound of a language before its
        sense.
      </p>
      <ul className="grid gap-4 md:grid-cols-2">
        {shown.map(({ source, index, sample }) => (
          <li key={source.id} className="min-w-0 rounded-lg bg-sunk p-4">
            <h3 className="text-sm font-medium">
              <SourceName index={index} {...source} />
            </h3>
            {sample ? (
              <Sample sample={sample} lang={source.language} />
            ) : (
              <p className="mt-2 text-sm text-muted">
                {finished || next === undefined ? "None was made." : `One comes after round ${next}.`}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Sample({ sample, lang }: { sample: RunSample; lang: string }) {
  const { source, body, seed, prompt, text } = sample;
  return (
    <>
      <p
        lang={lang}
        dir="auto"
        className="mt-2 whitespace-pre-wrap break-words"
        data-testid={`sample-${source}`}
      >
        <span className="text-muted">{prompt}</span>
        {text}
      </p>
      <p className="mt-2 text-sm text-muted">
        Body {body}, seed {seed},{" "}
        {prompt === "" ? (
          "without a prompt."
        ) : (
          <>
            prompt <q lang={lang}>{prompt}</q>.
          </>
        )}
      </p>
    </>
  );
}
