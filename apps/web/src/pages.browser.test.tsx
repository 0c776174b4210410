/// <reference path="./vite.d.ts" />
// The pages in Chromium, in the scenes of apps/web/story: what is shown is what the journal says, what is pressed
// is what is asked for, and axe finds nothing serious.

import type { Millis, RunId } from "@homebody/base";
import { firstLast, savingFactor, undoable } from "@homebody/coordinator";
import { coordinatorLearns, deltasAreKept } from "@homebody/dept";
import {
  type Admin,
  type Applicants,
  hashOfCode,
  invitationIn,
  type Reply,
  refusalSentences,
  version,
} from "@homebody/protocol";
import type { MixtureMessage, MixtureRequest } from "@homebody/volunteer/mixture";
import { type Command, quarantineSentence, type View } from "@homebody/volunteer/view";
import axe from "axe-core";
import type { ReactNode } from "react";
import { flushSync } from "react-dom";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cdp, page, server, userEvent } from "vitest/browser";
import { applicants, idleView, type SceneName, sceneNames, sceneOf, workingView } from "../story/scenes.ts";
import { heldWorkers } from "../test/workers.ts";
import { App } from "./App.tsx";
import { AdminPage } from "./admin/AdminPage.tsx";
import { DashboardPage } from "./dashboard/DashboardPage.tsx";
import { openTalk } from "./dashboard/talk.ts";
import type { MakeModel } from "./model/making.ts";
import type { MadeModel, ModelRequest } from "./model/requests.ts";
import { ProfilePage } from "./profile/ProfilePage.tsx";
import type { FeedState } from "./run/feed.ts";
import { firstToLast } from "./run/run-sentences.ts";
import { ledgerWords } from "./run/travels.ts";
import "./style.css";
import { TryPage } from "./try/TryPage.tsx";
import { openTrial } from "./try/trial.ts";
import type { VolunteerState } from "./volunteer/connection.ts";
import { VolunteerPage } from "./volunteer/VolunteerPage.tsx";

let root: Root;
let place: HTMLElement;

beforeEach(() => {
  place = document.createElement("main");
  document.body.append(place);
  document.title = "a test";
  document.documentElement.lang = "en";
  root = createRoot(place);
});

afterEach(() => {
  root.unmount();
  place.remove();
});

const nobodyWaits = async () => ({ ok: true, applicants: [] }) as const;
const somebodyWaits = async () => ({ ok: true, applicants: applicants() }) as const;

const talk = openTalk(() => Promise.reject(new Error("no worker in this test")));

const show = (what: ReactNode) => flushSync(() => root.render(what));

function volunteerPage(name: SceneName, sent: Command[] = []) {
  const { run, volunteer, secure } = sceneOf(name);
  return (
    <VolunteerPage run={run} volunteer={volunteer} secure={secure} send={(command) => sent.push(command)} />
  );
}

/** Where a model is asked for: what was asked, and what comes of it. */
function models(answer: () => Promise<MadeModel>) {
  const asked: ModelRequest[] = [];
  const makeModel: MakeModel = (request) => {
    asked.push(request);
    return answer();
  };
  return { asked, makeModel };
}

const dataOf = (testId: string) =>
  Number((page.getByTestId(testId).element() as HTMLDataElement).getAttribute("value"));

async function press(name: string): Promise<void> {
  await userEvent.click(page.getByRole("button", { name, exact: true }));
}

/** Presses what is marked as disabled: nothing may come of it. */
const pressAnyway = (testId: string) => (page.getByTestId(testId).element() as HTMLElement).click();

test("a volunteer chooses a source and contributes with it; without one she is led to the first", async () => {
  const sent: Command[] = [];
  show(volunteerPage("new", sent));
  await press("Contribute");
  expect(sent).toEqual([]);
  await expect.element(page.getByTestId("missing")).toHaveTextContent("Choose your words first.");
  expect(document.activeElement).toBe(place.querySelector("input[name=source]"));
  await userEvent.click(page.getByRole("radio", { name: /Español/ }));
  await press("Contribute");
  const { manifest } = sceneOf("new").run;
  expect(sent).toEqual([{ kind: "contribute", manifest, source: "es", files: null }]);
});

test.each(["working", "paused", "outage", "over", "stopped", "glob"] as const)(
  "[V44] %s: her own model is a download, made of what the device keeps",
  async (name) => {
    const { run, volunteer } = sceneOf(name);
    const { asked, makeModel } = models(async () => ({ name: "model.zip", file: new Blob(["a model"]) }));
    show(
      <VolunteerPage run={run} volunteer={volunteer} secure={true} send={() => {}} makeModel={makeModel} />,
    );
    await expect.element(page.getByRole("heading", { name: "Your model" })).toBeVisible();
    await press("Download your model");
    const source = volunteer.view?.source ?? volunteer.remembered?.source;
    expect(asked).toEqual([{ kind: "own", run: run.manifest!.run, source, format: "hf" }]);
    await expect.element(page.getByTestId("model-download")).toHaveTextContent("model.zip (7 bytes) is with");
    expect(page.getByRole("link", { name: "model.zip" }).element().getAttribute("download")).toBe(
      "model.zip",
    );
  },
);

test("[V44] where no model can be made it is said why, and it may be tried again", async () => {
  const { run, volunteer } = sceneOf("working");
  let first = true;
  const { makeModel } = models(async () => {
    if (!first) return { name: "m.zip", file: new Blob() };
    first = false;
    throw new Error("There is none yet.");
  });
  show(<VolunteerPage run={run} volunteer={volunteer} secure={true} send={() => {}} makeModel={makeModel} />);
  await press("Download your model");
  await expect
    .element(page.getByTestId("model-download"))
    .toHaveTextContent("It could not be made. There is none yet.");
  await press("Download your model");
  await expect.element(page.getByTestId("model-download")).toHaveTextContent("m.zip");
});

test("[V44] whoever has not taken part has no model", async () => {
  show(volunteerPage("new"));
  await expect.element(page.getByRole("button", { name: "Contribute" })).toBeVisible();
  expect(page.getByRole("heading", { name: "Your model" }).elements()).toHaveLength(0);
});

