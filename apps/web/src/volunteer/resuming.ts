// What the page asks of a worker that has just started: go on with what this device did before the reload, unless the page was
// opened by an invitation to something else; or else check the device, so that its card is full before anybody decides.

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
    volunteer.send(
      goesOn
        ? { kind: "contribute", manifest, source: remembered.source, files: null }
        : { kind: "check-device" },
    );
  };
  const stops = [feed.state.subscribe(look), volunteer.state.subscribe(look)];
  look();
}
