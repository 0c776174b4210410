// The page's end of a trial: the text that was chosen, the worker that learns from it, and how it went. It outlives the
// page's own parts, so looking at the dashboard does not stop it. Cancelling ends the worker, and all that it had.

import type { RunManifest } from "@homebody/protocol";
import type { TextProblem } from "@homebody/volunteer/looking";
import type {
  TrialBody,
  TrialMessage,
  TrialProgress,
  TrialRequest,
  TrialResult,
} from "@homebody/volunteer/trial";
import { createStore, type Store } from "../state/store.ts";
import type { WorkerLike } from "../state/worker-like.ts";

export interface ChosenText {
  readonly files: readonly File[];
  readonly pasted: string;
}

export type TrialPhase =
  /** `problems`: of the text as it is; they go when it changes. */
  | { readonly kind: "choosing"; readonly problems: readonly TextProblem[] }
  | { readonly kind: "running"; readonly body: number; readonly progress: TrialProgress | null }
  | { readonly kind: "done"; readonly body: number; readonly result: TrialResult }
  | { readonly kind: "failed"; readonly message: string };

export interface TrialState {
  readonly text: ChosenText;
  readonly phase: TrialPhase;
}

export interface Trial {
  readonly state: Pick<Store<TrialState>, "get" | "subscribe">;
  choose(text: ChosenText): void;
  start(manifest: RunManifest, body: TrialBody): void;
  cancel(): void;
  /** Back to the choice, with no text. */
  again(): void;
}

type TrialWorker = WorkerLike<TrialRequest, TrialMessage>;

export const untried: TrialState = {
  text: { files: [], pasted: "" },
  phase: { kind: "choosing", problems: [] },
};

export function openTrial(startWorker: () => Promise<TrialWorker>): Trial {
  const store = createStore<TrialState>(untried);
  /** Of the trial that goes on; what comes of any other is not heard. */
  let current = {};
  let worker: TrialWorker | undefined;

  const show = (phase: TrialPhase) => store.change({ phase });

  function end(): void {
    current = {};
    worker?.terminate();
    worker = undefined;
  }

  function fail(message: string): void {
    end();
    show({ kind: "failed", message });
  }

  function hear(message: TrialMessage, body: number): void {
    switch (message.kind) {
      case "progress":
        show({ kind: "running", body, progress: message.progress });
        return;
      case "refused":
        end();
        show({ kind: "choosing", problems: message.problems });
        return;
      case "done":
        end();
        show({ kind: "done", body, result: message.result });
        return;
      case "failed":
        fail(message.message);
        return;
      default:
        message satisfies never;
    }
  }

  async function begin(mine: object, request: TrialRequest): Promise<void> {
    const started = await startWorker();
    if (current !== mine) return started.terminate(); // cancelled before there was one
    worker = started;
    const heard = (act: () => void) => {
      if (current === mine) act();
    };
    started.addEventListener("message", ({ data }) => heard(() => hear(data, request.body.number)));
    started.addEventListener("error", ({ message }) => heard(() => fail(message || "it did not start")));
    started.postMessage(request);
  }

  return {
    state: store,
    choose: (text) => store.set({ text, phase: { kind: "choosing", problems: [] } }),
    start(manifest, body) {
      end();
      const mine = {};
      current = mine;
      show({ kind: "running", body: body.number, progress: null });
      begin(mine, { manifest, body, ...store.get().text }).catch((error: unknown) => {
        if (current === mine) fail(error instanceof Error ? error.message : String(error));
      });
    },
    cancel() {
      end();
      show({ kind: "choosing", problems: [] });
    },
    again() {
      end();
      store.set(untried);
    },
  };
}