test("[V46] the dashboard offers models of sources that share their words, or the one that all share", async () => {
  const { asked, makeModel } = models(async () => ({ name: "model.zip", file: new Blob(["a model"]) }));
  const { run } = sceneOf("joining");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} makeModel={makeModel} />);
  await userEvent.selectOptions(page.getByTestId("model-source"), "日本語");
  await press("Download the model");
  const figures = run.figures!;
  expect(asked).toEqual([{ kind: "run", figures, source: "ja", format: "hf" }]);
  const shared = sceneOf("glob").run;
  show(<DashboardPage talk={talk} run={shared} earlier={() => {}} makeModel={makeModel} />);
  await press("Download the model");
  expect(asked.at(-1)).toEqual({ kind: "run", figures: shared.figures, source: null, format: "hf" });
  show(<DashboardPage talk={talk} run={sceneOf("dashboard").run} earlier={() => {}} makeModel={makeModel} />);
  await expect.element(page.getByRole("heading", { name: "Bodies to download" })).toBeVisible();
  expect(page.getByRole("heading", { name: "A model to download" }).elements()).toHaveLength(0);
});

test("a device is checked when a source is chosen, or when somebody asks for it", async () => {
  const sent: Command[] = [];
  show(volunteerPage("arrived", sent));
  await expect.element(page.getByTestId("check-device")).toBeVisible();
  expect(sent).toEqual([]);
  await userEvent.click(page.getByRole("radio", { name: /Español/ }));
  await press("Check it now");
  expect(sent).toEqual([{ kind: "check-device" }, { kind: "check-device" }]);
  show(volunteerPage("new"));
  await expect.element(page.getByTestId("device-adapter")).not.toBeVisible();
  await userEvent.click(page.getByText("Details"));
  await expect.element(page.getByTestId("device-adapter")).toBeVisible();
});

/** Drops files on the page, as from a folder that is open beside it. */
function drop(...files: readonly File[]): void {
  const given = new DataTransfer();
  for (const file of files) given.items.add(file);
  page
    .getByTestId("drop-area")
    .element()
    .dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
}

async function bringing(sent: Command[] = []): Promise<void> {
  show(volunteerPage("new", sent));
  await userEvent.click(page.getByRole("radio", { name: /allotment club/ }));
}

const hint = () =>
  expect.element(page.getByText(/first\.$|Reading your files|Take out the files|You can pause/));

test("[V23] a source whose text is brought wants files, and says beside each what is wrong with it", async () => {
  const sent: Command[] = [];
  await bringing(sent);
  await hint().toHaveTextContent("Bring at least one file first.");
  await expect
    .element(page.getByTestId("drop-area"))
    .toHaveTextContent("Bring 500 bytes of text or more. Of it 10 %, at least 50 bytes, is never trained on");
  drop(new File(["We met on Monday. ".repeat(50)], "minutes.txt"), new File(["%PDF-1.7"], "scan.txt"));
  const scan = page.getByRole("listitem").filter({ hasText: "scan.txt" });
  await expect
    .element(scan.getByTestId("file-problem"))
    .toHaveTextContent("got a PDF; open it, copy its text");
  await hint().toHaveTextContent("Take out the files that are marked");
  pressAnyway("contribute");
  expect(sent).toEqual([]);
  await userEvent.click(page.getByRole("button", { name: "Take out scan.txt" }));
  expect(document.activeElement).toBe(page.getByTestId("drop-area").element());
  await hint().toHaveTextContent("You can pause");
  await expect.element(page.getByTestId("files-total")).toHaveTextContent("1 file, 900 bytes");
  await press("Contribute");
  expect(sent).toHaveLength(1);
  const command = sent[0]!;
  expect(command.kind === "contribute" && command.files?.map(({ name }) => name)).toEqual(["minutes.txt"]);
});

test("sources are told apart by their titles; their languages follow", async () => {
  const { run, ...others } = sceneOf("new");
  const [first, ...rest] = run.manifest!.sources;
  const tales = { ...first!, id: "tales", title: "Folk tales", language: "en" } as typeof first;
  const manifest = { ...run.manifest!, sources: [tales!, ...rest] };
  show(<VolunteerPage run={{ ...run, manifest }} {...others} send={() => {}} />);
  const names = [...place.querySelectorAll("input[name=source]")].map(
    (radio) => radio.closest("label")!.textContent,
  );
  expect(names[0]).toMatch(/^Folk talesEnglish\. /);
  expect(names.at(-1)).toMatch(/^Minutes of the allotment clubEnglish\. /);
  expect(names[1]).toMatch(/^日本語Japanese\. /);
});

/** The page in one state of its volunteer after another, as its store has them. */
function changing(name: SceneName, sent: Command[] = []) {
  const { run, volunteer, secure } = sceneOf(name);
  return (change: Partial<VolunteerState>) =>
    show(
      <VolunteerPage
        run={run}
        volunteer={{ ...volunteer, ...change }}
        secure={secure}
        send={(command) => sent.push(command)}
      />,
    );
}

test("the focus goes with what was pressed: to the work, and back; a page that goes on by itself takes none", async () => {
  const turn = changing("new");
  const work = { view: workingView(3) };
  turn({});
  turn(work);
  expect(document.activeElement).toBe(document.body);
  turn({});
  await userEvent.click(page.getByRole("radio", { name: /Español/ }));
  await press("Contribute");
  turn(work);
  await expect.poll(() => document.activeElement?.contains(page.getByTestId("task").element())).toBe(true);
  await userEvent.click(page.getByRole("button", { name: "Finish this round and stop" }));
  turn({ view: { ...workingView(3), activity: { kind: "stopped", why: "asked" } } });
  await expect.poll(() => document.activeElement?.contains(page.getByTestId("stopped").element())).toBe(true);
});

test("[V30] an outage is said whatever this device does, with what happens next and by when its work counts", async () => {
  const turn = changing("working");
  const view = workingView(14);
  const since = (seconds: number) => (Date.now() - 1000 * seconds) as Millis;
  turn({ view: { ...view, line: { kind: "silent", since: since(1) } } });
  const outage = page.getByTestId("outage");
  await expect.element(outage).toHaveTextContent("The coordinator cannot be reached");
  await expect.element(outage).toHaveTextContent("what it makes is kept here, and sent when");
  await expect.element(outage).toHaveTextContent("Round 15 is open for 5:");
  await expect
    .element(page.getByRole("status").first())
    .toHaveTextContent("The coordinator cannot be reached");
  turn({ view: { ...view, line: { kind: "connecting", since: since(1) } } }); // too early to say
  expect(outage.elements()).toHaveLength(0);
  turn({ view: { ...view, line: { kind: "connecting", since: since(5) } } });
  await expect.element(outage).toBeVisible();
  turn({ view: { ...view, line: { kind: "up", since: since(5) } } });
  expect(outage.elements()).toHaveLength(0);
});

