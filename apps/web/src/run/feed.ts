// The run as a page sees it: the manifest, figures folded from the journal, and who is here now.
//
// A page begins with the coordinator's figures and the latest entries, so that a long run costs it as little as a short one;
// earlier entries are read when somebody asks for them. From there on figures come from journal entries alone, in order and
// without gaps, so two watchers that have read the same entries show the same; the manifest follows them too. Entries come by
// the line; what a lost line missed is read by HTTP. Work is done one piece after another (`inTurn`), so no entry is folded
// twice. Whatever comes is checked here, and older facts are lifted: a coordinator may be of another version than a page that
// was opened before. Does not know React.

import {
  type Entry,
  type Figures,
  type FiguresFold,
  firstEntries,
  readEntry,
  readFigures,
  resumeFigures,
} from "@homebody/coordinator";
import { sharesWords } from "@homebody/dept";
import {
  type Admin,
  type Applicants,
  type AskApplicants,
  checkJournalPage,
  checkPresenceReport,
  checkSamples,
  checkUnreadEntries,
  isSampled,
  type PresenceReport,
  type Reply,
  type RunManifest,
  type RunSample,
  readManifest,
  type Watch,
  type Watching,
} from "@homebody/protocol";
import { createStore, type Store } from "../state/store.ts";

export interface FeedState {
  /** `lost`: it is being tried again. One that is `live` may be silent all the same (freshness.ts). */
  readonly line: "connecting" | "live" | "lost";
  /** When the coordinator was heard last, by this device's clock. */
  readonly heardAt: number | null;
  /** Between the last two reports of who is here; null until two have come on this line. */
  readonly reportsEveryMs: number | null;
  readonly manifest: RunManifest | null;
  readonly figures: Figures | null;
  /** The latest entries, oldest first, without gaps. */
  readonly entries: readonly Entry[];
  readonly presence: PresenceReport | null;
  /** How the model goes on, made by the coordinator's side: of each source the latest. */
  readonly samples: readonly RunSample[];
  /** The coordinator's clock minus this device's. */
  readonly clockAheadMs: number;
  readonly problem: string | null;
}

/** A connection that is made again by itself whenever it is lost. */
export interface FeedLine {
  watch(message: Watch): Promise<Reply<Watching>>;
  admin(message: Admin): Promise<Reply>;
  applicants(message: AskApplicants): Promise<Reply<Applicants>>;
  close(): void;
}

export interface FeedEvents {
  connected(): void;
  lost(): void;
  entries(message: unknown): void;
  presence(message: unknown): void;
}

/** What comes is as it came, but for answers: the feed checks it. */
export interface RunPorts {
  manifest(): Promise<unknown>;
  figures(): Promise<unknown>;
  journal(after: number, limit: number): Promise<unknown>;
  samples(): Promise<unknown>;
  line(events: FeedEvents): FeedLine;
  now(): number;
  /** Calls back after a while. */
  later(act: () => void): void;
}

export interface RunFeed {
  readonly state: Pick<Store<FeedState>, "get" | "subscribe">;
  admin(message: Admin): Promise<Reply>;
  applicants(message: AskApplicants): Promise<Reply<Applicants>>;
  /** Reads entries before those that are shown. */
  earlier(): void;
  close(): void;
}

/** Entries kept for the event log; all of them are in the export. */
export const keptEntries = 5000;
const pageEntries = 1000;
/** How often samples that are due are asked for, three seconds apart. */
const samplesTries = 20;

export const unread: FeedState = {
  line: "connecting",
  heardAt: null,
  reportsEveryMs: null,
  manifest: null,
  figures: null,
  entries: [],
  presence: null,
  samples: [],
  clockAheadMs: 0,
  problem: null,
};

