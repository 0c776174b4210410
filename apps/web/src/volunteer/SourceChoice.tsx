// Choose your words: each source in its own script, how many work on it now, and where its text comes from.

import type { SourceId } from "@homebody/base";
import { leastTextBytes } from "@homebody/dept";
import type { ManifestSource, PresenceReport, RunManifest } from "@homebody/protocol";
import { englishName } from "../format/languages.ts";
import { bytes, plural } from "../format/numbers.ts";
import { languageBeside } from "../run/source-names.ts";
import { SourceMark } from "../ui/SourceMark.tsx";

export interface SourceChoiceProps {
  readonly manifest: RunManifest;
  readonly presence: PresenceReport | null;
  readonly chosen: SourceId | null;
  /** Whether it is open to this device, as far as that is known here. */
  readonly isOpen: (source: ManifestSource) => boolean;
  readonly onChoose: (source: SourceId) => void;
}

export function SourceChoice({ manifest, presence, chosen, isOpen, onChoose }: SourceChoiceProps) {
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">Source of your words</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {manifest.sources.map((source, index) => {
          const here = presence?.counts?.connected[source.id] ?? 0;
          return (
            <label
              key={source.id}
              className="flex min-h-11 items-start gap-3 rounded-lg border border-edge p-3 has-checked:border-run has-checked:bg-run-soft has-disabled:bg-sunk has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-run"
            >
              <input
                type="radio"
                name="source"
                value={source.id}
                checked={chosen === source.id}
                disabled={!isOpen(source)}
                onChange={() => onChoose(source.id)}
                className="mt-1 size-5 shrink-0 accent-(--run) focus-visible:outline-none"
              />
              <span className="min-w-0 flex-1">
                <span className="flex items-center gap-2 font-medium">
                  <span dir="auto">{source.title}</span>
                  <SourceMark index={index} />
                </span>
                <span className="block text-sm text-muted">
                  <Language {...source} />
                  {source.served
                    ? `The host lends the text (${bytes(source.served.trainBytes)}). `
                    : `You bring the text, ${bytes(leastTextBytes(manifest))} or more. `}
                  {here === 0 ? "Nobody yet." : `${plural(here, "volunteer")} now.`}
                  {admissionWords(source, isOpen(source))}
                </span>
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

function admissionWords({ admission }: ManifestSource, isOpen: boolean): string {
  switch (admission) {
    case "open":
      return "";
    case "code":
      return isOpen ? " You are invited." : " By invitation: open the link that the host has sent you.";
    case "approval":
      return " The host lets each device in.";
    default:
      return admission satisfies never;
  }
}

/** After the title, which leads: the language by its own name and in English, but for what the title says. */
function Language({ title, language }: Pick<ManifestSource, "title" | "language">) {
  const own = languageBeside({ title, language });
  const english = englishName(language);
  const isSaid = [title, own].some((said) => said?.toLocaleLowerCase() === english.toLocaleLowerCase());
  return (
    <>
      {own !== null && (
        <span lang={language} dir="auto">
          {own}
        </span>
      )}
      {own !== null && !isSaid && ", "}
      {!isSaid && english}
      {(own !== null || !isSaid) && ". "}
    </>
  );
}
