// A volunteer at work: the session decides, the runner does its jobs over the four ports, and the rooms around them
// keep what there is to show. Everything that a screen shows is in the View, which is shown at each change.

import type { SourceId } from "@homebody/base";
import { abilities, wordsSeed } from "@homebody/dept";
import {
  events,
  type ManifestSource,
  protocolVersion,
  type RunManifest,
  volunteerOf,
} from "@homebody/protocol";
import { shardBytes } from "@homebody/text";
import { DeviceLostError, EngineError, NotFiniteError } from "@homebody/train";
import { type BroughtFile, UnusableText } from "./brought.ts";
import { followHours, type HoursAt } from "./hours.ts";
import { type Introduction, introduce } from "./introduction.ts";
import { isOfLine, isReady } from "./jobs.ts";
import { withReceived, withSent } from "./ledger.ts";
import { keepManifest } from "./own-model.ts";
import { performer } from "./performing.ts";
import { type Clock, type Device, type Disk, type Net, type Piece, pieceBytes } from "./ports.ts";
import { createPreparation } from "./preparation.ts";
import { createProgress } from "./progress.ts";
import { openRecord } from "./record.ts";
import { createRunner } from "./runner.ts";
import { createSampling } from "./sampling.ts";
import { type Ending, evolve, firstSession, newestHome, type Session, type SessionEvent } from "./session.ts";
import { hasDeltas, type StoredDelta } from "./stored-state.ts";
import type { Text } from "./text-file.ts";
import { ask } from "./upload.ts";
import { dutyCycle, type Intensity, type View } from "./view.ts";
import { viewOf, vocabularyOf } from "./view-of.ts";

export interface VolunteerOptions {
  readonly manifest: RunManifest;
  readonly source: SourceId;
  /** For text that is brought; null takes what is on the disk. */
  readonly files: readonly BroughtFile[] | null;
  /** Prepared already, by whoever has many volunteers of a source in one process. */
  readonly text?: Text;
  /** 64 hex digits: who holds it is the volunteer. */
  readonly secret: string;
  /** Of an invitation, for a source that asks for one. */
  readonly code?: string | undefined;
  /** 64 hex digits, never sent: the words that stay here begin from it. */
  readonly wordsSecret: string;
  readonly host: "browser" | "node";
  readonly net: Net;
  readonly disk: Disk;
  readonly device: Device;
  readonly clock: Clock;
  readonly intensity?: Intensity;
  /** In which it may compute [V25]; always, if they are not given. */
  readonly hours?: HoursAt | undefined;
  readonly snapshotMs?: number | undefined;
  /** At each change; a view is a value of its own. Without it nobody looks. */
  readonly show?: (view: View) => void;
}

export interface Volunteer {
  view(): View;
  pause(): void;
  resume(): void;
  setIntensity(intensity: Intensity): void;
  /** Sends the delta of the round that it is in, then leaves. */
  finish(): void;
  sample(prompt: string, tokens: number): Promise<void>;
  /** What was written of the sample under way stays. */
  stopSample(): void;
  /** Tells the coordinator that it will not come back, and closes. */
  leave(): Promise<void>;
  /** Leaves, and deletes everything of this run and source on this device [V10]. */
  forget(): Promise<void>;
  /** Leaves the line and the engine; what is on the disk stays. A training round keeps what it has reached. */
  close(): Promise<void>;
  /** Resolves when the session has ended, by whatever way. */
  readonly ended: Promise<Ending>;
}

const leaveMs = 2000;