export function openFeed(ports: RunPorts): RunFeed {
  const store = createStore<FeedState>(unread);
  let turn: Promise<void> = Promise.resolve();
  let connected = false;
  let closed = false;

  function inTurn(work: () => Promise<void>): void {
    turn = turn.then(async () => {
      if (closed) return;
      try {
        await work();
      } catch (error) {
        store.change({ problem: error instanceof Error ? error.message : String(error) });
        ports.later(() => inTurn(join));
      }
    });
  }

  const heard = () => store.change({ heardAt: ports.now() });

  async function page(after: number, limit: number) {
    const { entries, last } = checkJournalPage(await ports.journal(after, limit));
    heard();
    return { entries: entries.map((entry) => readEntry(entry)), last };
  }

  /** Of this run; none before its first figures. */
  let folded: FiguresFold | undefined;
  const seq = () => folded?.seq ?? 0;

  /** The figures as they are, and the latest entries. */
  async function begin(): Promise<void> {
    const figures = readFigures(await ports.figures());
    const { entries } = await page(Math.max(0, figures.seq - firstEntries), firstEntries);
    folded = resumeFigures(figures);
    const upTo = entries.filter((entry) => entry.seq <= figures.seq);
    store.change({ manifest: figures.manifest, figures, entries: upTo, problem: null });
    readSamples();
  }

  function fold(entries: readonly Entry[]): void {
    if (folded === undefined || entries.length === 0) return;
    folded.follow(entries);
    const { manifest, entries: kept } = store.get();
    const figures = folded.now();
    // A source may have joined, or the host may have changed something. An earlier page of the journal knows less.
    const follows = figures.manifest.sources.length >= (manifest?.sources.length ?? 0);
    store.change({
      manifest: follows ? figures.manifest : manifest,
      figures,
      entries: [...kept, ...entries].slice(-keptEntries),
      problem: null,
    });
    if (entries.some(({ fact }) => fact.kind === "published")) readSamples();
  }

  /** Those of the latest body come a while after it; and a coordinator may have none. */
  function readSamples(tries = samplesTries): void {
    const { figures } = store.get();
    if (figures === null || !hasSamples(figures.manifest)) return;
    inTurn(async () => {
      const { samples } = await ports
        .samples()
        .then(checkSamples)
        .catch(() => ({ samples: [] }));
      if (samples.length > 0) store.change({ samples });
      const { number } = figures.bodies.at(-1) ?? { number: 0 };
      const isDue = isSampled(number, figures.rounds) && !samples.some(({ body }) => body === number);
      if (isDue && tries > 0 && !closed) ports.later(() => readSamples(tries - 1));
    });
  }

  async function readOn(): Promise<void> {
    for (;;) {
      const { entries, last } = await page(seq(), pageEntries);
      if (last < seq()) return startOver();
      fold(entries.filter((entry) => entry.seq > seq()));
      if (entries.length === 0 || seq() >= last) return;
    }
  }

  /** Another journal under the same address: what was read before means nothing. */
  async function startOver(): Promise<void> {
    folded = undefined;
    store.change({ figures: null, entries: [], presence: null, samples: [] });
    await begin();
    await readOn();
  }

  async function readEarlier(): Promise<void> {
    const { entries } = store.get();
    const before = (entries[0]?.seq ?? 1) - 1;
    const limit = Math.min(pageEntries, before, keptEntries - entries.length);
    if (limit <= 0) return;
    const earlier = await page(before - limit, limit);
    store.change({ entries: [...earlier.entries, ...entries] });
  }

  async function read(): Promise<void> {
    const manifest = readManifest(await ports.manifest());
    const other = store.get().manifest !== null && store.get().manifest?.run !== manifest.run;
    store.change({ manifest });
    if (other || folded === undefined) await startOver();
    else await readOn();
  }

  async function join(): Promise<void> {
    await read();
    if (!connected) return;
    const reply = await line.watch({ after: seq() });
    if (!reply.ok) throw new Error(`watch: refused, ${reply.refusal}`);
    heard();
    if (reply.last < seq()) await startOver();
    else if (reply.last > seq()) await readOn();
    if (connected) store.change({ line: "live", problem: null });
  }

  async function take(message: unknown): Promise<void> {
    if (folded === undefined) return; // its first figures will know more
    const entries = checkUnreadEntries(message).map((entry) => readEntry(entry));
    const next = () => entries.filter((entry) => entry.seq > seq());
    if ((next()[0]?.seq ?? seq() + 1) > seq() + 1) await readOn();
    fold(next());
  }

  let reportedAt: number | null = null;
  const line = ports.line({
    connected() {
      connected = true;
      reportedAt = null;
      inTurn(join);
    },
    lost() {
      connected = false;
      store.change({ line: "lost" });
    },
    entries: (message) => inTurn(() => take(message)),
    presence(message) {
      const now = ports.now();
      inTurn(async () => {
        const presence = checkPresenceReport(message);
        const reportsEveryMs = reportedAt === null ? null : now - reportedAt;
        reportedAt = now;
        store.change({ presence, clockAheadMs: presence.at - now, heardAt: now, reportsEveryMs });
      });
    },
  });
  inTurn(read); // the page fills by HTTP, also where sockets take their time

  return {
    state: store,
    admin: (message) => line.admin(message),
    applicants: (message) => line.applicants(message),
    earlier: () => inTurn(readEarlier),
    close() {
      closed = true;
      line.close();
    },
  };
}

/** Whether the coordinator has all that it takes to sample some source. */
const hasSamples = (manifest: RunManifest) =>
  manifest.sources.some((source) => sharesWords(manifest, source));
