import type { SourceId } from "@homebody/base";
import type { Command, Remembered, WorkerMessage } from "@homebody/volunteer/view";
import { expect, test } from "vitest";
import { manifest } from "../../story/scenes.ts";
import { type FeedState, unread } from "../run/feed.ts";
import { createStore } from "../state/store.ts";
import { connectVolunteer } from "./connection.ts";
import { followLinks } from "./link.ts";
import { resuming } from "./resuming.ts";

const run = manifest();
const code = "0123456789abcdef".repeat(2);
const [es, ja] = ["es", "ja"] as SourceId[] as [SourceId, SourceId];
const invitation = { source: es, code };

/** A page that was opened at this fragment, and its worker. */
async function pageAt(fragment: string) {
  const feed = createStore<FeedState>(unread);
  const sent: Command[] = [];
  let hear: (message: WorkerMessage) => void = () => {};
  const worker = {
    postMessage: (command: Command) => void sent.push(command),
    addEventListener: (kind: string, listener: (event: never) => void) => {
      if (kind === "message") hear = (data) => listener({ data } as never);
    },
  };
  const volunteer = connectVolunteer(async () => worker);
  const address = { fragment, changed: () => {} };
  followLinks(
    volunteer,
    { state: feed },
    {
      fragment: () => address.fragment,
      clear: () => {
        address.fragment = "";
      },
      onChange: (look) => {
        address.changed = look;
      },
    },
  );
  resuming(volunteer, { state: feed });
  await Promise.resolve();
  return {
    volunteer,
    sent: async () => {
      await Promise.resolve();
      return sent.map(({ kind, ...rest }) => [
        kind,
        "source" in rest ? rest.source : "invitation" in rest && rest,
      ]);
    },
    address,
    opens: (next: string) => {
      address.fragment = next;
      address.changed();
    },
    hears: (message: WorkerMessage) => hear(message),
    begins: (remembered: Remembered | null = null) => {
      feed.change({ manifest: run });
      hear({ kind: "remembered", remembered, invitation: null });
    },
  };
}

test("[P38] an invitation stays in the address until this device keeps it", async () => {
  const page = await pageAt(`#source=es&code=${code}`);
  expect(page.volunteer.state.get().link).toEqual(invitation);
  page.begins();
  expect(await page.sent()).toEqual([
    ["invited", { run: run.run, invitation }],
    ["check-device", false],
  ]);
  expect(page.address.fragment).toContain(code);
  page.hears({ kind: "invited", invitation: { run: run.run, source: es } });
  expect(page.address.fragment).toBe("");
  expect(page.volunteer.state.get()).toMatchObject({ link: invitation, invitation: { source: es } });
});

test("a device that trains goes on after a reload, unless the link is for another source", async () => {
  for (const [source, goesOn] of [
    [es, true],
    [ja, false],
  ] as const) {
    const page = await pageAt(`#source=es&code=${code}`);
    page.begins({ run: run.run, source, contributing: true });
    expect((await page.sent()).at(-1)).toEqual(goesOn ? ["contribute", es] : ["check-device", false]);
  }
});

test("a link that is opened later, or is not whole, is taken too", async () => {
  const page = await pageAt("");
  page.begins();
  expect(await page.sent()).toEqual([["check-device", false]]);
  page.opens("#main");
  expect([page.volunteer.state.get().link, page.address.fragment]).toEqual([null, "#main"]);
  page.opens("#source=es&code=12");
  expect([page.volunteer.state.get().link, page.address.fragment]).toEqual(["broken", ""]);
  page.opens(`#source=es&code=${code}`);
  expect((await page.sent()).at(-1)).toEqual(["invited", { run: run.run, invitation }]);
});
