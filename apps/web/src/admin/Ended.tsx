// What a host finds when its run is over: nothing to do, and what remains.

import type { Figures } from "@homebody/coordinator";
import { PageLink } from "../router.tsx";
import { Section } from "../ui/pieces.tsx";

export function Ended({ figures }: { figures: Figures }) {
  return (
    <Section id="ended" title="The run is over">
      <div className="max-w-prose space-y-2">
        <p>
          Body {figures.published} is its last one. For as long as this coordinator is up its bodies and its
          journal can be downloaded from the <PageLink to="dashboard">dashboard</PageLink>.
        </p>
        <p className="text-muted">
          Nothing can be done to a run that is over. To train on, raise <code>rounds</code> in the run file
          above {figures.rounds} and start the coordinator again: the next round then waits for volunteers.
        </p>
      </div>
    </Section>
  );
}
