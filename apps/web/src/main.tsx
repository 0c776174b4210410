// The product's page: the run by fetch and Socket.IO, the volunteer by its worker. The worker's code is asked for by the first
// command that is for it: whoever watches, or has not chosen yet, never loads the engine.

import { readKept } from "@homebody/volunteer/kept";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { openTalk } from "./dashboard/talk.ts";
import { ErrorEdge } from "./ErrorEdge.tsx";
import { openFeed } from "./run/feed.ts";
import { browserPorts } from "./run/ports.ts";
import { createStore } from "./state/store.ts";
import { openTrial } from "./try/trial.ts";
import {
  connectVolunteer,
  untold,
  type VolunteerConnection,
  type VolunteerState,
} from "./volunteer/connection.ts";
import { pageMark } from "./volunteer/going-on.ts";
import { followLinks, pageAddress } from "./volunteer/link.ts";
import { resuming } from "./volunteer/resuming.ts";

const feed = openFeed(browserPorts);
const volunteer = createStore<VolunteerState>({ ...untold, goesOn: pageMark.read() });
const talk = openTalk(async () => {
  const { mixtureWorker } = await import("@homebody/volunteer/mixture");
  return mixtureWorker();
});
const trial = openTrial(async () => {
  const { trialWorker } = await import("@homebody/volunteer/trial");
  return trialWorker();
});
let connection: VolunteerConnection | undefined;

function wake(): void {
  if (connection !== undefined || !isSecureContext) return;
  const made = connectVolunteer({
    kept: readKept,
    mark: pageMark,
    start: async () => (await import("@homebody/volunteer/browser")).volunteerWorker(),
  });
  connection = made;
  made.state.subscribe(() => volunteer.set(made.state.get()));
  followLinks(made, feed, pageAddress);
  resuming(made, feed);
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ErrorEdge>
      <App
        run={feed.state}
        volunteer={volunteer}
        send={(command) => connection?.send(command)}
        trial={trial}
        talk={talk}
        act={feed.admin}
        askApplicants={feed.applicants}
        earlier={feed.earlier}
        wake={wake}
        secure={isSecureContext}
      />
    </ErrorEdge>
  </StrictMode>,
);
