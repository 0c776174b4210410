// The page's end of the volunteer: a worker that owns everything and posts Views; the page keeps the latest one.
//
// The worker outlives the page's own parts: looking at the dashboard does not stop it.

import type { Invitation } from "@homebody/protocol";
import type { Command, KeptInvitation, Remembered, View, WorkerMessage } from "@homebody/volunteer/view";
import { createStore, type Store } from "../state/store.ts";

export interface VolunteerState {
  readonly view: View | null;
  /** What this device has of a run; undefined until the worker has said. */
  readonly remembered: Remembered | null | undefined;
  /** That this device keeps. */
  readonly invitation: KeptInvitation | null;
  /** That the page's address held. */
  readonly link: Invitation | "broken" | null;
  /** Why there is no worker. */
  readonly problem: string | null;
}

export interface VolunteerConnection {
  readonly state: Pick<Store<VolunteerState>, "get" | "subscribe">;
  send(command: Command): void;
  /** The page was opened by this link. */
  follow(link: Invitation | "broken"): void;
}

export const untold: VolunteerState = {
  view: null,
  remembered: undefined,
  invitation: null,
  link: null,
  problem: null,
};

/** The part of a Worker that is used. */
export interface WorkerLike {
  postMessage(command: Command): void;
  addEventListener(kind: "message", listener: (event: MessageEvent<WorkerMessage>) => void): void;
  addEventListener(kind: "error", listener: (event: ErrorEvent) => void): void;
}

export function connectVolunteer(start: () => Promise<WorkerLike>): VolunteerConnection {
  const store = createStore<VolunteerState>(untold);
  const worker = start().then((started) => {
    started.addEventListener("message", ({ data }) => hear(data));
    started.addEventListener("error", (event) =>
      store.change({ problem: event.message || "it did not start" }),
    );
    return started;
  });
  worker.catch((error: unknown) =>
    store.change({ problem: error instanceof Error ? error.message : String(error) }),
  );

  function hear(message: WorkerMessage): void {
    switch (message.kind) {
      case "view":
        store.change({ view: message.view });
        return;
      case "remembered":
        store.change({ remembered: message.remembered, invitation: message.invitation });
        return;
      case "invited":
        store.change({ invitation: message.invitation });
        return;
      case "forgotten":
        store.change({ remembered: null, invitation: null });
        return;
      default:
        message satisfies never;
    }
  }

  return {
    state: store,
    follow: (link) => store.change({ link }),
    send: (command) =>
      void worker.then(
        (started) => started.postMessage(command),
        () => undefined, // said in `problem`
      ),
  };
}
