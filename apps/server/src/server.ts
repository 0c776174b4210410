// A coordinator on this machine: one run, one data folder, one port. This file puts the pieces together and takes them apart
// again; what happens to the run is decided in packages/coordinator, and carried out by packages/service.

import { existsSync } from "node:fs";
import { access, constants, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, type RunId } from "@homebody/base";
import { type Clock, systemClock } from "@homebody/clock";
import type { Figures, RunState } from "@homebody/coordinator";
import { totalBytes } from "@homebody/protocol";
import { defaultLimits, type Faults, type Limits, openService, type Service } from "@homebody/service";
import { type FolderLock, lockFolder, openStore, type Store } from "@homebody/store";
import type { Logger } from "pino";
import { averagingThread } from "./closing/thread.ts";
import { openAdminChannel } from "./folder/admin-channel.ts";
import { adminToken, adminTokenPath, tokenCheck } from "./folder/admin-token.ts";
import { lastAlive, stayAlive } from "./folder/alive.ts";
import { type Health, healthOf } from "./health.ts";
import { type HostNotices, noticesFor, stderrLog } from "./log.ts";
import { measuringThreads } from "./measuring/threads.ts";
import { type Metrics, metrics as makeMetrics } from "./metrics.ts";
import { openRun, type RunInFolder } from "./opening/open-run.ts";
import { type LoadedRunFile, loadRunFile } from "./opening/run-file.ts";
import { openSamples, type Samples } from "./samples/samples.ts";
import { freePort, listenAt, urlOf } from "./wire/address.ts";
import { openHttp } from "./wire/http.ts";
import { openLines } from "./wire/lines.ts";
import { visitorsTo } from "./wire/visitors.ts";

export interface ServerOptions {
  /** A path, or a run file that was read already. */
  readonly run: string | LoadedRunFile;
  readonly dataDir: string;
  /** 0: any that is free. */
  readonly port?: number;
  readonly host?: string;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly trustProxy?: boolean;
  /** The addresses by which it is reached from elsewhere. */
  readonly publicUrls?: readonly URL[];
  readonly databaseUrl?: string;
  /** Rounds of the run in all, instead of the file's. */
  readonly rounds?: number;
  /** As few rounds as are done, or fewer, end the run; without it they are refused [C42]. */
  readonly end?: boolean;
  /** More rounds reopen a run that is finished; true unless it is given. */
  readonly extend?: boolean;
  readonly webRoot?: string;
  readonly limits?: Partial<Limits>;
  readonly faults?: Faults;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** The journal or our own code failed: nothing is accepted any more. */
  readonly onFailed?: (error: unknown) => void;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly run: RunId;
  readonly adminToken: string;
  readonly adminTokenPath: string;
  /** The run was in the data folder before. */
  readonly existed: boolean;
  state(): RunState;
  figures(): Figures;
  /** Resolves once the run is finished. */
  readonly finished: Promise<void>;
  /** Carries out what was begun, then lets go of everything. */
  close(): Promise<void>;
}

const builtWeb = fileURLToPath(new URL("../../web/dist", import.meta.url));

export async function createServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, host = "127.0.0.1" } = options;
  const loaded = await runFileOf(options); // what is wrong with it is said before anything is written
  const port = options.port || (await freePort(host));
  const isNew = !existsSync(dataDir);
  const lock = await lockedFolder(dataDir, port);
  /** What was opened is closed in the order from the last to the first. */
  const undo: Undo = [() => lock.release()];
  const unwind = async () => {
    for (const step of undo.reverse()) await step();
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= unwind();
    return closed;
  };
  try {
    return { ...(await assemble(options, loaded, { host, port }, undo)), close };
  } catch (error) {
    await unwind();
    // [P44] Unless a database has the run by now, whose folder this is.
    if (isNew && !hasDatabase(dataDir, options)) await rm(dataDir, { recursive: true });
    throw error;
  }
}

function hasDatabase(dataDir: string, { databaseUrl }: ServerOptions): boolean {
  return databaseUrl !== undefined && existsSync(join(dataDir, "journal.json"));
}

/** Throws FolderInUse, or an InputError for a folder that cannot be written. */
async function lockedFolder(dataDir: string, port: number): Promise<FolderLock> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK); // a database that cannot be opened does not say why
    return await lockFolder(dataDir, { pid: process.pid, port });
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (/^(EEXIST|ENOTDIR)$/.test(code))
      throw new InputError("data folder", "a folder, or a place for one", `a file on the way to ${dataDir}`);
    if (!/^(EACCES|EPERM|EROFS|ENOENT|SQLITE_CANTOPEN|SQLITE_READONLY)/.test(code)) throw error;
    throw new InputError("data folder", "one that this user may write", `${dataDir} (${message})`);
  }
}

const beatMs = 2000;

type Undo = (() => Promise<unknown>)[];
type At = { readonly host: string; readonly port: number };

