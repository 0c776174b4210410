// The volunteer in a browser: one tab of a browser trains; the others say where it is.

import type { RunId } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { engineDevice } from "../device.ts";
import { webNet } from "../net.ts";
import { emptyRecord, type RunRecord, readRecord } from "../record.ts";
import { keptSecret, secretFiles } from "../secrets.ts";
import type { Command, DeviceCheck, Intensity, Remembered, View, WorkerMessage } from "../view.ts";
import { startVolunteer, type Volunteer } from "../volunteer.ts";
import { clearHome, readHome, writeHome } from "./disk.ts";
import { fileOf } from "./file.ts";
import {
  codeFor,
  diskOf,
  keepIntensity,
  keepInvitation,
  readKept,
  readLast,
  remember,
  usualIntensity,
} from "./kept.ts";
import { oneTab } from "./one-tab.ts";
import { startOptions } from "./start-options.ts";

const viewMs = 100;

const device = engineDevice("auto", startOptions);

let volunteer: Volunteer | undefined;
let checked: DeviceCheck | null = null;
let intensity = usualIntensity;
/** Whether somebody has said so in this tab. */
let intensityIsNew = false;
/** What the volunteer was started with, for when it goes on. */
let contribution: Contribution | undefined;
/** What this device keeps of the run that it was in last: it is shown while there is no volunteer [V34]. */
const nothing: Shown = { run: null, record: emptyRecord };
let shown = nothing;
let asked: Promise<void> = recall().catch(() => undefined); // what cannot be read is not there

interface Shown {
  readonly run: RunId | null;
  readonly record: RunRecord;
}

type Contribution = Extract<Command, { kind: "contribute" }>;

const tab = oneTab("homebody volunteer", () => {
  asked = asked.then(handOver).catch(failed);
});

function post(message: WorkerMessage): void {
  postMessage(message);
}

let latest: View | undefined;
let posting: ReturnType<typeof setTimeout> | undefined;
/** At most ten a second, the last one always. */
function show(view: View): void {
  latest = view;
  if (posting !== undefined) return;
  posting = setTimeout(() => {
    posting = undefined;
    if (latest) post({ kind: "view", view: latest });
  }, viewMs);
}

function showIdle(activity: View["activity"]): void {
  const { scores, losses, roundsContributed, tokensTrained, ledger } = shown.record;
  show({
    run: shown.run,
    volunteer: null,
    source: null,
    line: null,
    device: checked,
    activity,
    round: null,
    body: null,
    intensity,
    finishing: false,
    scores,
    losses,
    tokensPerSecond: null,
    roundsContributed,
    tokensTrained,
    vocabulary: null,
    ledger,
    quarantined: false,
    refusal: null,
    sampling: null,
  });
}

function failed(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  showIdle({ kind: "failed", message, retryAt: null });
}

async function checkDevice(): Promise<void> {
  const task = { kind: "check-device", done: 0, of: 1, unit: "steps", startedAt: systemClock.now() } as const;
  showIdle({ kind: "working", task });
  checked = { ...(await device.start()), tokensPerSecond: null, memoryBytes: 0 };
  showIdle({ kind: "idle" });
}

async function contribute(command: Contribution): Promise<void> {
  await stopVolunteer();
  showIdle({ kind: "idle" });
  await begin(command);
}

/** As soon as this tab is the one that trains. */
async function begin(command: Contribution): Promise<void> {
  const { manifest, source, files } = command;
  if (!(await tab.take(() => showIdle({ kind: "elsewhere" })))) return;
  contribution = command;
  await remember({ run: manifest.run, source, contributing: true });
  const started = await startVolunteer({
    manifest,
    source,
    files: files?.map(fileOf) ?? null,
    secret: await secretIn(secretFiles.identity),
    code: await codeFor(manifest.run, source),
    wordsSecret: await secretIn(secretFiles.words),
    host: "browser",
    net: webNet(self.location.origin),
    disk: await diskOf({ run: manifest.run, source }),
    device,
    clock: systemClock,
    intensity,
    show,
  });
  volunteer = started;
  void started.ended.then(async (ending) => {
    if (ending === "unusable") await giveUp(started);
    if (ending !== "replaced" && ending !== "refused")
      await remember({ run: manifest.run, source, contributing: false });
    tab.giveUp();
  });
}

