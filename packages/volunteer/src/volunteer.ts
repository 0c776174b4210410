// A volunteer at work: the session decides, and here its jobs are done, over the four ports.
//
// One loop: after every event the session says which job is due; another one than that under way is given up first.
// Everything that a screen shows is in the View, which is told at each change.

import type { SourceId } from "@homebody/base";
import { dimensions } from "@homebody/model";
import {
  type Announcement,
  events,
  type Hello,
  type ManifestSource,
  type Progress,
  protocolVersion,
  type Ready,
  type Removed,
  type RunManifest,
  type Stage,
  volunteerOf,
  type Welcome,
} from "@homebody/protocol";
import { bitsPerByte } from "@homebody/text";
import {
  DeviceLostError,
  EngineError,
  type MemoryPlan,
  NotFiniteError,
  requireMemory,
} from "@homebody/train";
import type { Clock, Device, DeviceStart, Disk, Line, Net } from "./ports.ts";
import { type BroughtFile, prepareText, type Text } from "./prepare.ts";
import { decodeRecord, emptyRecord, encodeRecord, type Record, withLoss } from "./record.ts";
import { configOf, createReplica, type Replica, type Telling } from "./replica.ts";
import { sampleText } from "./sampling.ts";
import {
  deadlineOf,
  evolve,
  firstSession,
  isReady,
  type Job,
  jobFor,
  type Session,
  type SessionEvent,
  sameJob,
} from "./session.ts";
import { ask, upload } from "./upload.ts";
import { dutyCycle, type Intensity, type SampleView, type Task, type View } from "./view.ts";
import { viewOf } from "./view-of.ts";

export interface VolunteerOptions {
  readonly manifest: RunManifest;
  readonly source: SourceId;
  /** For text that is brought; null takes what is on the disk. */
  readonly files: readonly BroughtFile[] | null;
  /** 64 hex digits: who holds it is the volunteer. */
  readonly secret: string;
  readonly host: "browser" | "node";
  readonly net: Net;
  readonly disk: Disk;
  readonly device: Device;
  readonly clock: Clock;
  readonly intensity?: Intensity;
  readonly snapshotMs?: number | undefined;
  /** At each change; a view is a value of its own. */
  readonly told: (view: View) => void;
}

export interface Volunteer {
  view(): View;
  pause(): void;
  resume(): void;
  setIntensity(intensity: Intensity): void;
  /** Sends the delta of the round that it is in, then leaves. */
  finish(): void;
  sample(prompt: string, tokens: number): Promise<void>;
  /** Tells the coordinator that it will not come back, and closes. */
  leave(): Promise<void>;
  /** Leaves the line and the engine; what is on the disk stays. A training round keeps what it has reached. */
  close(): Promise<void>;
  /** Resolves when the session has ended, by whatever way. */
  readonly ended: Promise<NonNullable<Session["ended"]>>;
}

const progressMs = 1000;
const longestIntroductionMs = 60_000;
const leaveMs = 2000;

