// A run in memory around real rooms of a volunteer: its net, disk, clock and device are the memory ones, and the host is
// a small coordinator that keeps the protocol's rules for uploads and really makes the next body of the deltas it takes.

import { type NamedTensors, namedTensors, type SourceId, sha256Of } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { decodeDelta } from "@homebody/codec";
import {
  declaresRows,
  encodeSection,
  exchangeFor,
  exchangeOf,
  firstNumbers,
  formsOf,
  type RowMap,
  rowMapFrom,
} from "@homebody/dept";
import { scriptedNet } from "@homebody/line/memory";
import {
  type Announcement,
  type BodyRef,
  bodyId,
  type Chunk,
  type Evaluation,
  events,
  type Hello,
  identityOf,
  type OpenMessage,
  type OpenUpload,
  type PassedBytes,
  type Refusal,
  type Reply,
  type RunManifest,
  type SectionFile,
  type Verdict,
} from "@homebody/protocol";
import { trainTokenizer } from "@homebody/text";
import { type MemoryDeviceOptions, memoryDevice, memoryDisk } from "../src/memory/index.ts";
import type { Disk } from "../src/ports.ts";
import type { View } from "../src/view.ts";
import { startVolunteer, type Volunteer, type VolunteerOptions } from "../src/volunteer.ts";

export const secret = "5e".repeat(32);
export const wordsSecret = "3c".repeat(32);
const sourceId = "a" as SourceId;

const documents = Array.from({ length: 16 }, (_, i) => `one body ${i}, many words ${i * i}`);
const lines = documents.map((text) => JSON.stringify({ text }));
const servedText = new TextEncoder().encode(`${lines.join("\n")}\n`);
const textHash = sha256Of(servedText);
const servedTokenizer = new TextEncoder().encode(trainTokenizer(documents, { vocabulary: 300 }).toJson());
const tokenizerHash = sha256Of(servedTokenizer);

export interface RunOptions {
  readonly localSteps?: number;
  readonly timeBox?: RunManifest["training"]["timeBox"];
  readonly moments?: "afresh" | "kept";
  readonly variant?: RunManifest["variant"];
  readonly codec?: RunManifest["codec"];
  readonly errorFeedback?: RunManifest["errorFeedback"];
  /** `source`: with the tokenizer that the host serves. */
  readonly words?: RunManifest["words"];
  /** Else what fits the variant and whose the words are. */
  readonly vocabulary?: RunManifest["vocabulary"]["kind"];
  /** Its text is brought: whoever starts a volunteer gives the files. */
  readonly brought?: boolean;
  readonly fitSteps?: number;
  readonly refitSteps?: number;
  readonly admission?: RunManifest["sources"][number]["admission"];
  readonly review?: RunManifest["review"];
  readonly overlap?: RunManifest["overlap"];
}

