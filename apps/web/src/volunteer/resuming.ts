// Once the page knows what this device did before it was loaded: it goes on with that, unless it was opened by an invitation to
// something else. A device that took part in a run that is over by now goes on too: what it has of it is made ready once more
// [V33]; one that has stopped asks for what it keeps of the run [V34]. Of anybody else nothing is asked of a worker yet.

import type { RunFeed } from "../run/feed.ts";
import type { VolunteerConnection } from "./connection.ts";

export function resuming(volunteer: VolunteerConnection, feed: Pick<RunFeed, "state">): void {
  let asked = false;
  const look = () => {
    const { manifest, figures } = feed.state.get();
    const { remembered, link } = volunteer.state.get();
    if (asked || manifest === null || remembered === undefined) return;
    const own = remembered?.run === manifest.run ? remembered : null;
    if (own?.contributing === false && figures === null) return; // it says whether the run is over
    asked = true;
    for (const stop of stops) stop();
    const isElsewhere = link !== null && link !== "broken" && link.source !== own?.source;
    if (own === null || isElsewhere) return volunteer.stays();
    const isBrought = manifest.sources.find(({ id }) => id === own.source)?.served === null;
    const hasText = own.hasText || !isBrought; // files are gone with the page that had them [V23]
    if (hasText && (own.contributing || figures?.finished === true))
      return volunteer.send({ kind: "contribute", manifest, source: own.source, files: null });
    volunteer.stays();
    volunteer.send({ kind: "check-device" });
  };
  const stops = [feed.state.subscribe(look), volunteer.state.subscribe(look)];
  look();
}