export async function startVolunteer(options: VolunteerOptions): Promise<Volunteer> {
  const { manifest, disk, device, clock, host, secret, code } = options;
  const source = sourceOf(manifest, options.source);
  const volunteer = volunteerOf(secret);
  const record = await openRecord(disk, source.id);
  const paused = record.now().contributing && record.now().paused;
  record.change({ contributing: true, paused });
  await keepManifest(manifest, disk);

  const { roundsContributed } = record.now();
  const overlap = manifest.overlap === "eager";
  let session: Session = { ...firstSession, overlap, unread: await hasDeltas(disk), roundsContributed };
  let intensity: Intensity = options.intensity ?? "full";
  let introduction: Introduction | undefined;
  /** Deltas that were given to the line, by their memory, for as long as that is there. */
  const sending = new WeakMap<ArrayBufferLike, StoredDelta>();
  let closed = false;
  let finished: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    finished = resolve;
  });

  const net: Net = {
    ...options.net,
    download: async (path, ...others) => {
      const bytes = await options.net.download(path, ...others);
      if (!/^\/(bodies|steps|deltas)\//.test(path))
        record.change({ ledger: withReceived(record.now().ledger, "texts", bytes.length) });
      return bytes;
    },
  };
  const progress = createProgress({
    clock,
    apartMs: () => 1000 * (session.announcement?.progressSeconds ?? 1),
    tell: (far) => {
      if (!session.connected || introduction === undefined) return false;
      const { announcement } = session;
      const round = announcement !== null && "round" in announcement ? announcement.round : 0;
      introduction.line.tell(events.progress, { round, ...far });
      return true;
    },
  });
  const preparation = createPreparation({
    ...options,
    net,
    source,
    wordsSeed: wordsSeed(manifest.training.seed, source.id, options.wordsSecret),
    introducible: open,
    changed: show,
    replaced: () => record.change({ scored: null, scores: [], losses: [] }),
    received: (group, bytes) => record.change({ ledger: withReceived(record.now().ledger, group, bytes) }),
  });
  const sampling = createSampling({
    device,
    equipment: preparation.has,
    latest: () => session.announcement && { body: session.announcement.body, homeRound: newestHome(session) },
    changed: show,
  });
  const line = () => {
    if (introduction === undefined) throw new EngineError("the line was not opened yet");
    return introduction.line;
  };
  const perform = performer({
    manifest,
    source: source.id,
    session: () => session,
    preparation,
    record,
    clock,
    line,
    duty: () => dutyCycle[intensity],
    isLineBusy: () => runner.isBusy("line"),
    report: (task, job) => {
      // One task is shown: what computes before what is sent.
      if (isOfLine(job) && runner.isBusy("compute")) return;
      progress.report(task, job);
      show();
    },
    stepped: (step) => {
      progress.stepped(step);
      show();
    },
    sending: (delta) => void sending.set(delta.bytes.buffer, delta),
  });
  const runner = createRunner({
    clock,
    session: () => session,
    apply,
    perform: (job, signal) => {
      progress.restart();
      return perform(job, signal).finally(progress.restart);
    },
    failed: (job, lane, error) => {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof NotFiniteError && job.kind === "train")
        return { kind: "not-finite", round: job.order.round, message }; // [V11]
      if (job.kind === "review" && !(error instanceof DeviceLostError))
        return { kind: "reviewed", delta: job.delta, verdict: null }; // [V69]
      if (error instanceof UnusableText) return { kind: "unusable", message }; // [V23]
      if (!(error instanceof DeviceLostError)) return { kind: "failed", lane, message };
      preparation.lost();
      return { kind: "device-lost", message };
    },
    idle: () => {
      progress.idle();
      show();
    },
  });

  function apply(event: SessionEvent): void {
    if (closed) return;
    session = evolve(session, event, clock.now());
    if (session.ended !== null) {
      // After these it goes on where it was when the page is opened again.
      const isBack = session.ended === "replaced" || session.ended === "refused";
      if (!isBack) record.change({ contributing: false });
      void record.save();
      finished(session.ended);
    }
    if (session.connected) introduction?.ready(isReady(session));
    runner.follow();
    show();
  }

  /** Once: the line comes back by itself [V13]. */
  function open(rows: Uint8Array | undefined): void {
    introduction ??= introduce({
      net,
      clock,
      hello: {
        protocol: protocolVersion,
        run: manifest.run,
        secret,
        source: source.id,
        device: { backend: preparation.has().started!.backend, host },
        can: abilities,
        ...(rows === undefined ? {} : { rows }),
        ...(code === undefined ? {} : { code }),
      },
      heldOutBytes: () => {
        const { text } = preparation.has();
        return text === undefined || source.served !== null ? undefined : shardBytes(text.heldOut);
      },
      connected: (announcement) => {
        apply({ kind: "connected", announcement });
        sayAgain();
      },
      changed: show,
      disconnected: () => {
        progress.restart();
        apply({ kind: "disconnected" });
      },
      announced: (announcement) => apply({ kind: "announcement", announcement }),
      removed: (reason) => apply({ kind: "removed", reason }),
      refused: (reason) => {
        apply({ kind: "refused", reason });
        return session.ended === null;
      },
      malformed: ({ message }) => apply({ kind: "failed", lane: "line", message }),
      passed,
    });
  }

  /** [V31] What no round counted on, a coordinator that was started again has forgotten. */
  function sayAgain(): void {
    const { scored, reported, announcement } = session;
    if (!reported || scored === null || scored.id !== announcement?.body.id) return;
    ask(line(), events.evaluation, scored).catch(() => undefined); // said by the next connection
  }

  function passed(direction: "sent" | "received", piece: Piece): void {
    const { ledger } = record.now();
    const delta = ArrayBuffer.isView(piece) ? sending.get(piece.buffer) : undefined;
    const counted =
      direction === "sent"
        ? withSent(ledger, piece, delta ?? null)
        : withReceived(ledger, "messages", pieceBytes(piece));
    record.change({ ledger: counted });
  }

  function view(): View {
    const { started, memory, text, replica } = preparation.has();
    const tokensPerSecond = progress.tokensPerSecond();
    const memoryBytes = memory?.bytes ?? 0;
    return viewOf({
      session,
      record: record.now(),
      run: manifest.run,
      volunteer,
      source: source.id,
      device: started === undefined ? null : { ...started, tokensPerSecond, memoryBytes },
      task: progress.task(),
      waitingSince: progress.waitingSince(),
      line: introduction?.standing() ?? null,
      reached: progress.reached,
      intensity,
      hours: options.hours?.hours ?? null,
      tokensPerSecond,
      vocabulary: text === undefined ? null : vocabularyOf(text, replica),
      sampling: sampling.view(),
      now: clock.now(),
    });
  }

  function show(): void {
    if (!closed) options.show?.(view());
  }

  function pause(paused: boolean): void {
    record.change({ paused });
    void record.save();
    apply({ kind: paused ? "pause" : "resume" });
  }

  async function leave(): Promise<void> {
    if (session.connected && introduction !== undefined) {
      const left = ask(introduction.line, events.leave, {}).catch(() => undefined);
      await Promise.race([left, clock.sleep(leaveMs)]);
    }
    await close();
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    unfollowHours?.();
    sampling.stop();
    introduction?.close(); // first: what waits for an answer need not wait any more
    await runner.close();
    await record.save();
    await preparation.dispose();
  }

  async function forget(): Promise<void> {
    await leave();
    await disk.clear();
  }

  await record.save();
  const unfollowHours =
    options.hours && followHours(options.hours, clock, (within) => apply({ kind: "hours", within }));
  apply({ kind: "contribute", paused });
  return {
    view,
    pause: () => pause(true),
    resume: () => pause(false),
    setIntensity: (to) => {
      intensity = to;
      show();
    },
    finish: () => apply({ kind: "finish" }),
    sample: sampling.sample,
    stopSample: sampling.stop,
    leave,
    forget,
    close,
    ended,
  };
}

function sourceOf(manifest: RunManifest, id: SourceId): ManifestSource {
  const source = manifest.sources.find((one) => one.id === id);
  if (source !== undefined) return source;
  throw new EngineError(
    `source: expected one of ${manifest.sources.map(({ id }) => id).join(", ")}, got ${id}`,
  );
}