async function assemble(
  options: ServerOptions,
  loaded: LoadedRunFile,
  at: At,
  undo: Undo,
): Promise<Omit<RunningServer, "close">> {
  const { dataDir, databaseUrl, clock = systemClock, faults = () => {}, log = stderrLog() } = options;
  const store = await openStore(databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl });
  undo.push(() => store.close());
  const { end = false, extend = true } = options;
  const opened = await openRun(loaded, { ...store, dataDir, now: clock.now(), faults, end, extend });
  const token = await adminToken(dataDir);
  const closing = averagingThread(dataDir, faults);
  undo.push(() => closing.close());
  const measuring = measuringThreads();
  undo.push(() => measuring.close());

  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const metrics = makeMetrics(() => service.counts());
  const notices = noticesFor(log, metrics, () => service.state());
  const samples = await openSamples({
    ...{ dataDir, log, run: opened.state.manifest.run, state: () => service.state() },
    learntFrom: () => service.figures().learntFrom,
  });
  undo.push(() => samples.close());
  const service: Service = await openService({
    ...{ opened, clock, faults, ...store, beatMs, isAdmin: tokenCheck(token) },
    limits: options.limits ?? {},
    ...(isLarge(opened) ? { average: closing.average, measure: measuring.measure } : {}),
    notices: {
      ...notices,
      appended: (entries, state) => {
        notices.appended(entries, state);
        if (entries.some(({ fact }) => fact.kind === "published")) samples.look();
        if (state.phase.kind === "finished") finish();
      },
      failed: (error) => {
        notices.failed(error);
        health.fail(error);
        options.onFailed?.(error);
      },
    },
  });
  undo.push(() => service.close());
  const health = healthOf({
    ...{ state: service.state, seq: () => service.figures().seq, dataDir, clock, ...store },
    unwell: notices.unwell,
  });
  undo.push(async () => health.stop());
  await goOn(service, opened, dataDir, log);
  if (opened.state.phase.kind === "finished") finish();
  await listen({ service, store, metrics, notices, health, samples, options }, at, undo);
  undo.push(await adminChannel(service, dataDir, log));
  const alive = stayAlive(dataDir, clock);
  undo.push(() => alive.stop());
  service.start();
  samples.look();

  return {
    url: urlOf({ ...at, tls: options.tls !== undefined }),
    port: at.port,
    run: opened.state.manifest.run,
    adminToken: token,
    adminTokenPath: adminTokenPath(dataDir),
    existed: opened.existed,
    state: service.state,
    figures: service.figures,
    finished,
  };
}

/** Whether averaging takes longer than others can wait for; a thread takes longer to start than a small body to close. */
function isLarge({ state }: RunInFolder): boolean {
  return totalBytes(state.body.sections) >= 2 ** 20;
}

async function runFileOf({ run, rounds }: ServerOptions): Promise<LoadedRunFile> {
  const read = typeof run === "string" ? await loadRunFile(run) : run;
  return rounds === undefined ? read : { ...read, file: { ...read.file, rounds } };
}

/** A run that was in the folder before is where it was, moved by the time in which nobody was there [C12]. */
async function goOn(service: Service, opened: RunInFolder, dataDir: string, log: Logger): Promise<void> {
  for (const notice of opened.notices) log.info(notice);
  for (const source of opened.leftOut) log.info({ source }, "no further round opens: a new source stays out");
  if (!opened.existed) return;
  const aliveAt = await lastAlive(dataDir, opened.state.lastAt);
  const changed = await service.comeBack(aliveAt, opened.changed);
  if (!changed.ok) log.info("the run is finished: of its file only more rounds are taken over");
}

/** Where a folder can have no socket, the host still has the line. */
async function adminChannel(
  { administer, figures, applicants }: Service,
  dataDir: string,
  log: Logger,
): Promise<() => Promise<void>> {
  try {
    return (await openAdminChannel({ dataDir, administer, figures, applicants })).close;
  } catch (error) {
    log.warn(
      { error: (error as Error).message },
      "no admin channel in the data folder: homebody admin needs the address",
    );
    return async () => {};
  }
}

interface Listening {
  readonly service: Service;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly notices: HostNotices;
  readonly health: Health;
  readonly samples: Samples;
  readonly options: ServerOptions;
}

/** HTTP and lines, on one port. */
async function listen(
  { service, store, metrics, notices, health, samples, options }: Listening,
  at: At,
  undo: Undo,
): Promise<void> {
  const { tls, trustProxy = false, webRoot = builtWeb, clock = systemClock, publicUrls = [] } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const manifest = () => service.state().manifest;
  const visitors = visitorsTo({
    names: [at.host, ...publicUrls.map(({ hostname }) => hostname)],
    origins: () => [...manifest().origins, ...publicUrls.map(({ origin }) => origin)],
  });
  const http = await openHttp({
    ...{ ...store, metrics, webRoot, tls, trustProxy, limits, clock, visitors, health, manifest },
    figures: service.figures,
    samples: samples.latest,
    kindOf: service.kindOf,
    turnedAway: () => metrics.turnedAway.inc({ at: "connection" }),
    failed: notices.unanswered,
    served: (kind, bytes) => {
      service.served(kind, bytes);
      metrics.servedBytes.inc({ kind }, bytes);
    },
  });
  undo.push(() => http.close());
  const ended = () => metrics.turnedAway.inc({ at: "line" });
  const lines = openLines(http.server, service.entrance, { trustProxy, limits, visitors, ended });
  metrics.waitsIn(lines.waitingBytes);
  undo.push(async () => lines.close());
  await listenAt(http, at);
}