test("[V32] the work that was reached is shown while it rests", async () => {
  const filled = () => place.querySelectorAll('[aria-hidden] circle[stroke$="-fill)"]').length;
  show(volunteerPage("working"));
  expect(filled()).toBe(2);
  show(volunteerPage("paused"));
  expect(filled()).toBe(2);
  await expect.element(page.getByTestId("paused")).toHaveTextContent("Paused at step 14 of 25; kept.");
  show(volunteerPage("host-paused"));
  expect(filled()).toBe(4);
  expect(place.textContent).not.toContain("ends at the latest");
});

test("a task that is done says no time left", () => {
  const { task } = workingView(3).activity as Extract<View["activity"], { kind: "working" }>;
  const turn = changing("working");
  turn({ view: { ...workingView(3), activity: { kind: "working", task: { ...task, done: 25 } } } });
  expect(page.getByTestId("task").element().textContent).not.toContain("left");
});

test("[V35] the other tab is asked to hand over to this one", async () => {
  const sent: Command[] = [];
  show(volunteerPage("elsewhere", sent));
  await press("Use this tab");
  expect(sent).toEqual([{ kind: "take-over" }]);
  await expect.element(page.getByTestId("elsewhere")).toHaveTextContent("is asked to hand over");
});

test("a reload shows neither the way in nor a ledger of zeros while what is kept is opened", async () => {
  show(volunteerPage("going-on"));
  await expect.element(page.getByText("Going on where this device was")).toBeVisible();
  expect(page.getByTestId("contribute").elements()).toHaveLength(0);
  expect(page.getByTestId("ledger-words").elements()).toHaveLength(0);
});

test("[V33] a run that is over shows nobody at work: what is made ready comes below the thanks", async () => {
  show(volunteerPage("reopened"));
  await expect.element(page.getByTestId("run-over")).toHaveTextContent("Your work is in 14 rounds");
  expect(page.getByTestId("task").elements()).toHaveLength(0);
  await expect.element(page.getByTestId("chart-losses")).toBeVisible();
  await expect.element(page.getByRole("button", { name: "Let the model go on" })).toBeDisabled();
});

test("[V34] what this device keeps of the run is shown while it does nothing, and of another run nothing is", async () => {
  const turn = changing("new");
  const { scores, losses, ledger, roundsContributed } = workingView(14);
  const view = {
    ...idleView(),
    scores,
    losses,
    ledger,
    roundsContributed,
    run: sceneOf("new").run.manifest!.run,
  };
  turn({ view });
  expect(dataOf("ledger-deltas")).toBe(ledger.sent.theta);
  await expect.element(page.getByTestId("bits-per-byte")).toBeVisible();
  turn({ view: { ...view, run: "0".repeat(64) as RunId } });
  expect(dataOf("ledger-deltas")).toBe(0);
  expect(page.getByTestId("bits-per-byte").elements()).toHaveLength(0);
});

test("Contribute that is pressed before the files are read counts once they are", async () => {
  const sent: Command[] = [];
  await bringing(sent);
  drop(new File(["We met on Monday. ".repeat(500_000)], "minutes.txt"));
  await hint().toHaveTextContent("Reading your files.");
  pressAnyway("contribute");
  expect(sent).toEqual([]);
  await expect.poll(() => sent.map(({ kind }) => kind), { timeout: 20_000 }).toEqual(["contribute"]);
});

test("[V23] too little text is said before anybody contributes, by its documents and not by its files", async () => {
  await bringing();
  const line = JSON.stringify({ date: "2026-11-28".repeat(100), text: "words" });
  drop(new File([line], "minutes.jsonl"));
  await expect
    .element(page.getByTestId("text-problem"))
    .toHaveTextContent("This is too little: expected 500 bytes of text or more, got 5.");
  await hint().toHaveTextContent("Bring more text first.");
});

test("a file in another encoding is shown as it is read", async () => {
  await bringing();
  const words = "El niño soñó con la mañana; según la versión más antigua, está aquí.\n".repeat(20);
  drop(new File([Uint8Array.from(words, (character) => character.charCodeAt(0))], "viejo.txt"));
  const shown = page.getByTestId("converted");
  await expect.element(shown).toHaveTextContent("Read as Windows-1252.");
  await expect.element(shown).toHaveTextContent("El niño soñó con la mañana; según la versión más antigua");
  await hint().toHaveTextContent("You can pause");
});

test("a folder is dropped with all that it has: what may be text is taken, other and hidden files are left out", async () => {
  await bringing();
  const { x, y } = page.getByTestId("drop-area").element().getBoundingClientRect();
  const folder = `${server.config.root}/apps/web/test/folder`;
  const at = frameElement!.getBoundingClientRect();
  const scale = at.width / innerWidth;
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await cdp().send("Input.dispatchDragEvent", {
      type,
      x: at.x + scale * (x + 20),
      y: at.y + scale * (y + 20),
      data: { items: [], files: [folder], dragOperationsMask: 1 },
    });
  const names = () =>
    page
      .getByRole("list", { name: "Files that you bring" })
      .element()
      .textContent!.match(/\w+\.\w+/g);
  await expect
    .element(page.getByTestId("left-out"))
    .toHaveTextContent("2 other files of the folder left out.");
  expect(names()).toEqual(["april.txt", "may.md"]);
});

test("[V23] a text that turns out to be unusable leads back to the choice of files", async () => {
  const { run, volunteer } = sceneOf("new");
  const activity = {
    kind: "unusable",
    message: "gone.txt: expected a file that can be read, got none",
  } as const;
  const view = { ...volunteer.view!, source: "minutes" as never, activity };
  show(<VolunteerPage run={run} volunteer={{ ...volunteer, view }} secure={true} send={() => {}} />);
  await expect
    .element(page.getByTestId("unusable"))
    .toHaveTextContent("gone.txt: expected a file that can be read, got none. Choose other files below.");
  await userEvent.click(page.getByRole("radio", { name: /allotment club/ }));
  await expect.element(page.getByRole("button", { name: "Choose a folder" })).toBeVisible();
});

