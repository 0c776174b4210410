import type { SourceId } from "@homebody/base";
import type { Kept } from "@homebody/volunteer/kept";
import type { Command, Remembered, WorkerMessage } from "@homebody/volunteer/view";
import { expect, test } from "vitest";
import { idleView, manifest, workingView } from "../../story/scenes.ts";
import { type FeedState, unread } from "../run/feed.ts";
import { createStore } from "../state/store.ts";
import { connectVolunteer } from "./connection.ts";
import { followLinks } from "./link.ts";
import { resuming } from "./resuming.ts";

const run = manifest();
const code = "0123456789abcdef".repeat(2);
const [es, ja] = ["es", "ja"] as SourceId[] as [SourceId, SourceId];
const invitation = { source: es, code };

/** A page that was opened at this fragment, and its worker; `took`: its device took part when it was open before. */
async function pageAt(fragment: string, took = false) {
  const feed = createStore<FeedState>(unread);
  const sent: Command[] = [];
  let hear: (message: WorkerMessage) => void = () => {};
  const worker = {
    postMessage: (command: Command) => void sent.push(command),
    addEventListener: (kind: string, listener: (event: never) => void) => {
      if (kind === "message") hear = (data) => listener({ data } as never);
    },
  };
  let tell: (kept: Kept) => void = () => {};
  const kept = new Promise<Kept>((resolve) => {
    tell = resolve;
  });
  let starts = 0;
  const start = async () => {
    starts += 1;
    return worker;
  };
  const mark = {
    took,
    read: () => mark.took,
    write: (takesPart: boolean) => {
      mark.took = takesPart;
    },
  };
  const volunteer = connectVolunteer({ kept: () => kept, start, mark });
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
    starts: () => starts,
    sent: async () => {
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
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
    mark,
    tells: (finished: boolean) => feed.change({ figures: { finished } as FeedState["figures"] }),
    begins: (remembered: Remembered | null = null) => {
      feed.change({ manifest: run });
      tell({ remembered, invitation: null, intensity: "balanced" });
    },
  };
}

test("[P38] an invitation stays in the address until this device keeps it", async () => {
  const page = await pageAt(`#source=es&code=${code}`);
  expect(page.volunteer.state.get().link).toEqual(invitation);
  page.begins();
  expect(await page.sent()).toEqual([["invited", { run: run.run, invitation }]]);
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
    page.begins({ run: run.run, source, contributing: true, hasText: true, hasModel: false });
    const kinds = (await page.sent()).map(([kind]) => kind);
    expect(kinds).toEqual(goesOn ? ["invited", "contribute"] : ["invited"]);
  }
});

test("no worker is started before something is asked of it, and then one", async () => {
  const page = await pageAt("");
  page.begins({ run: run.run, source: es, contributing: false, hasText: true, hasModel: false });
  expect([await page.sent(), page.starts()]).toEqual([[], 0]);
  expect(page.volunteer.state.get()).toMatchObject({ remembered: { source: es }, started: false });
  page.volunteer.send({ kind: "check-device" });
  page.volunteer.send({ kind: "check-device" });
  expect([(await page.sent()).length, page.starts()]).toEqual([2, 1]);
  expect(page.volunteer.state.get().started).toBe(true);
});

test("[V23] a device that had not read its brought text goes back to the choice: the files are gone with the page", async () => {
  const brought = run.sources.find(({ served }) => served === null)!.id;
  for (const [source, hasText, goesOn] of [
    [brought, false, false],
    [brought, true, true],
    [es, false, true], // the host lends it again
  ] as const) {
    const page = await pageAt("");
    page.begins({ run: run.run, source, contributing: true, hasText, hasModel: false });
    const [[kind] = []] = await page.sent();
    expect(kind).toBe(goesOn ? "contribute" : "check-device");
  }
});

test("a link that is opened later, or is not whole, is taken too", async () => {
  const page = await pageAt("");
  page.begins();
  expect(await page.sent()).toEqual([]);
  page.opens("#main");
  expect([page.volunteer.state.get().link, page.address.fragment]).toEqual([null, "#main"]);
  page.opens("#source=es&code=12");
  expect([page.volunteer.state.get().link, page.address.fragment]).toEqual(["broken", ""]);
  page.opens(`#source=es&code=${code}`);
  expect((await page.sent()).at(-1)).toEqual(["invited", { run: run.run, invitation }]);
});

test("[V33] a device that took part in a run goes on after its end too, and one that has stopped does not before", async () => {
  for (const finished of [true, false]) {
    const page = await pageAt("");
    page.begins({ run: run.run, source: es, contributing: false, hasText: true, hasModel: false });
    expect(await page.sent()).toEqual([]); // it is not known yet whether the run is over
    page.tells(finished);
    expect(await page.sent()).toEqual([finished ? ["contribute", es] : ["check-device", false]]);
  }
});

test("that a device takes part is known before its worker is, until that says otherwise", async () => {
  const page = await pageAt("", true);
  const goesOn = () => page.volunteer.state.get().goesOn;
  expect(goesOn()).toBe(true);
  page.begins({ run: run.run, source: es, contributing: true, hasText: true, hasModel: false });
  expect(await page.sent()).toEqual([["contribute", es]]);
  page.hears({ kind: "view", view: idleView() }); // it has only begun
  expect([goesOn(), page.mark.took]).toEqual([true, true]);
  page.hears({ kind: "view", view: workingView(3) });
  expect([goesOn(), page.mark.took]).toEqual([false, true]);
  page.hears({ kind: "view", view: { ...workingView(3), activity: { kind: "stopped", why: "asked" } } });
  expect([goesOn(), page.mark.took]).toEqual([false, false]);
  const final = await pageAt("", true); // its text turns out to be of no use [V23]
  final.begins({ run: run.run, source: es, contributing: true, hasText: true, hasModel: false });
  expect(await final.sent()).toEqual([["contribute", es]]);
  final.hears({
    kind: "view",
    view: { ...idleView(), activity: { kind: "unusable", message: "gone.txt: none" } },
  });
  expect([final.volunteer.state.get().goesOn, final.mark.took]).toEqual([false, false]);
  const other = await pageAt("", true);
  other.begins(null); // all that was kept is gone
  expect(await other.sent()).toEqual([]);
  expect(other.volunteer.state.get().goesOn).toBe(false);
});