export function manifestWith(options: RunOptions = {}): RunManifest {
  const { localSteps = 4, timeBox = "off", moments = "afresh", variant = "spec", codec = "fp16" } = options;
  const { errorFeedback = "off" } = options;
  const { words = "device", fitSteps = 0, refitSteps = 0 } = options;
  const { vocabulary = variant !== "spec" ? "global" : words === "source" ? "source" : "own" } = options;
  const hosted = { sha256: tokenizerHash, sizeBytes: servedTokenizer.length };
  const tokenizer = vocabulary === "own" ? null : hosted;
  const served = { train: textHash, trainBytes: servedText.length, heldOut: null, heldOutBytes: 0 };
  const manifest: Omit<RunManifest, "run"> = {
    name: "In memory",
    description: "A run for tests.",
    host: "a test",
    origins: [],
    model: { family: "gpt2", depth: 1, context: 8, overrides: { width: 8, heads: 1, hidden: 8 } },
    variant,
    vocabulary: { kind: vocabulary, size: 300, sampleBytes: 1_000_000 },
    words,
    sources: [
      {
        id: sourceId,
        title: "A",
        language: "en",
        vocabulary: 300,
        tokenizer,
        words,
        admission: options.admission ?? "open",
        served: options.brought ? null : served,
      },
    ],
    training: {
      localSteps,
      timeBox,
      batch: 2,
      learningRate: { peak: 0.01, schedule: "cosine", warmupSteps: 0, finalFraction: 0.1 },
      betas: [0.9, 0.95],
      epsilon: 1e-8,
      weightDecay: 0,
      clip: 1,
      moments,
      seed: 1,
      frozenBody: false,
      optimiser: { kind: "adamw" },
      fitSteps,
      refitSteps,
    },
    outer: { kind: "averaging" },
    weighting: "equal",
    clipping: { kind: "median", multiple: 3 },
    average: { rule: "trimmed-mean", mixing: "nearest", attackers: 0.3, from: 5 },
    hold: { worsening: 0.25 },
    review: options.review ?? "off",
    keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 0 },
    codec,
    errorFeedback,
    down: "off",
    body: "fp32",
    overlap: options.overlap ?? "off",
    rounds: 10,
    round: {
      minimum: 1,
      quorum: "all",
      graceSeconds: 10,
      deadlineSeconds: 600,
      evaluationSeconds: 120,
      minimumSeconds: 0,
      sources: "all",
      quorumSources: "all",
      excuseAfter: 2,
    },
    newcomerRounds: 3,
    heldOut: { share: 0.2, sampleRows: "all", leastBytes: 1 },
  };
  return { run: identityOf(manifest), ...manifest };
}

/** The coordinator's side. */
export class Host {
  readonly manifest: RunManifest;
  readonly net = scriptedNet();
  readonly clock = memoryClock();
  /** What was asked and written, in order: the net's events, `write NAME` when a write is done. */
  readonly log: { readonly at: number; readonly what: string }[] = [];
  readonly hellos: Hello[] = [];
  readonly evaluations: Evaluation[] = [];
  readonly verdicts: Verdict[] = [];
  readonly accepted = new Map<number, OpenUpload>();
  /** What devices said of their sockets, by the round of the delta. */
  readonly passed = new Map<number, PassedBytes>();
  /** Of accepted deltas, whole. */
  readonly deltas = new Map<number, Uint8Array>();
  /** What to answer instead, by event. */
  readonly refusals = new Map<string, Refusal>();
  /** Requests that are answered later, by event: see `hold`. */
  readonly #held = new Map<string, Promise<void>>();
  /** A delta that rides in its opening is left unread, as 0.3 leaves it. */
  byChunks = false;
  body: BodyRef;
  announcement: Announcement;
  #numbers: NamedTensors[];
  /** Of the last body, by section: what nobody trains stays the file that it was. */
  readonly #files = new Map<string, { readonly numbers: NamedTensors; readonly file: SectionFile }>();
  #rows: RowMap | null = null;
  #upload: { open: OpenUpload; bytes: Uint8Array } | undefined;

  constructor(manifest: RunManifest) {
    this.manifest = manifest;
    this.#numbers = exchangeOf(manifest).sections.map((section) => firstNumbers(manifest, section));
    this.net.coordinator.files.set(`/texts/${textHash}`, servedText);
    this.net.coordinator.files.set(`/tokenizers/${tokenizerHash}`, servedTokenizer);
    this.net.coordinator.answer = async (event, message) => {
      this.note(event);
      const answer = this.answer(event, message);
      await this.#held.get(event);
      return answer;
    };
    this.body = this.publish(0);
    this.announcement = { paused: false, body: this.body, kind: "gathering", round: 1, ready: 0, minimum: 1 };
  }

  note(what: string): void {
    this.log.push({ at: this.clock.elapsed(), what });
  }

  count(what: string): number {
    return this.log.filter((one) => one.what === what).length;
  }