test("the ledger shows what went out, with words at zero; leaving is asked about first", async () => {
  const sent: Command[] = [];
  show(volunteerPage("working", sent));
  const { ledger } = sceneOf("working").volunteer.view!;
  expect(dataOf("ledger-words")).toBe(0);
  expect(dataOf("ledger-deltas")).toBe(ledger.sent.theta);
  expect(dataOf("ledger-bodies")).toBe(ledger.received.theta);
  await press("Leave and forget");
  expect(sent).toEqual([]);
  await press("No, go back");
  await press("Leave and forget");
  await userEvent.click(page.getByTestId("confirm-yes"));
  expect(sent).toEqual([{ kind: "forget" }]);
});

test("[V38] [V40] before and now stand side by side, under each other on a phone; a sample that comes can be stopped", async () => {
  const sent: Command[] = [];
  const { run, volunteer, secure } = sceneOf("working");
  const view = workingView(3);
  const pageWith = (sampling: View["sampling"]) => (
    <VolunteerPage
      run={run}
      volunteer={{ ...volunteer, view: { ...view, sampling } }}
      secure={secure}
      send={(command) => sent.push(command)}
    />
  );
  const sample = view.sampling!;
  show(pageWith(sample));
  const button = page.getByTestId("sample-button").element() as HTMLButtonElement;
  button.focus();
  await press("Let the model go on");
  const prompt = view.vocabulary!.opening;
  expect(sent).toEqual([{ kind: "sample", prompt, tokens: 60 }]);
  show(pageWith({ ...sample, text: "", before: "", done: false }));
  expect(document.activeElement).toBe(button); // it has another name, and is the same one
  await press("Stop");
  expect(sent.at(-1)).toEqual({ kind: "stop-sample" });
  show(pageWith({ ...sample, done: true }));
  const [before, now] = ["sample-before", "sample-now"].map((id) => page.getByTestId(id).element());
  expect(before!.closest("[aria-busy]")!.getAttribute("aria-busy")).toBe("false");
  expect(now!.textContent).toBe(sample.prompt + sample.text);
  const { innerWidth, innerHeight } = window;
  await page.viewport(1280, 900);
  expect(now!.getBoundingClientRect().left).toBeGreaterThan(before!.getBoundingClientRect().right);
  await page.viewport(390, 844);
  expect(now!.getBoundingClientRect().top).toBeGreaterThan(before!.getBoundingClientRect().bottom);
  await page.viewport(innerWidth, innerHeight);
});

test("without a secure context the page says what the host must do, and offers no way in", async () => {
  show(volunteerPage("insecure"));
  await expect.element(page.getByTestId("insecure")).toHaveTextContent("--tls-cert");
  expect(page.getByTestId("contribute").elements()).toHaveLength(0);
});

test("a refusal is shown by the protocol's sentence", async () => {
  show(volunteerPage("waiting"));
  await expect.element(page.getByTestId("refusal")).toHaveTextContent(refusalSentences["not-assigned"]);
});

test("[V70] a volunteer whose deltas do not count is told why; the dashboard shows what peers measured, and of whom", async () => {
  show(volunteerPage("quarantined"));
  await expect.element(page.getByTestId("quarantined")).toHaveTextContent(quarantineSentence);
  const { run } = sceneOf("reviews");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  await expect.element(page.getByTestId("delta-review")).toHaveTextContent("0.46 % worse");
  const [quarantined] = run.figures!.quarantined;
  for (const id of ["delta-quarantined", "quarantined"]) {
    const row = page.getByTestId(id).element().closest("tr");
    expect(row?.dataset.volunteer).toBe(quarantined);
  }
});

test("[V19] a refusal that cannot pass is said where the page says that it has ended, and nowhere else", async () => {
  const { run, volunteer } = sceneOf("waiting");
  const refusal = { reason: "protocol-version", at: 0 as Millis } as const; // long ago: it stays
  const view = { ...volunteer.view!, activity: { kind: "stopped", why: "refused" } as const, refusal };
  show(<VolunteerPage run={run} volunteer={{ ...volunteer, view }} secure={true} send={() => {}} />);
  await expect.element(page.getByTestId("stopped")).toHaveTextContent(refusalSentences["protocol-version"]);
  expect(page.getByTestId("refusal").elements()).toHaveLength(0);
});

test("the version stands at the foot of the page", async () => {
  const { run, volunteer } = sceneOf("new");
  const still = <T,>(state: T) => ({ get: () => state, subscribe: () => () => {} });
  show(
    <App
      run={still(run)}
      volunteer={still(volunteer)}
      send={() => {}}
      trial={openTrial(() => Promise.reject(new Error("nobody starts one")))}
      talk={talk}
      act={async () => ({ ok: true })}
      askApplicants={nobodyWaits}
      earlier={() => {}}
      wake={() => {}}
      secure={true}
    />,
  );
  await expect.element(page.getByTestId("version")).toHaveTextContent(`Homebody ${version}`);
});

test("earlier events are read when somebody asks for them, and not offered where there are none", async () => {
  const { run } = sceneOf("dashboard");
  let asked = 0;
  const earlier = () => {
    asked += 1;
  };
  show(<DashboardPage talk={talk} run={{ ...run, entries: run.entries.slice(-5) }} earlier={earlier} />);
  await press("Read earlier events");
  expect(asked).toBe(1);
  show(<DashboardPage talk={talk} run={{ ...run, entries: run.entries.slice(0, 5) }} earlier={earlier} />);
  await expect.element(page.getByTestId("events")).toBeInTheDocument();
  expect(page.getByRole("button", { name: "Read earlier events" }).elements()).toHaveLength(0);
});

