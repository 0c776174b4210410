// A model to take along: in which form, and the file.

import { type FormatName, formatNames } from "@homebody/export/format-names";
import { useEffect, useState } from "react";
import { bytes } from "../format/numbers.ts";
import { Button, Meter, Select } from "../ui/pieces.tsx";
import { type MakeModel, makeModel } from "./making.ts";
import type { MadeModel, ModelRequest } from "./requests.ts";

/** What reads a form. */
const readers: Readonly<Record<FormatName, string>> = {
  hf: "transformers, and most other tools",
  gguf: "llama.cpp and what is built on it",
  onnx: "web pages, by transformers.js",
};

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "making" }
  | { readonly kind: "made"; readonly made: MadeModel; readonly url: string }
  | { readonly kind: "failed"; readonly message: string };

export function ModelDownload({
  label,
  ask,
  make = makeModel,
}: {
  /** Of the button. */
  readonly label: string;
  readonly ask: (format: FormatName) => ModelRequest;
  readonly make?: MakeModel | undefined;
}) {
  const [format, setFormat] = useState<FormatName>(formatNames[0]);
  const [state, setState] = useState<State>({ kind: "idle" });
  const url = state.kind === "made" ? state.url : null;
  useEffect(() => {
    if (url !== null) return () => URL.revokeObjectURL(url);
  }, [url]);
  const download = async () => {
    setState({ kind: "making" });
    try {
      const made = await make(ask(format));
      const url = URL.createObjectURL(made.file);
      setState({ kind: "made", made, url });
      save(url, made.name);
    } catch (error) {
      setState({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div>
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <Select
          label="To be read by"
          value={format}
          options={formatNames.map((name) => ({ value: name, label: readers[name] }))}
          onChange={setFormat}
          testId="model-format"
        />
        <Button disabled={state.kind === "making"} onClick={() => void download()}>
          {label}
        </Button>
      </div>
      <div aria-live="polite" className="mt-2 text-sm" data-testid="model-download">
        <Standing state={state} />
      </div>
    </div>
  );
}

function Standing({ state }: { state: State }) {
  switch (state.kind) {
    case "idle":
      return null;
    case "making":
      return (
        <>
          <p className="mb-2 text-muted">It is being put together.</p>
          <Meter label="Putting the model together" share={null} tone="lamp" />
        </>
      );
    case "made":
      return (
        <p>
          <a href={state.url} download={state.made.name} className="inline-flex min-h-11 items-center">
            {state.made.name}
          </a>{" "}
          <span className="text-muted">
            ({bytes(state.made.file.size)}) is with your downloads. Its README.md says what it is.
          </span>
        </p>
      );
    case "failed":
      return (
        <p role="alert" className="text-bad">
          It could not be made. {state.message}
        </p>
      );
  }
}

function save(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