  /** What comes of this event takes effect, and is answered once it is released. */
  hold(event: string): () => void {
    let release = () => {};
    this.#held.set(
      event,
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return () => {
      this.#held.delete(event);
      release();
    };
  }

  publish(number: number): BodyRef {
    const sections = exchangeOf(this.manifest).sections.map((section, i) => {
      const { name } = section;
      const numbers = this.#numbers[i]!;
      const known = this.#files.get(name);
      if (known?.numbers === numbers) return known.file;
      const bytes = encodeSection(this.manifest, number, section, numbers);
      const sha256 = sha256Of(bytes);
      this.net.coordinator.files.set(`/bodies/${sha256}`, bytes);
      const file = { name, sha256, sizeBytes: bytes.length };
      this.#files.set(name, { numbers, file });
      return file;
    });
    return { number, id: bodyId(sections), sections };
  }

  announce(announcement: Announcement = this.announcement): void {
    this.announcement = announcement;
    this.net.coordinator.tell(events.announcement, announcement);
  }

  /** As a coordinator tells it to whoever says hello. */
  told(): Announcement {
    const { announcement, accepted } = this;
    if (announcement.kind !== "training") return announcement;
    return { ...announcement, accepted: accepted.has(announcement.round) };
  }

  /** Opens a round from the body that is there; its time box, where the run has one, is over after as long as the manifest says. */
  open(
    round: number,
    {
      remainingMs = 36_000_000,
      assigned = true,
      slots = 1,
      ...own
    }: { remainingMs?: number; assigned?: boolean; slots?: number } & Pick<
      Announcement,
      "review" | "quarantined"
    > = {},
  ): void {
    const { overlap, training } = this.manifest;
    const { localSteps, timeBox } = training;
    this.announce({
      paused: false,
      body: this.body,
      kind: "training",
      round,
      localSteps,
      ...(timeBox === "off" ? {} : { boxMs: 1000 * timeBox.seconds }),
      stepsBefore: localSteps * (round - 1),
      totalSteps: localSteps * 10,
      remainingMs,
      assignment: assigned ? { slot: 0, slots } : null,
      accepted: false,
      ...(overlap === "off" ? {} : { eager: { oldest: Math.max(0, round - 2), sources: 1 } }),
      ...own,
    });
  }

  closing(round: number): void {
    this.announce({ paused: false, body: this.body, kind: "closing", round });
  }

  /** The next body: the last one and the round's delta, where there is one. */
  next(round: number): void {
    const delta = this.deltas.get(round);
    if (delta !== undefined) this.#numbers = this.#added(delta);
    this.body = this.publish(round);
  }