test("sources whose words are in the body go on from one prompt, each as much as the text asks for it", async () => {
  const { all, start } = heldWorkers<MixtureRequest, MixtureMessage>();
  const talk = openTalk(start);
  const { run } = sceneOf("words of sources");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  await userEvent.type(page.getByTestId("talk-prompt"), "la casa");
  await press("Go on");
  await expect.poll(() => all[0]?.asked.length).toBe(1);
  const { asked, tell } = all[0]!;
  const { prompt, sources, body } = asked[0]!;
  expect([prompt, body.number]).toEqual(["la casa", run.figures!.bodies.at(-1)!.number]);
  expect(sources).toEqual(
    run.manifest!.sources.filter(({ words }) => words === "source").map(({ id }) => id),
  );
  tell({ kind: "text", text: " de las", weights: sources.map((id) => (id === "es" ? 0.95 : 0.01)) });
  await expect.element(page.getByTestId("talk-text")).toHaveTextContent("la casa de las");
  await expect.element(page.getByTestId("talk-weights")).toHaveTextContent(/Español\s*95 %/);
  expect((await axe.run(place)).violations).toEqual([]);
  await press("Stop");
  await expect.element(page.getByTestId("talk-text")).toHaveTextContent("la casa de las");
  // Words of devices stay at home, so there is nobody to go on.
  show(<DashboardPage talk={talk} run={sceneOf("dashboard").run} earlier={() => {}} />);
  expect(page.getByTestId("talk-prompt").elements()).toEqual([]);
});

test("every figure of the dashboard is the journal's", async () => {
  const { run } = sceneOf("dashboard");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  const figures = run.figures!;
  expect(dataOf("figure-tokens")).toBe(figures.tokens);
  expect(dataOf("figure-published")).toBe(figures.published);
  expect(dataOf("figure-delta-bytes")).toBe(figures.traffic.deltaBytes);
  expect(dataOf("figure-would-have-sent")).toBe(figures.traffic.wouldHaveSentBytes);
  expect(dataOf("figure-saving")).toBe(savingFactor(figures.traffic));
  for (const { id } of figures.sources) {
    const ends = firstLast(figures, id)!;
    expect(dataOf(`score-${id}-first`)).toBe(ends.first);
    expect(dataOf(`score-${id}-last`)).toBe(ends.last);
  }
  expect(place.querySelectorAll('[data-testid="chart-bits-per-byte"] canvas')).toHaveLength(1);
});

test.each(["new", "glob", "trim", "words of sources"] as const)(
  "before Contribute one sentence says what the coordinator learns, and no page claims more: %s",
  async (name) => {
    show(volunteerPage(name));
    if (name === "new") await userEvent.click(page.getByRole("radio", { name: /allotment club/ }));
    const { manifest } = sceneOf(name).run;
    const source = manifest!.sources.find(({ id }) => id === (name === "words of sources" ? "ja" : "en"))!;
    await expect
      .element(page.getByTestId("what-it-learns"))
      .toHaveTextContent(`${coordinatorLearns(manifest!, source)} ${deltasAreKept(manifest!, source)}`);
    const stays = /words stay|only the body is shared|only the body travels|its words never/i;
    if (name === "new") expect(place.textContent).toMatch(stays);
    else expect(place.textContent).not.toMatch(stays);
    expect(place.textContent).toContain(ledgerWords(manifest, source).sent);
  },
);

test.each(["working, glob", "working, words of sources"] as const)(
  "the ledger counts embeddings where they travel: %s",
  async (name) => {
    show(volunteerPage(name));
    const { sent, received } = sceneOf(name).volunteer.view!.ledger;
    expect(sent.phi).toBeGreaterThan(0);
    expect(dataOf("ledger-words")).toBe(sent.phi + sent.psi);
    expect(dataOf("ledger-words-in")).toBe(received.phi + received.psi);
    expect(dataOf("ledger-deltas")).toBe(sent.theta);
    expect(place.textContent).not.toMatch(/words stay/i);
  },
);

test("a source that joined says since when, one that joins says so; embeddings sent up are counted by group", async () => {
  show(<DashboardPage talk={talk} run={sceneOf("joined").run} earlier={() => {}} />);
  const since = () => [...place.querySelectorAll("[data-testid=since-body]")].map((one) => one.textContent);
  expect(new Set(since())).toEqual(new Set(["since body 12"]));
  expect(dataOf("figure-words")).toBe(0);
  expect(place.textContent).toContain("words stay home");
  const { run } = sceneOf("joining");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  await expect.element(page.getByTestId("joining")).toHaveTextContent("joins with the next body");
  expect(since()).toEqual([]);
  const { phi, psi } = run.figures!.traffic.sectionBytes;
  expect([dataOf("figure-words-phi"), dataOf("figure-words-psi")]).toEqual([phi, psi]);
  expect(dataOf("figure-words")).toBe(phi + psi);
  expect(place.textContent).not.toContain("words stay home");
});

test("[P48] the dashboard shows how each source's words go on, with the body, the seed and the prompt", async () => {
  const { run } = sceneOf("words of sources");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  const [ja, es] = run.samples;
  await expect.element(page.getByTestId("sample-ja")).toHaveTextContent(`${ja!.prompt}${ja!.text}`);
  expect(page.getByTestId("sample-ja").element().getAttribute("lang")).toBe("ja");
  const section = page.getByRole("region", { name: "How it writes" });
  await expect.element(section).toHaveTextContent(`Body 10, seed 1, prompt ${ja!.prompt}.`);
  await expect.element(section).toHaveTextContent(`${es!.text}Body 10, seed 1, without a prompt.`);
  await expect.element(section).toHaveTextContent(/One comes after round \d*0\./);
  show(<DashboardPage talk={talk} run={sceneOf("working").run} earlier={() => {}} />);
  await expect.element(section).not.toBeInTheDocument();
});

test("the event log is filtered by kind and by words", async () => {
  show(<DashboardPage talk={talk} run={sceneOf("dashboard").run} earlier={() => {}} />);
  const kinds = () =>
    [...place.querySelectorAll("[data-testid=events] li")].map((item) => item.getAttribute("data-kind"));
  expect(new Set(kinds())).toContain("accepted");
  for (const name of ["Deltas", "Evaluations"])
    await userEvent.click(page.getByRole("checkbox", { name, exact: true }));
  expect(kinds().length).toBeGreaterThan(3);
  expect(new Set(kinds())).not.toContain("accepted");
  await userEvent.fill(page.getByRole("searchbox"), "resumed");
  await expect.poll(kinds).toEqual(["resumed"]);
});

