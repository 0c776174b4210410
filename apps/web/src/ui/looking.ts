// Files that were picked, looked at while the page waits for what to do with them.

import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { LookMessage, LookRequest, TextLook } from "@homebody/volunteer/looking";
import { useEffect, useState } from "react";

/** For whom text is brought: the source of a run asks for so much of it. */
export interface ForSource {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
}

/** Null while there are no files, and until all were looked at. */
export function useTextLook(files: readonly File[], whose: ForSource | null): TextLook | null {
  const [seen, setSeen] = useState<{ readonly files: readonly File[]; readonly look: TextLook } | null>(null);
  const rules = whose?.manifest ?? null;
  const source = whose?.source.id ?? null;
  useEffect(() => {
    if (files.length === 0) return;
    const asked =
      rules === null || source === null
        ? null
        : { rules: { heldOut: rules.heldOut, training: { seed: rules.training.seed } }, source };
    return look({ files, asked }, (look) => setSeen({ files, look }));
  }, [files, rules, source]);
  return seen?.files === files && files.length > 0 ? seen.look : null;
}

/** Returns what ends it; then nothing is said any more. */
function look(request: LookRequest, say: (look: TextLook) => void): () => void {
  let worker: Worker | undefined;
  let over = false;
  const end = () => {
    over = true;
    worker?.terminate();
  };
  const fail = (message: string) => {
    if (over) return;
    end();
    const problem = { file: null, message: `Your files cannot be read here: ${message}` };
    say({ files: request.files.map(() => null), textBytes: 0, problems: [problem] });
  };
  const begin = async () => {
    const { lookingWorker } = await import("@homebody/volunteer/looking");
    if (over) return;
    worker = lookingWorker();
    worker.addEventListener("message", ({ data }: MessageEvent<LookMessage>) => {
      if ("failed" in data) return fail(data.failed);
      end();
      say(data.look);
    });
    worker.addEventListener("error", ({ message }) => fail(message || "the reader did not start"));
    worker.postMessage(request);
  };
  begin().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  return end;
}
