// What it has learnt in your words: a prompt, and how the model goes on with this device's own embeddings, before and now
// side by side.

import type { Command, View } from "@homebody/volunteer/view";
import { useState } from "react";
import { ownName } from "../format/languages.ts";
import { Button, Section } from "../ui/pieces.tsx";

const tokens = 60;

export function Sampling({
  view,
  language,
  send,
}: {
  view: View;
  language: string | null;
  send: (command: Command) => void;
}) {
  const [written, setPrompt] = useState<string | null>(null);
  const { sampling } = view;
  const prompt = written ?? view.vocabulary?.opening ?? "";
  const ready = view.body !== null && view.vocabulary !== null;
  const goesOn = sampling !== null && !sampling.done;
  const lang = language ?? undefined;
  return (
    <Section id="sampling" title="What it has learnt in your words">
      <form
        className="flex flex-wrap items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          send(goesOn ? { kind: "stop-sample" } : { kind: "sample", prompt, tokens });
        }}
      >
        <label className="min-w-0 flex-1 basis-60 text-sm text-muted">
          Begin a sentence{language ? ` in ${ownName(language)}` : ""}
          <input
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
            maxLength={500}
            lang={lang}
            dir="auto"
            className="mt-1 block min-h-11 w-full rounded-lg border border-edge bg-paper px-3 text-base text-ink"
          />
        </label>
        <Button
          type="submit"
          className="min-w-48"
          disabled={!goesOn && (!ready || prompt.trim() === "")}
          data-testid="sample-button"
        >
          {goesOn ? "Stop" : "Let the model go on"}
        </Button>
      </form>
      <p className="mt-2 text-sm text-muted">
        {ready
          ? "It is a small model and has read little: expect the sound of the language before its sense. Nothing of this leaves your device."
          : "As soon as this device has a body and its vocabulary, you can try it here."}
      </p>
      {sampling && (
        <div className="mt-4 grid gap-4 sm:grid-cols-2" aria-live="polite" aria-busy={goesOn}>
          <Passage
            title="When you came"
            prompt={sampling.prompt}
            text={sampling.before}
            lang={lang}
            goesOn={goesOn}
          />
          <Passage
            title={`Now, body ${sampling.body}`}
            prompt={sampling.prompt}
            text={sampling.text}
            lang={lang}
            goesOn={goesOn}
            now
          />
        </div>
      )}
    </Section>
  );
}

function Passage({
  title,
  prompt,
  text,
  lang,
  goesOn,
  now = false,
}: {
  title: string;
  prompt: string;
  text: string | null;
  lang: string | undefined;
  goesOn: boolean;
  now?: boolean;
}) {
  return (
    <div className={`min-w-0 rounded-lg p-4 ${now ? "bg-lamp-soft" : "bg-sunk"}`}>
      <h3 className="text-sm text-muted">{title}</h3>
      {text === null ? (
        <p className="text-muted">Not kept on this device.</p>
      ) : (
        <p
          lang={lang}
          dir="auto"
          data-testid={now ? "sample-now" : "sample-before"}
          className="whitespace-pre-wrap"
        >
          <span className="text-muted">{prompt}</span>
          {text}
          {goesOn && (
            <span aria-hidden="true" className="text-muted">
              {" …"}
            </span>
          )}
        </p>
      )}
    </div>
  );
}