/** The host's page, and what it asked for; acts and tokens are answered with these. */
function hostPage(
  run: FeedState,
  {
    token = "given",
    act,
    answer,
  }: { token?: string; act?: Reply; answer?: () => Promise<Reply<Applicants>> } = {},
) {
  const asked: Admin[] = [];
  const tokens: string[] = [];
  const perform = async (message: Admin): Promise<Reply> => {
    asked.push(message);
    return act ?? { ok: true };
  };
  const askApplicants = answer ?? nobodyWaits;
  const render = (given: string) =>
    root.render(<AdminPage {...{ run, askApplicants, onToken }} token={given} act={perform} />);
  const onToken = (next: string) => {
    tokens.push(next);
    render(next);
  };
  flushSync(() => render(token));
  return { asked, tokens };
}

test("an act is confirmed with its consequence; where its token is refused that is said beside the token, and once", async () => {
  const refused = { ok: false, refusal: "not-authorised" } as const;
  const { asked, tokens } = hostPage(sceneOf("admin").run, { act: refused });
  await userEvent.click(page.getByTestId("act-end-round"));
  await expect.element(page.getByRole("dialog")).toHaveTextContent("closes with the 3 deltas that came in");
  expect(asked).toEqual([]);
  await userEvent.click(page.getByTestId("confirm-yes"));
  await expect.element(page.getByTestId("token-problem")).toHaveTextContent("not the admin token");
  await expect.element(page.getByTestId("outcome")).toBeEmptyDOMElement();
  expect(asked).toEqual([{ token: "given", act: { kind: "end-round" } }]);
  expect(tokens).toEqual([""]);
  await userEvent.fill(page.getByTestId("token"), "right");
  await press("Use this token");
  await press("Forget the token"); // of a refusal long ago nothing is said then
  await expect.element(page.getByTestId("token")).toBeVisible();
  await expect.element(page.getByTestId("token-problem")).not.toHaveTextContent("not the admin token");
  expect(tokens).toEqual(["", "right", ""]);
});

test("a token counts as given once the coordinator has taken it; a wrong one is said to be wrong beside its field", async () => {
  let reply: Reply<Applicants> | null = { ok: false, refusal: "not-authorised" };
  const answer = async () => reply ?? Promise.reject(new Error("no answer"));
  const { tokens } = hostPage(sceneOf("admin").run, { token: "", answer });
  const field = page.getByTestId("token");
  const problem = page.getByTestId("token-problem");
  await press("Use this token");
  await expect.element(problem).toHaveTextContent("Enter the token first");
  await userEvent.fill(field, "wrong");
  await press("Use this token");
  await expect.element(problem).toHaveTextContent("That is not the admin token of this coordinator");
  await expect.element(field).toHaveAttribute("aria-invalid", "true");
  await expect.element(field).toHaveFocus();
  reply = { ok: false, refusal: "too-many" };
  await press("Use this token");
  await expect.element(problem).toHaveTextContent("wait a minute");
  reply = null;
  await press("Use this token");
  await expect.element(problem).toHaveTextContent("did not answer");
  expect([tokens, page.getByTestId("act-pause").elements()]).toEqual([[], []]);
  reply = { ok: true, applicants: [] };
  await press("Use this token");
  await expect.element(page.getByTestId("token-given")).toHaveTextContent("token accepted");
  expect(tokens).toEqual(["wrong"]);
});

test("what came of an act is said once, with its time", async () => {
  const { run } = sceneOf("admin");
  const { asked } = hostPage(run);
  const { volunteer } = run.presence!.volunteers[0]!;
  const name = volunteer.slice(0, 6);
  await press(`Remove ${name}`);
  await expect.element(page.getByRole("dialog")).toHaveTextContent("can come back as a new volunteer");
  await userEvent.click(page.getByTestId("confirm-yes"));
  await expect
    .element(page.getByTestId("outcome"))
    .toHaveTextContent(new RegExp(`^\\d\\d:\\d\\d:\\d\\d ?Volunteer ${name} was removed\\.$`));
  expect(place.textContent.split("was removed").length).toBe(2);
  expect(asked).toEqual([{ token: "given", act: { kind: "remove", volunteer } }]);
});

test("while the coordinator cannot be reached the host's page says so, as of when, and offers nothing that cannot be done", async () => {
  const { run } = sceneOf("admin-lost");
  hostPage(run);
  await expect.element(page.getByTestId("line-lost")).toHaveTextContent("not connected");
  await expect.element(page.getByTestId("as-of")).toHaveTextContent(/as it was at \d\d:\d\d:\d\d, \d+ s ago/);
  await expect.element(page.getByTestId("token-given")).toHaveTextContent("token kept");
  await expect.element(page.getByTestId("act-pause")).toBeDisabled();
  await expect.element(page.getByText(/: who was here at/)).toBeVisible();
  for (const button of page.getByRole("button", { name: /^Remove / }).elements())
    expect(button).toBeDisabled();
  for (const id of ["volunteers-now", "countdown", "delivered"])
    expect(page.getByTestId(id).elements()).toEqual([]);
  expect(place.querySelectorAll("tbody .text-run").length).toBe(0); // nothing green
});

test("a line that is silent is not taken for one that is live", async () => {
  const { run } = sceneOf("dashboard");
  show(
    <DashboardPage
      talk={talk}
      run={{ ...run, heardAt: Date.now() - 30_000, reportsEveryMs: 1000 }}
      earlier={() => {}}
    />,
  );
  await expect.element(page.getByTestId("line-lost")).toBeVisible();
  await expect.element(page.getByTestId("run-state")).toHaveTextContent("last heard: training");
  expect(page.getByTestId("volunteers-now").elements()).toEqual([]);
});

/** What only a run has that lives. */
const living = ["volunteers-now", "figure-round", "countdown", "volunteers", "delivered"];