  /** The next body, as the deltas of others make it: theta moves, and where `words` says so all else; another round is waited for. */
  trainedByOthers(number: number, words = false): void {
    this.#numbers = this.#numbers.map((numbers, i) =>
      i === 0 || words
        ? namedTensors(
            numbers.layout,
            numbers.data.map((value) => value + 0.01),
          )
        : numbers,
    );
    this.body = this.publish(number);
    const { body } = this;
    this.announce({ paused: false, body, kind: "gathering", round: number + 1, ready: 0, minimum: 2 });
  }

  /** Rows that are not held stay. */
  #added(delta: Uint8Array): NamedTensors[] {
    const exchange = exchangeFor(this.manifest, this.manifest.sources[0]!, this.#rows);
    const sections = decodeDelta(delta, formsOf(exchange));
    return sections.map(({ numbers }, i) => {
      const whole = namedTensors(this.#numbers[i]!.layout, this.#numbers[i]!.data.slice());
      const { rows } = exchange.sections[i]!;
      for (const [j, slot] of whole.layout.slots.entries()) {
        const held = numbers.layout.slots[j]!;
        const width = rows === null ? 0 : slot.size / rows.size;
        for (let k = 0; k < held.size; k++) {
          const to = rows === null ? k : rows.ids[Math.floor(k / width)]! * width + (k % width);
          whole.data[slot.offset + to] = whole.data[slot.offset + to]! + numbers.data[held.offset + k]!;
        }
      }
      return whole;
    });
  }

  numbers(): readonly NamedTensors[] {
    return this.#numbers;
  }

  answer(event: string, message: unknown): unknown {
    const refusal = this.refusals.get(event);
    if (refusal !== undefined) return { ok: false, refusal };
    switch (event) {
      case events.hello: {
        const hello = message as Hello;
        this.hellos.push(hello);
        if (declaresRows(this.manifest) && hello.rows !== undefined)
          this.#rows = rowMapFrom(hello.rows, this.manifest.sources[0]!.vocabulary);
        return { ok: true, volunteer: "ab".repeat(16), announcement: this.told() };
      }
      case events.evaluation:
        this.evaluations.push(message as Evaluation);
        return { ok: true };
      case events.verdict:
        this.verdicts.push(message as Verdict);
        return { ok: true };
      case events.open: {
        const { bytes: whole, passed, ...open } = message as OpenMessage;
        if (passed !== undefined) this.passed.set(open.round, passed);
        const isOpen = this.announcement.kind === "training" && this.announcement.round === open.round;
        const isIn = this.accepted.has(open.round);
        if (!isOpen && !isIn) return { ok: false, refusal: "wrong-round" };
        if (this.#upload?.open.delta !== open.delta) this.#upload = { open, bytes: new Uint8Array() };
        const opened = {
          ok: true,
          upload: "cd".repeat(16),
          offset: this.#upload.bytes.length,
          accepted: isIn,
        };
        if (isIn || whole === undefined || this.byChunks) return opened;
        this.#upload.bytes = whole.slice();
        const done = this.answer(events.commit, {}) as Reply;
        return done.ok ? { ...opened, offset: whole.length, accepted: true } : done;
      }
      case events.chunk: {
        const { offset, bytes } = message as Chunk;
        const upload = this.#upload!;
        if (offset !== upload.bytes.length) return { ok: false, refusal: "wrong-offset" };
        upload.bytes = Uint8Array.from([...upload.bytes, ...bytes]);
        return { ok: true, offset: upload.bytes.length };
      }
      case events.commit: {
        const { open, bytes } = this.#upload!;
        if (sha256Of(bytes) !== open.delta) return { ok: false, refusal: "wrong-hash" };
        this.accepted.set(open.round, open);
        this.deltas.set(open.round, bytes);
        this.#upload = undefined;
        return { ok: true };
      }
      default:
        return { ok: true };
    }
  }
}

/** One device of the run: what it keeps outlives the volunteers that are started on it. */
export function deviceOf(host: Host, options: MemoryDeviceOptions = {}) {
  const files = new Map<string, Uint8Array>();
  const kept = memoryDisk(files);
  /** A write takes this long. */
  let writeMs = 0;
  const disk: Disk = {
    ...kept,
    write: async (name, bytes) => {
      await host.clock.sleep(writeMs);
      await kept.write(name, bytes);
      host.note(`write ${name}`);
    },
  };
  const device = memoryDevice(host.clock, options);
  const views: View[] = [];

  async function start(more: Partial<VolunteerOptions> = {}): Promise<Volunteer> {
    return startVolunteer({
      manifest: host.manifest,
      source: sourceId,
      files: null,
      secret,
      wordsSecret,
      host: "node",
      net: host.net,
      disk,
      device,
      clock: host.clock,
      show: (view) => void views.push(view),
      ...more,
    });
  }

  return {
    files,
    disk,
    device,
    views,
    start,
    slowWrites: (ms: number) => {
      writeMs = ms;
    },
    /** Closes while time passes: a job that is given up may need some. */
    close: async (volunteer: Volunteer) => {
      let isOver = false;
      const over = volunteer.close().then(() => {
        isOver = true;
      });
      await host.clock.until("closed", () => isOver);
      await over;
    },
  };
}
