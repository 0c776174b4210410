// The volunteer in a browser: one tab of a browser trains, under a Web Lock; the others say where it is.

import { systemClock } from "@homebody/clock";
import { engineDevice } from "../device.ts";
import { emptyLedger } from "../ledger.ts";
import { webNet } from "../net.ts";
import { keptSecret, secretFiles } from "../secrets.ts";
import type { Command, DeviceCheck, Intensity, View, WorkerMessage } from "../view.ts";
import { startVolunteer, type Volunteer } from "../volunteer.ts";
import { clearHome, privateDisk, readHome, writeHome } from "./disk.ts";
import { codeFor, keepInvitation, remember } from "./kept.ts";
import { startOptions } from "./start-options.ts";

const viewMs = 100;
const lockName = "homebody volunteer";

const device = engineDevice("auto", startOptions);

let volunteer: Volunteer | undefined;
let checked: DeviceCheck | null = null;
let intensity: Intensity = "balanced";
/** What this tab holds or waits for; giving it up lets another tab train. */
let giveUpLock = () => {};
let asked: Promise<void> = Promise.resolve();

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
  show({
    run: null,
    volunteer: null,
    source: null,
    connected: false,
    device: checked,
    activity,
    round: null,
    body: null,
    intensity,
    finishing: false,
    scores: [],
    losses: [],
    tokensPerSecond: null,
    roundsContributed: 0,
    tokensTrained: 0,
    vocabulary: null,
    ledger: emptyLedger,
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

async function contribute(command: Extract<Command, { kind: "contribute" }>): Promise<void> {
  await stopVolunteer();
  const { manifest, source, files } = command;
  showIdle({ kind: "idle" });
  await lock();
  await remember({ run: manifest.run, source, contributing: true });
  volunteer = await startVolunteer({
    manifest,
    source,
    files:
      files?.map((file) => ({
        name: file.name,
        bytes: async () => new Uint8Array(await file.arrayBuffer()),
      })) ?? null,
    secret: await secretIn(secretFiles.identity),
    code: await codeFor(manifest.run, source),
    wordsSecret: await secretIn(secretFiles.words),
    host: "browser",
    net: webNet(self.location.origin),
    disk: await privateDisk(`${manifest.run.slice(0, 16)}-${source}`),
    device,
    clock: systemClock,
    intensity,
    show,
  });
  void volunteer.ended.then(async (ending) => {
    if (ending !== "replaced" && ending !== "refused")
      await remember({ run: manifest.run, source, contributing: false });
    giveUpLock();
  });
}

/** Resolves when this tab is the one that trains; says so while another one is. */
async function lock(): Promise<void> {
  giveUpLock();
  await new Promise<void>((resolve) => {
    const hold = () => {
      resolve();
      return new Promise<void>((release) => {
        giveUpLock = release;
      });
    };
    void navigator.locks.request(lockName, { ifAvailable: true }, (lock) => {
      if (lock !== null) return hold();
      showIdle({ kind: "elsewhere" });
      const waiting = new AbortController();
      giveUpLock = () => waiting.abort();
      void navigator.locks.request(lockName, { signal: waiting.signal }, hold).catch(() => {});
      return undefined;
    });
  });
}

async function stopVolunteer(): Promise<void> {
  const stopping = volunteer;
  volunteer = undefined;
  await stopping?.close();
}

async function forget(): Promise<void> {
  await volunteer?.forget();
  volunteer = undefined;
  await clearHome(); // identity and other runs too
  giveUpLock();
  post({ kind: "forgotten" });
  showIdle({ kind: "idle" });
}

/** This browser's own. */
const secretIn = (name: string) =>
  keptSecret({ read: () => readHome(name), write: (text) => writeHome(name, text) });

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
      giveUpLock();
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
      intensity = command.intensity;
      if (volunteer) volunteer.setIntensity(intensity);
      else if (latest) show({ ...latest, intensity });
      else showIdle({ kind: "idle" });
      return;
    case "sample":
      void volunteer?.sample(command.prompt, command.tokens).catch(failed);
      return;
    case "check-device":
    case "invited":
    case "contribute":
    case "cancel":
    case "forget":
      if (command.kind === "cancel" || command.kind === "forget") giveUpLockIfWaiting();
      asked = asked.then(() => carryOut(command)).catch(failed);
      return;
    default:
      command satisfies never;
  }
});

/** A tab that waits for another one to stop does not take its turn for ever. */
function giveUpLockIfWaiting(): void {
  if (volunteer === undefined) giveUpLock();
}
