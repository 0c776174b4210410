// The invitation that the page's address holds [P38]: the worker keeps it on this device, and then it goes from the address, so
// that nobody shares it who copies that.

import { type Invitation, invitationIn } from "@homebody/protocol";
import type { RunFeed } from "../run/feed.ts";
import type { VolunteerConnection } from "./connection.ts";

export interface Address {
  /** What stands behind its #. */
  fragment(): string;
  /** From now on nothing does. */
  clear(): void;
  onChange(look: () => void): void;
}

export const pageAddress: Address = {
  fragment: () => location.hash,
  clear: () => history.replaceState(history.state, "", location.pathname + location.search),
  onChange: (look) => addEventListener("hashchange", look),
};

export function followLinks(
  volunteer: VolunteerConnection,
  feed: Pick<RunFeed, "state">,
  address: Address,
): void {
  /** Given to the worker, and what it kept before. */
  let given: { readonly link: Invitation; readonly before: unknown } | undefined;

  function read(): void {
    const link = invitationIn(address.fragment());
    if (link === undefined) return;
    if (link === "broken") address.clear();
    volunteer.follow(link);
  }

  function look(): void {
    const { manifest } = feed.state.get();
    const { link, invitation, remembered } = volunteer.state.get();
    if (link === null || link === "broken" || manifest === null || remembered === undefined) return;
    if (given?.link !== link) {
      given = { link, before: invitation };
      volunteer.send({ kind: "invited", run: manifest.run, invitation: link });
    } else if (given.before !== invitation) address.clear();
  }

  feed.state.subscribe(look);
  volunteer.state.subscribe(look);
  address.onChange(read);
  read();
}
