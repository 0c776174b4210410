// Once the page knows what this device did before it was loaded: it goes on with that, unless it was opened by an invitation to
// something else. Otherwise nothing is asked of a worker yet.

import type { RunFeed } from "../run/feed.ts";
import type { VolunteerConnection } from "./connection.ts";

export function resuming(volunteer: VolunteerConnection, feed: Pick<RunFeed, "state">): void {
  let asked = false;
  const look = () => {
    const { manifest } = feed.state.get();
    const { remembered, link } = volunteer.state.get();
    if (asked || manifest === null || remembered === undefined) return;
    asked = true;
    for (const stop of stops) stop();
    const isElsewhere = link !== null && link !== "broken" && link.source !== remembered?.source;
    const goesOn = remembered?.contributing === true && remembered.run === manifest.run && !isElsewhere;
    if (goesOn) volunteer.send({ kind: "contribute", manifest, source: remembered.source, files: null });
  };
  const stops = [feed.state.subscribe(look), volunteer.state.subscribe(look)];
  look();
}
