// The page's end of the volunteer: a worker that owns everything and posts Views; the page keeps the latest one.
//
// The worker outlives the page's own parts: looking at the dashboard does not stop it. It is many times what the page is, so it is
// started by the first command that is for it; what this device has of before the page reads by itself.

import type { Invitation } from "@homebody/protocol";
import { type Kept, usualIntensity } from "@homebody/volunteer/kept";
import type {
  Command,
  Intensity,
  KeptInvitation,
  Remembered,
  View,
  WorkerMessage,
} from "@homebody/volunteer/view";
import { createStore, type Store } from "../state/store.ts";
import type { WorkerLike } from "../state/worker-like.ts";
import { isIn, type Mark } from "./going-on.ts";

export interface VolunteerState {
  readonly view: View | null;
  /** What this device has of a run; undefined until it is read. */
  readonly remembered: Remembered | null | undefined;
  /** That this device keeps. */
  readonly invitation: KeptInvitation | null;
  /** As this device keeps it; what the worker says of it is in the view. */
  readonly intensity: Intensity;
  /** That the page's address held. */
  readonly link: Invitation | "broken" | null;
  /** The worker was asked for. */
  readonly started: boolean;
  /** It took part when the page was last open, and is about to go on. */
  readonly goesOn: boolean;
  /** Why there is no worker. */
  readonly problem: string | null;
}

export interface VolunteerConnection {
  readonly state: Pick<Store<VolunteerState>, "get" | "subscribe">;
  send(command: Command): void;
  /** The page was opened by this link. */
  follow(link: Invitation | "broken"): void;
  /** It does not go on after all. */
  stays(): void;
}

export const untold: VolunteerState = {
  view: null,
  remembered: undefined,
  invitation: null,
  intensity: usualIntensity,
  link: null,
  started: false,
  goesOn: false,
  problem: null,
};

/** It lives as long as the page. */
type VolunteerWorker = Omit<WorkerLike<Command, WorkerMessage>, "terminate">;

export interface VolunteerPorts {
  readonly kept: () => Promise<Kept>;
  readonly start: () => Promise<VolunteerWorker>;
  readonly mark: Mark;
}

export function connectVolunteer({ kept, start, mark }: VolunteerPorts): VolunteerConnection {
  const store = createStore<VolunteerState>({ ...untold, goesOn: mark.read() });
  void kept().then((found) => store.change(found));
  let worker: Promise<VolunteerWorker> | undefined;

  async function open(): Promise<VolunteerWorker> {
    const one = await start();
    one.addEventListener("message", ({ data }) => hear(data));
    one.addEventListener("error", (event) => store.change({ problem: event.message || "it did not start" }));
    return one;
  }

  function hear(message: WorkerMessage): void {
    switch (message.kind) {
      case "view":
        look(message.view);
        return;
      case "invited":
        store.change({ invitation: message.invitation });
        return;
      case "forgotten":
        mark.write(false);
        store.change({ remembered: null, invitation: null, intensity: usualIntensity, goesOn: false });
        return;
      default:
        message satisfies never;
    }
  }

  function look(view: View): void {
    const now = isIn(view);
    if (now !== null) mark.write(now);
    store.change({ view, goesOn: store.get().goesOn && now === null && view.activity.kind !== "failed" });
  }

  return {
    state: store,
    stays: () => store.change({ goesOn: false }),
    follow: (link) => store.change({ link }),
    send(command) {
      worker ??= open();
      worker.then(
        (one) => one.postMessage(command),
        (error: unknown) => store.change({ problem: error instanceof Error ? error.message : String(error) }),
      );
      // Last: whoever hears of it may send the next command.
      if (!store.get().started) store.change({ started: true });
    },
  };
}