test("[C53] the dashboard of a finished run says when it ended and what came of it, and shows nothing that lives", async () => {
  const { run } = sceneOf("dashboard-ended");
  show(<DashboardPage talk={talk} run={run} earlier={() => {}} />);
  const { figures } = run;
  const day = new Date(figures!.end!.at).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  await expect
    .element(page.getByTestId("run-sentence"))
    .toHaveTextContent(`The host ended the run on ${day} at `);
  const { first, last } = firstToLast(figures!)!;
  expect(place.textContent).toContain(`needs ${last.toFixed(2)} bits per byte`);
  expect(place.textContent).toContain(`was ${first.toFixed(2)} at first`);
  expect(dataOf("figure-bits-per-byte")).toBe(last);
  for (const id of living) expect(page.getByTestId(id).elements()).toEqual([]);
  expect(place.textContent).not.toMatch(/who is here|in the last hour|not yet|Refused since|the latest/);
  expect(place.textContent).toContain("Body 15, the last");
});

test("[C53] the host's page of a finished run has no control that does nothing", async () => {
  hostPage(sceneOf("admin-ended").run, { token: "" });
  await expect.element(page.getByRole("heading", { name: "The run is over" })).toBeVisible();
  expect(page.getByRole("button").elements()).toEqual([]);
  expect(page.getByTestId("token").elements()).toEqual([]);
  for (const id of living) expect(page.getByTestId(id).elements()).toEqual([]);
});

test("[C53] the profile of a finished run says that it is over", async () => {
  show(<ProfilePage run={sceneOf("dashboard-ended").run} />);
  await expect.element(page.getByTestId("over")).toHaveTextContent("The host ended the run on");
  show(<ProfilePage run={sceneOf("dashboard").run} />);
  expect(page.getByTestId("over").elements()).toEqual([]);
});

test("a source's title leads and its language follows", async () => {
  show(<DashboardPage talk={talk} run={sceneOf("dashboard").run} earlier={() => {}} />);
  const named = [...place.querySelectorAll("[data-testid=volunteer] td:nth-child(2)")].map(
    (one) => one.textContent,
  );
  expect(named).toContain("Minutes of the allotment club English");
  expect(named).toContain("Taiwanese newspapers 繁體中文");
  expect(named).toContain("日本語");
  await expect.element(page.getByTestId("deltas-table")).toHaveTextContent("Taiwanese newspapers");
});

test("[C27] [C28] a run that holds itself says so, and the host goes back to a body without some of its deltas", async () => {
  const asked: Admin[] = [];
  const { run } = sceneOf("admin");
  const keep = { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 3 };
  const held = { body: run.figures!.published, sources: [run.figures!.sources[0]!.id] };
  const figures = { ...run.figures!, held, paused: true, manifest: { ...run.figures!.manifest, keep } };
  show(
    <AdminPage
      run={{ ...run, figures }}
      token="right"
      onToken={() => {}}
      act={async (message): Promise<Reply> => {
        asked.push(message);
        return { ok: true };
      }}
      askApplicants={nobodyWaits}
    />,
  );
  await expect.element(page.getByTestId("run-state")).toHaveTextContent("holds itself");
  const one = undoable(figures).findLast(({ volunteers }) => volunteers.length > 0)!;
  await userEvent.selectOptions(page.getByTestId("undo-to"), `${one.body}`);
  await userEvent.click(page.getByRole("checkbox", { name: one.volunteers[0]!.slice(0, 6) }));
  await userEvent.click(page.getByTestId("act-undo"));
  await expect.element(page.getByRole("dialog")).toHaveTextContent("averaged anew without 1 delta");
  await userEvent.click(page.getByTestId("confirm-yes"));
  const act = { kind: "undo", to: one.body, without: [one.volunteers[0]!] } as const;
  await expect.poll(() => asked).toEqual([{ token: "right", act }]);
});

/** The host's page of a run that is not open, and what it asked for. */
function admissionPage(): Admin[] {
  const asked: Admin[] = [];
  const act = async (message: Admin): Promise<Reply> => {
    asked.push(message);
    return { ok: true };
  };
  const { run } = sceneOf("admin-admission");
  show(<AdminPage {...{ run, act, askApplicants: somebodyWaits }} token="given" onToken={() => undefined} />);
  return asked;
}

test("[P38] a link is made here, shown once it counts, and its code never leaves the page", async () => {
  const asked = admissionPage();
  const inviting = page.getByTestId("inviting").first();
  await expect.element(inviting).toHaveTextContent("7 of 12 invited volunteers came.");
  await userEvent.fill(inviting.getByRole("spinbutton"), "3");
  await userEvent.click(inviting.getByRole("button", { name: "Make a link" }));
  await expect.element(page.getByTestId("link")).toBeVisible();
  const link = (page.getByTestId("link").element() as HTMLInputElement).value;
  const invitation = invitationIn(new URL(link).hash);
  if (invitation === undefined || invitation === "broken") throw new Error(link);
  const { source, code } = invitation;
  expect([new URL(link).origin, new URL(link).search]).toEqual([location.origin, ""]);
  expect(asked).toEqual([
    { token: "given", act: { kind: "invite", source, codes: [{ sha256: hashOfCode(code), uses: 3 }] } },
  ]);
  expect(JSON.stringify(asked)).not.toContain(code);
});

test("[P39] who waits is approved, or turned away, once the host has read what follows", async () => {
  const asked = admissionPage();
  await expect.poll(() => page.getByTestId("applicant").elements().length).toBe(2);
  const [one] = applicants();
  const name = one!.volunteer.slice(0, 6);
  await press(`Approve ${name}`);
  expect(asked).toEqual([]);
  await userEvent.click(page.getByTestId("confirm-yes"));
  await expect.element(page.getByTestId("outcome")).toHaveTextContent(`Volunteer ${name} was let into`);
  await press(`Turn ${name} away`);
  await userEvent.click(page.getByTestId("confirm-yes"));
  const { volunteer, source } = one!;
  await expect
    .poll(() => asked.map(({ act }) => act))
    .toEqual([
      { kind: "approve", volunteer, source },
      { kind: "remove", volunteer },
    ]);
});

test("[C50] a source by invitation cannot be chosen without one; with one it is", async () => {
  const sent: Command[] = [];
  const radioOf = (source: string) =>
    place.querySelector<HTMLInputElement>(`input[name=source][value="${source}"]`)!;
  const { run } = sceneOf("by-invitation");
  const { id } = run.manifest!.sources[1]!;
  show(volunteerPage("by-invitation", sent));
  expect([radioOf(id).disabled, radioOf(id).checked]).toEqual([true, false]);
  await expect
    .element(page.getByRole("group", { name: "Source of your words" }))
    .toHaveTextContent("By invitation");
  show(volunteerPage("invited", sent));
  expect([radioOf(id).disabled, radioOf(id).checked]).toEqual([false, true]);
  await userEvent.click(page.getByTestId("contribute"));
  expect(sent).toMatchObject([{ kind: "contribute", source: id }]);
});