interface Running {
  readonly job: Job;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export async function startVolunteer(options: VolunteerOptions): Promise<Volunteer> {
  const { manifest, net, disk, device, clock, host, secret } = options;
  const source = sourceOf(manifest, options.source);
  const volunteer = volunteerOf(secret);
  let record: Record = decodeRecord(await disk.read("record.json"));
  if (record.source !== null && record.source !== source.id) {
    await disk.clear(); // another source's words are of no use to this one
    record = emptyRecord;
  }
  record = { ...record, source: source.id, contributing: true };

  let session: Session = firstSession;
  let intensity: Intensity = options.intensity ?? "full";
  let started: DeviceStart | undefined;
  let memory: MemoryPlan | undefined;
  let text: Text | undefined;
  let replica: Replica | undefined;
  let line: Line | undefined;
  let running: Running | undefined;
  /** What is shown as under way: kept from job to job, so that no wait is shown where there is none. */
  let task: Task | null = null;
  let taskJob: Job | undefined;
  let waitingSince = clock.now();
  let tokensPerSecond: number | null = null;
  let sampling: SampleView | null = null;
  let closed = false;
  let toldReady: boolean | null = null;
  let progressAt = 0;
  let tries = 0;
  const wake = new AbortController();
  let retry = new AbortController();
  let finished: (ending: NonNullable<Session["ended"]>) => void = () => {};
  const ended = new Promise<NonNullable<Session["ended"]>>((resolve) => {
    finished = resolve;
  });

  function apply(event: SessionEvent): void {
    if (closed) return;
    session = evolve(session, event, clock.now());
    if (session.ended !== null) {
      if (session.ended !== "replaced") record = { ...record, contributing: false };
      void save();
      finished(session.ended);
    }
    tellReady();
    settle();
    tell();
  }

  /** Starts the job that is due; gives up the one under way if that is another. */
  function settle(): void {
    const due = closed ? null : jobFor(session, clock.now());
    if (running !== undefined) {
      if (!sameJob(running.job, due))
        running.abort.abort(new DOMException("another job is due", "AbortError"));
      return; // its end calls again
    }
    if (due === null) {
      task = null;
      waitForRetry();
      return;
    }
    const abort = new AbortController();
    waitingSince = clock.now();
    const done = perform(due, abort.signal)
      .catch((error: unknown) => fail(due, error, abort.signal))
      .then(() => {
        running = undefined;
        waitingSince = clock.now();
        settle();
        tell();
      });
    running = { job: due, abort, done };
  }

  function fail(job: Job, error: unknown, signal: AbortSignal): void {
    if (signal.aborted || closed) return;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof NotFiniteError && job.kind === "train")
      apply({ kind: "not-finite", round: job.order.round, message });
    else if (error instanceof DeviceLostError) {
      // [V18]
      replica?.dispose();
      replica = undefined;
      started = undefined;
      memory = undefined;
      device.lost();
      apply({ kind: "device-lost", message });
    } else apply({ kind: "failed", message });
  }

  function waitForRetry(): void {
    const { retryAt } = session;
    retry.abort();
    if (retryAt === null || closed) return;
    retry = new AbortController();
    const { signal } = retry;
    void clock.sleep(Math.max(0, retryAt - clock.now()), signal).then(() => {
      if (!signal.aborted) apply({ kind: "retry" });
    });
  }

  function taskTold(told: Omit<Task, "startedAt">): void {
    const same = task?.kind === told.kind && taskJob === running?.job;
    taskJob = running?.job;
    task = { ...told, startedAt: same ? task!.startedAt : clock.now() };
    tellProgress();
    tell();
  }

  async function perform(job: Job, signal: AbortSignal): Promise<void> {
    const telling: Telling = {
      told: taskTold,
      stepped: ({ step, of, loss, tokens, ms }) => stepped(job, { step, of, loss, tokens, ms }),
      signal,
      duty: () => dutyCycle[intensity],
      deadline: () => deadlineOf(session),
    };
    switch (job.kind) {
      case "prepare":
        return await prepare(signal);
      case "evaluate": {
        const scored = await replica!.evaluate(job.body, job.sha256, text!.heldOut, telling);
        const bits = bitsPerByte(scored.nats, scored.bytes);
        const scores = record.scores.filter(({ body }) => body !== job.body);
        const score = { body: job.body, bitsPerByte: bits, at: clock.now() };
        record = { ...record, scores: [...scores, score], scored };
        await save();
        return apply({ kind: "evaluated", scored });
      }
      case "report": {
        const reply = await ask(line!, events.evaluation, job.scored);
        return apply(reply.ok ? { kind: "reported", body: job.scored.body } : refusedBy(reply.refusal));
      }
      case "train":
        return apply({ kind: "trained", pending: await replica!.train(job.order, text!.train, telling) });
      case "send": {
        const stored = await replica!.pendingDelta();
        if (stored === undefined) throw new EngineError("the stored delta is gone");
        const told = (done: number, of: number) => taskTold({ kind: "send", done, of, unit: "bytes" });
        const outcome = await upload(stored.pending, stored.delta, { line: line!, told, signal });
        return apply(
          outcome.kind === "accepted"
            ? { kind: "accepted", round: job.pending.round }
            : refusedBy(outcome.word),
        );
      }
      case "settle": {
        await replica!.settle(job.accepted);
        if (job.accepted)
          record = {
            ...record,
            roundsContributed: record.roundsContributed + 1,
            tokensTrained: record.tokensTrained + job.pending.tokens,
          };
        await save();
        return apply({ kind: "settled", round: job.pending.round, accepted: job.accepted });
      }
      case "leave":
        await ask(line!, events.leave, {});
        return apply({ kind: "left" });
      default:
        job satisfies never;
    }
  }

