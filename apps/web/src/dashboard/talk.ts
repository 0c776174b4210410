// The page's end of the prompt box: the worker that all sources' models are in, and what they wrote. The worker stays for the next prompt,
// until the run has another body or whoever looks leaves.

import type { RunManifest } from "@homebody/protocol";
import type { MixtureBody, MixtureMessage, MixtureRequest } from "@homebody/volunteer/mixture";
import { createStore, type Store } from "../state/store.ts";
import type { WorkerLike } from "../state/worker-like.ts";

export interface TalkState {
  readonly phase:
    | { readonly kind: "idle" }
    /** `of` is 0 before it is known. */
    | { readonly kind: "loading"; readonly done: number; readonly of: number }
    | { readonly kind: "writing" }
    | { readonly kind: "failed"; readonly message: string };
  readonly prompt: string;
  readonly text: string;
  /** By source, in the order of the last request. */
  readonly weights: readonly number[];
  readonly sources: readonly string[];
}

export interface Talk {
  readonly state: Pick<Store<TalkState>, "get" | "subscribe">;
  ask(manifest: RunManifest, body: MixtureBody, sources: readonly string[], prompt: string): void;
  /** Ends the worker; what was written stays. */
  stop(): void;
}

type MixtureWorker = WorkerLike<MixtureRequest, MixtureMessage>;

const silent: TalkState = { phase: { kind: "idle" }, prompt: "", text: "", weights: [], sources: [] };

export function openTalk(startWorker: () => Promise<MixtureWorker>): Talk {
  const store = createStore(silent);
  let worker:
    | { readonly body: number; readonly sources: string; readonly at: Promise<MixtureWorker> }
    | undefined;
  let asked = 0;

  function end(): void {
    worker?.at.then((at) => at.terminate()).catch(() => {}); // one that did not start has said so
    worker = undefined;
  }

  function fail(message: string): void {
    end();
    store.change({ phase: { kind: "failed", message } });
  }

  function hear(message: MixtureMessage): void {
    switch (message.kind) {
      case "download":
        store.change({ phase: { kind: "loading", done: message.done, of: message.of } });
        return;
      case "text":
        store.change({
          phase: { kind: "writing" },
          text: store.get().text + message.text,
          weights: message.weights,
        });
        return;
      case "done":
        store.change({ phase: { kind: "idle" } });
        return;
      case "failed":
        fail(message.message);
        return;
      default:
        message satisfies never;
    }
  }

  function workerFor(body: number, sources: string): Promise<MixtureWorker> {
    if (worker?.body === body && worker.sources === sources) return worker.at;
    end();
    const mine = { body, sources, at: startWorker() };
    worker = mine;
    mine.at
      .then((at) => {
        const heard = (act: () => void) => {
          if (worker === mine) act();
        };
        at.addEventListener("message", ({ data }) => heard(() => hear(data)));
        at.addEventListener("error", ({ message }) => heard(() => fail(message || "it did not start")));
      })
      .catch(() => {}); // whoever asked hears of it
    return mine.at;
  }

  return {
    state: store,
    ask(manifest, body, sources, prompt) {
      const { kind } = store.get().phase;
      if (kind === "loading" || kind === "writing") return;
      asked += 1;
      store.set({ phase: { kind: "loading", done: 0, of: 0 }, prompt, text: "", weights: [], sources });
      const at = workerFor(body.number, sources.join(" "));
      const mine = worker;
      at.then(
        (one) => one.postMessage({ manifest, body, sources, prompt, seed: `${asked}` }),
        (error: unknown) => {
          if (worker === mine) fail(error instanceof Error ? error.message : String(error));
        },
      );
    },
    stop() {
      end();
      store.change({ phase: { kind: "idle" } });
    },
  };
}
