// Files that were picked, looked at while the page waits for what to do with them.

import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { Asked, LookMessage, LookRequest, TextLook } from "@homebody/volunteer/looking";
import { useEffect, useState } from "react";

/** For whom text is brought: the source of a run asks for so much of it. */
export interface ForSource {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
}

/** Null while there are no files, and until all were looked at. */
export function useTextLook(files: readonly File[], whose: ForSource | null): TextLook | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  // Its words, since a manifest is another value with each connection, and says the same.
  const asked = whose === null ? "null" : JSON.stringify(askedOf(whose));
  useEffect(() => {
    if (files.length === 0) return;
    return look({ files, asked: JSON.parse(asked) as Asked | null }, (look) =>
      setSeen({ files, asked, look }),
    );
  }, [files, asked]);
  return seen?.files === files && seen.asked === asked && files.length > 0 ? seen.look : null;
}

interface Seen {
  readonly files: readonly File[];
  readonly asked: string;
  readonly look: TextLook;
}

const askedOf = ({ manifest: { heldOut, training }, source }: ForSource): Asked => ({
  rules: { heldOut, training: { seed: training.seed } },
  source: source.id,
});

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