  const refusedBy = (word: Extract<SessionEvent, { kind: "refused" }>["word"]) =>
    ({ kind: "refused", word }) as const;

  async function prepare(signal: AbortSignal): Promise<void> {
    taskTold({ kind: "check-device", done: 0, of: 1, unit: "steps" });
    started ??= await device.start();
    const config = configOf(manifest, source);
    const shape = { rows: manifest.training.batch, context: dimensions(config).context };
    memory ??= requireMemory(config, shape, started.limits);
    tell();
    connect();
    const counted: Net = {
      ...net,
      download: async (path, size, told, signal) => {
        const bytes = await net.download(path, size, told, signal);
        passed("received", path.startsWith("/texts/") ? "text" : "body", bytes.length);
        return bytes;
      },
    };
    text ??= await prepareText(manifest, source, options.files, {
      net: counted,
      disk,
      clock,
      told: taskTold,
      signal,
    });
    replica ??= createReplica({
      manifest,
      source,
      net: counted,
      disk,
      device,
      clock,
      memory,
      snapshotMs: options.snapshotMs,
    });
    const stored = await replica.pendingDelta();
    const { scored, roundsContributed } = record;
    await save();
    apply({ kind: "prepared", pending: stored?.pending ?? null, scored, roundsContributed });
  }

  /** Opens the line, once; it comes back by itself [V13]. */
  function connect(): void {
    line ??= net.connect({
      up: () => void introduce(),
      down: () => {
        toldReady = null;
        tries += 1;
        waitingSince = clock.now();
        apply({ kind: "disconnected" });
      },
      event: (name, message) => {
        if (name === events.announcement)
          apply({ kind: "announcement", announcement: message as Announcement });
        if (name === events.removed) apply({ kind: "removed", reason: (message as Removed).reason });
      },
      passed: (direction, kind, bytes) => passed(direction, kind, bytes),
    });
  }

  async function introduce(): Promise<void> {
    const hello: Hello = {
      protocol: protocolVersion,
      run: manifest.run,
      secret,
      source: source.id,
      device: { backend: started!.backend, host },
    };
    for (let waitMs = 1000; !closed; waitMs = Math.min(2 * waitMs, longestIntroductionMs)) {
      try {
        const reply = await ask<Welcome>(line!, events.hello, hello);
        if (reply.ok) {
          tries = 0;
          apply({ kind: "connected", announcement: reply.announcement });
          return;
        }
        apply({ kind: "refused", word: reply.refusal });
        if (session.ended !== null) return;
      } catch {
        return; // the line is down; when it is up again, we are called again
      }
      await clock.sleep(waitMs, wake.signal);
    }
  }

  function tellReady(): void {
    const ready = isReady(session);
    if (!session.connected || line === undefined || ready === toldReady) return;
    toldReady = ready;
    ask(line, events.ready, { ready } satisfies Ready).catch(() => {
      toldReady = null;
    });
  }

  function stepped(
    job: Job,
    step: { step: number; of: number; loss: number; tokens: number; ms: number },
  ): void {
    const { loss, tokens, ms } = step;
    const now = (1000 * tokens) / Math.max(ms, 1e-3);
    tokensPerSecond = tokensPerSecond === null ? now : 0.8 * tokensPerSecond + 0.2 * now;
    if (job.kind === "train" && text !== undefined) {
      const tokensPerByte = (text.train.stream.length - 1) / text.textBytes;
      const at = job.order.stepsBefore + step.step;
      const point = { step: at, bitsPerByte: (loss / Math.LN2) * tokensPerByte };
      record = { ...record, losses: withLoss(record.losses, point) };
    }
    lastLoss = loss;
    tellProgress();
    tell();
  }

