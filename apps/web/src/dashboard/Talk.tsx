// One prompt box for the whole run: all sources whose words are in the body go on together, in whatever language the prompt is.

import type { Figures } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import { speakingSources } from "@homebody/volunteer/mixture";
import { type FormEvent, useEffect, useState } from "react";
import { bytes, percent } from "../format/numbers.ts";
import { namesOf } from "../run/source-names.ts";
import { useStore } from "../state/store.ts";
import { Button, Notice, Section } from "../ui/pieces.tsx";
import { SourceMark } from "../ui/SourceMark.tsx";
import type { Talk as Talking, TalkState } from "./talk.ts";

export interface TalkProps {
  readonly figures: Figures;
  readonly manifest: RunManifest;
  readonly talk: Talking;
}

export function Talk({ figures, manifest, talk }: TalkProps) {
  const state = useStore(talk.state);
  const [prompt, setPrompt] = useState("");
  useEffect(() => () => talk.stop(), [talk]);
  const body = figures.bodies.at(-1);
  const learnt = new Set<string>(figures.learntFrom);
  const sources =
    body === undefined ? [] : speakingSources(manifest, body).filter(({ id }) => learnt.has(id));
  if (body === undefined || sources.length === 0) return null;
  const busy = state.phase.kind === "loading" || state.phase.kind === "writing";
  const ask = (event: FormEvent) => {
    event.preventDefault();
    talk.ask(
      manifest,
      body,
      sources.map(({ id }) => id),
      prompt,
    );
  };
  return (
    <Section id="talk" title="Let all sources go on">
      <p className="mb-4 max-w-prose text-sm text-muted">
        Begin a text in any of their languages. The models of{" "}
        {sources.length === 1 ? "the source" : `all ${sources.length} sources`} go on from it together, here
        on your device; which of them counts how much follows from the text. What you write is not sent.
      </p>
      <form onSubmit={ask} className="flex flex-wrap items-end gap-3">
        <label className="grow basis-64">
          <span className="mb-1 block text-sm">Beginning of a text</span>
          <input
            className="min-h-11 w-full rounded-lg border border-edge bg-card px-3"
            value={prompt}
            onChange={({ target }) => setPrompt(target.value)}
            data-testid="talk-prompt"
          />
        </label>
        <Button type="submit" kind="primary" disabled={busy}>
          Go on
        </Button>
        {busy && <Button onClick={() => talk.stop()}>Stop</Button>}
      </form>
      <Answer state={state} figures={figures} />
    </Section>
  );
}

function Answer({ state, figures }: { state: TalkState; figures: Figures }) {
  const { phase, prompt, text, weights, sources } = state;
  if (phase.kind === "failed")
    return (
      <Notice tone="bad" title="It did not work on this device" testId="talk-failed">
        <p>{phase.message}</p>
      </Notice>
    );
  const nameOf = namesOf(figures.sources);
  const shares = weights.length === 0 ? [] : sources.map((id, i) => ({ id, share: weights[i]! }));
  return (
    <>
      {phase.kind === "loading" && (
        <p className="mt-4 text-sm text-muted" data-testid="talk-loading">
          {phase.done < phase.of ? `Downloading ${bytes(phase.of)}` : "Reading the prompt"}
        </p>
      )}
      {text !== "" && (
        <p className="mt-4 max-w-prose whitespace-pre-wrap" data-testid="talk-text" dir="auto">
          <span className="text-muted">{prompt}</span>
          {text}
        </p>
      )}
      {shares.length > 0 && (
        <ul className="mt-4 flex flex-wrap gap-x-6 gap-y-1 text-sm" data-testid="talk-weights">
          {shares.map(({ id, share }) => (
            <li key={id} className="flex items-center gap-2">
              <SourceMark index={figures.sources.findIndex((one) => one.id === id)} />
              {nameOf(id)}
              <span className="figure text-muted">{percent(share)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