/** [V35] What was reached is kept, and the tab that asked goes on from it; this one waits for its turn. */
async function handOver(): Promise<void> {
  const own = contribution;
  if (own === undefined || volunteer === undefined) return tab.giveUp();
  await stopVolunteer();
  await begin(own);
}

/** Its text is chosen anew [V23]. */
async function giveUp(started: Volunteer): Promise<void> {
  if (volunteer === started) volunteer = undefined;
  await started.leave();
}

async function stopVolunteer(): Promise<void> {
  const stopping = volunteer;
  volunteer = undefined;
  await stopping?.close();
  shown = await shownOf(await readLast().catch(() => null));
}

async function recall(): Promise<void> {
  const kept = await readKept();
  if (!intensityIsNew) intensity = kept.intensity; // [V26]
  shown = await shownOf(kept.remembered);
}

async function shownOf(remembered: Remembered | null): Promise<Shown> {
  return remembered ? { run: remembered.run, record: await readRecord(await diskOf(remembered)) } : nothing;
}

async function forget(): Promise<void> {
  await volunteer?.forget();
  volunteer = undefined;
  await clearHome(); // identity and other runs too
  [intensity, intensityIsNew] = [usualIntensity, false];
  shown = nothing;
  tab.giveUp();
  post({ kind: "forgotten" });
  showIdle({ kind: "idle" });
}

/** This browser's own. */
const secretIn = (name: string) =>
  keptSecret({ read: () => readHome(name), write: (text) => writeHome(name, text) });

async function setIntensity(chosen: Intensity): Promise<void> {
  [intensity, intensityIsNew] = [chosen, true];
  if (volunteer) volunteer.setIntensity(chosen);
  else if (latest) show({ ...latest, intensity });
  else showIdle({ kind: "idle" });
  await keepIntensity(chosen);
}

async function keep({ run, invitation }: Extract<Command, { kind: "invited" }>): Promise<void> {
  await keepInvitation(run, invitation);
  post({ kind: "invited", invitation: { run, source: invitation.source } });
}

async function carryOut(command: Command): Promise<void> {
  switch (command.kind) {
    case "check-device":
      return await checkDevice();
    case "invited":
      return await keep(command);
    case "contribute":
      return await contribute(command);
    case "cancel":
      await stopVolunteer();
      tab.giveUp();
      return showIdle({ kind: "idle" });
    case "forget":
      return await forget();
    default:
      throw new Error(`unknown command ${command.kind}`);
  }
}

/** What changes a volunteer that runs takes effect at once; what makes or ends one waits its turn. */
addEventListener("message", ({ data: command }: MessageEvent<Command>) => {
  switch (command.kind) {
    case "pause":
      return volunteer?.pause();
    case "resume":
      return volunteer?.resume();
    case "finish":
      return volunteer?.finish();
    case "intensity":
      return void setIntensity(command.intensity).catch(failed);
    case "sample":
      void volunteer?.sample(command.prompt, command.tokens).catch(failed);
      return;
    case "stop-sample":
      return volunteer?.stopSample();
    case "take-over":
      return tab.ask();
    case "check-device":
    case "invited":
    case "contribute":
    case "cancel":
    case "forget":
      if (command.kind === "cancel" || command.kind === "forget") giveUpIfWaiting();
      asked = asked.then(() => carryOut(command)).catch(failed);
      return;
    default:
      command satisfies never;
  }
});

/** A tab that waits for another one to stop does not take its turn for ever. */
function giveUpIfWaiting(): void {
  if (volunteer === undefined) tab.giveUp();
}