function tryPage(name: SceneName, asked: unknown[] = []) {
  const { run, trial } = sceneOf(name);
  const ask =
    (what: string) =>
    (...of: unknown[]) =>
      void asked.push([what, ...of]);
  const acts = { choose: ask("choose"), start: ask("start"), cancel: ask("cancel"), again: ask("again") };
  return <TryPage run={run} state={trial} trial={acts} busy={false} />;
}

test("text is given by dropping and pasting, and tried once there is enough of it", async () => {
  const asked: unknown[] = [];
  show(tryPage("try", asked));
  pressAnyway("try");
  expect(asked).toEqual([]);
  await expect.element(page.getByTestId("try-hint")).toHaveTextContent("At least 8 kB");
  drop(new File(["We met on Monday."], "minutes.txt"));
  await userEvent.fill(page.getByTestId("pasted"), "Hello.");
  expect(asked).toMatchObject([
    ["choose", { files: [{ name: "minutes.txt" }], pasted: "" }],
    ["choose", { files: [], pasted: "Hello." }],
  ]);
  show(tryPage("try-chosen", asked));
  await press("Try it");
  const { manifest, figures } = sceneOf("try-chosen").run;
  expect(asked.at(-1)).toMatchObject([
    "start",
    manifest,
    { number: 14, sections: figures!.bodies.at(-1)!.sections },
  ]);
});

test.each(["new", "dashboard"] as const)("a link leads there from %s", (name) => {
  show(
    name === "new" ? (
      volunteerPage(name)
    ) : (
      <DashboardPage talk={talk} run={sceneOf(name).run} earlier={() => {}} />
    ),
  );
  const link = page.getByRole("link", { name: "Try this body on your own language" });
  expect(link.element().getAttribute("href")).toBe("/try");
});

test("before the first round is over there is nothing to try", async () => {
  const asked: unknown[] = [];
  show(tryPage("try-early", asked));
  pressAnyway("try");
  await expect.element(page.getByTestId("try-hint")).toHaveTextContent("The first round is not over yet");
  expect(asked).toEqual([]);
});

test("what is wrong with a file stands beside it, and nothing can be tried until it is out", async () => {
  const asked: unknown[] = [];
  show(tryPage("try-refused", asked));
  const item = page.getByRole("listitem").filter({ hasText: "scan.txt" });
  await expect.element(item.getByTestId("file-problem")).toHaveTextContent("got a PDF");
  pressAnyway("try");
  expect(asked).toEqual([]);
  await userEvent.click(page.getByRole("button", { name: "Take out scan.txt" }));
  const { files } = sceneOf("try-refused").trial.text;
  expect(asked).toMatchObject([["choose", { files: files.slice(0, 2).map(({ name }) => ({ name })) }]]);
});

test("a trial shows where it is and how long it takes, and can be cancelled", async () => {
  const asked: unknown[] = [];
  show(tryPage("try-body", asked));
  await expect.element(page.getByTestId("trial-progress")).toHaveTextContent("2.70 MB of 4.20 MB");
  show(tryPage("try-learning", asked));
  await expect.element(page.getByTestId("trial-left")).toHaveTextContent("0:3");
  expect(place.querySelectorAll('[data-testid="chart-trial"] canvas')).toHaveLength(1);
  await press("Cancel");
  expect(asked).toEqual([["cancel"]]);
});

test("the result is one sentence with the numbers; what comes in the place of something else has the focus", async () => {
  show(tryPage("try-learning"));
  show(tryPage("try-done"));
  const { phase } = sceneOf("try-done").trial;
  if (phase.kind !== "done") throw new Error(phase.kind);
  await expect
    .element(page.getByTestId("verdict"))
    .toHaveTextContent("after 84 steps what a random body reaches after 208");
  expect(dataOf("trial-last")).toBe(phase.result.last);
  expect(dataOf("trial-other-last")).toBe(phase.result.otherLast);
  expect(document.activeElement?.contains(page.getByTestId("verdict").element())).toBe(true);
  show(tryPage("try-behind"));
  await expect.element(page.getByTestId("verdict")).toHaveAttribute("data-kind", "behind");
});

test.each(sceneNames)("axe finds nothing serious in %s, nothing scrolls sideways at 360 px", async (name) => {
  await page.viewport(360, 780);
  const { run, path } = sceneOf(name);
  show(
    path === "/dashboard" ? (
      <DashboardPage talk={talk} run={run} earlier={() => {}} />
    ) : path === "/admin" ? (
      <AdminPage
        run={run}
        token="given"
        onToken={() => undefined}
        act={async () => ({ ok: true })}
        askApplicants={somebodyWaits}
      />
    ) : path === "/try" ? (
      tryPage(name)
    ) : (
      volunteerPage(name)
    ),
  );
  const { violations } = await axe.run(place);
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)])).toEqual([]);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(360);
});

test("the profile page measures a step on this device, kernel by kernel", { timeout: 120_000 }, async () => {
  const { run } = sceneOf("new");
  const manifest = run.manifest!;
  const overrides = { width: 32, heads: 2 };
  const tiny = {
    ...manifest,
    model: { family: "llama", depth: 1, context: 16, overrides },
    sources: [{ ...manifest.sources[0]!, vocabulary: 300 }],
    training: { ...manifest.training, batch: 2 },
  } as typeof manifest;
  show(<ProfilePage run={{ ...run, manifest: tiny }} />);
  await press("Measure");
  await expect.element(page.getByTestId("profile-kernels"), { timeout: 90_000 }).toBeVisible();
  expect(dataOf("profile-tokens")).toBe(32);
  expect(dataOf("profile-dispatches")).toBeGreaterThan(20);
  await expect.element(page.getByTestId("profile-kernels")).toHaveTextContent("MatMul");
  await expect.element(page.getByTestId("profile-regions")).toHaveTextContent("layer 0 attention");
  const { violations } = await axe.run(place);
  expect(violations.map(({ id }) => id)).toEqual([]);
});