  let lastLoss: number | null = null;

  /** Volatile, about once a second. */
  function tellProgress(): void {
    const { announcement } = session;
    if (!session.connected || line === undefined || clock.elapsed() - progressAt < progressMs) return;
    progressAt = clock.elapsed();
    const progress: Progress = {
      round: announcement !== null && "round" in announcement ? announcement.round : 0,
      stage: stageOf(task),
      step: task?.done ?? 0,
      of: task?.of ?? 0,
      loss: lastLoss,
      tokensPerSecond,
    };
    line.tell(events.progress, progress);
  }

  function passed(
    direction: "sent" | "received",
    kind: "delta" | "message" | "body" | "text",
    bytes: number,
  ): void {
    const { sent, received } = record.ledger;
    const ledger =
      direction === "sent"
        ? {
            sent:
              kind === "delta"
                ? { ...sent, deltas: sent.deltas + bytes }
                : { ...sent, messages: sent.messages + bytes },
            received,
          }
        : {
            sent,
            received: {
              bodies: received.bodies + (kind === "body" ? bytes : 0),
              texts: received.texts + (kind === "text" ? bytes : 0),
              messages: received.messages + (kind === "message" ? bytes : 0),
            },
          };
    record = { ...record, ledger };
  }

  let saving: Promise<void> = Promise.resolve();
  function save(): Promise<void> {
    saving = saving.then(() => disk.write("record.json", encodeRecord(record)));
    return saving;
  }

  function view(): View {
    return viewOf({
      session,
      record,
      run: manifest.run,
      volunteer,
      source: source.id,
      device:
        started === undefined
          ? null
          : {
              ...started,
              tokensPerSecond,
              memoryBytes: memory?.bytes ?? 0,
            },
      task,
      waitingSince,
      tries,
      intensity,
      tokensPerSecond,
      vocabulary:
        text === undefined
          ? null
          : {
              size: text.tokenizer.vocabularySize,
              embeddingBytes: 4 * (replica?.wordsSize ?? 0),
              textBytes: text.textBytes,
            },
      sampling,
      now: clock.now(),
    });
  }

  function tell(): void {
    if (!closed) options.told(view());
  }

  async function sample(prompt: string, tokens: number): Promise<void> {
    if (text === undefined || replica === undefined) return;
    const body = session.announcement?.bodyNumber ?? 0;
    sampling = { prompt, text: "", done: false, body, before: null };
    tell();
    const parts = { replica, tokenizer: text.tokenizer, device, manifest, tokens, prompt };
    try {
      for await (const { now, before } of sampleText(parts)) {
        sampling = { prompt, text: now, done: false, body, before };
        tell();
      }
    } finally {
      if (sampling !== null) sampling = { ...sampling, done: true };
      tell();
    }
  }

  async function leave(): Promise<void> {
    if (session.connected && line !== undefined) {
      const told = ask(line, events.leave, {}).catch(() => undefined);
      await Promise.race([told, clock.sleep(leaveMs)]);
    }
    await close();
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    wake.abort();
    retry.abort();
    running?.abort.abort(new DOMException("the volunteer closes", "AbortError"));
    await running?.done;
    line?.close();
    await save();
    replica?.dispose();
  }

  await save();
  apply({ kind: "contribute" });
  return {
    view,
    pause: () => apply({ kind: "pause" }),
    resume: () => apply({ kind: "resume" }),
    setIntensity: (to) => {
      intensity = to;
      tell();
    },
    finish: () => apply({ kind: "finish" }),
    sample,
    leave,
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

function stageOf(task: Task | null): Stage {
  switch (task?.kind) {
    case undefined:
      return "wait";
    case "download-body":
      return "download";
    case "evaluate":
    case "train":
    case "encode":
    case "send":
      return task!.kind as Stage;
    case "save":
      return "encode";
    default:
      return "prepare";
  }
}
