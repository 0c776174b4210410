// A coordinator: one run, one data folder, one port. This file puts the pieces together and takes them apart
// again; what happens to the run is decided in packages/coordinator.

import { mkdir } from "node:fs/promises";
import { createServer as createProbe } from "node:net";
import { fileURLToPath } from "node:url";
import { InputError, type RunId } from "@homebody/base";
import { type Clock, systemClock } from "@homebody/clock";
import type { Entry, Figures, RunState } from "@homebody/coordinator";
import {
  defaultLimits,
  type Faults,
  type Limits,
  type Notices,
  openService,
  type Service,
} from "@homebody/service";
import { lockFolder, openStore } from "@homebody/store";
import { type Logger, pino } from "pino";
import { adminToken, adminTokenPath, tokenCheck } from "./admin.ts";
import { lastAlive, stayAlive } from "./alive.ts";
import { openHttp } from "./http.ts";
import { openLines } from "./lines.ts";
import { type Metrics, metrics as makeMetrics } from "./metrics.ts";
import { openRun } from "./open-run.ts";
import { type LoadedRunFile, loadRunFile } from "./run-file.ts";
import { isOwnComputer } from "./secure-context.ts";

export interface ServerOptions {
  /** A path, or a run file that was read already. */
  readonly run: string | LoadedRunFile;
  readonly dataDir: string;
  /** 0: any that is free. */
  readonly port?: number;
  readonly host?: string;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly trustProxy?: boolean;
  readonly databaseUrl?: string;
  /** Rounds of the run in all, instead of the file's. */
  readonly rounds?: number;
  readonly keepDeltas?: boolean;
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

/** Logs are lines of JSON on stderr: stdout belongs to whoever started the server. */
export function stderrLog(level = process.env.LOG_LEVEL ?? "info"): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}

export async function createServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? "127.0.0.1";
  const port = options.port || (await freePort(host));
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(options.dataDir, { pid: process.pid, port });
  const undo: (() => Promise<unknown>)[] = [() => lock.release()];
  const unwind = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    return await assemble(options, host, port, undo, unwind);
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function assemble(
  options: ServerOptions,
  host: string,
  port: number,
  undo: (() => Promise<unknown>)[],
  unwind: () => Promise<void>,
): Promise<RunningServer> {
  const { dataDir, keepDeltas = false, trustProxy = false } = options;
  const { clock = systemClock } = options;
  const log = options.log ?? stderrLog();
  const faults: Faults = options.faults ?? (() => {});
  const limits = { ...defaultLimits, ...options.limits };

  const read = typeof options.run === "string" ? await loadRunFile(options.run) : options.run;
  const loaded =
    options.rounds === undefined ? read : { ...read, file: { ...read.file, rounds: options.rounds } };
  const { databaseUrl } = options;
  const store = await openStore(databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl });
  undo.push(() => store.close());
  const { journal, blobs, spool } = store;
  const opened = await openRun(loaded, { journal, blobs, dataDir, now: clock.now(), faults });
  const { manifest } = opened.state;
  const aliveAt = await lastAlive(dataDir, opened.state.lastAt);
  const token = await adminToken(dataDir);

  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const metrics = makeMetrics(() => service.counts());
  const service: Service = await openService({
    opened,
    clock,
    journal,
    blobs,
    spool,
    isAdmin: tokenCheck(token),
    keepDeltas,
    limits,
    faults,
    notices: {
      ...noticesFor(log, metrics),
      appended: (entries, state) => {
        tell(entries, state, log, metrics);
        if (state.phase.kind === "finished") finish();
      },
      failed: (error) => {
        log.fatal({ err: error, state: phaseOf(service.state()) }, "the run cannot go on");
        options.onFailed?.(error);
      },
    },
  });
  undo.push(() => service.close());
  for (const source of opened.leftOut) log.info({ source }, "no further round opens: a new source stays out");
  if (opened.existed) {
    const changed = await service.comeBack(aliveAt, opened.changed);
    if (!changed.ok) log.info("the run is finished: changes of its file are not taken over");
  }
  if (opened.state.phase.kind === "finished") finish();

  const http = await openHttp({
    manifest: () => service.state().manifest,
    journal,
    blobs,
    kindOf: service.kindOf,
    webRoot: options.webRoot ?? builtWeb,
    metrics,
    limits,
    served: (kind, bytes) => {
      if (kind === "body") service.served(bytes);
      metrics.servedBytes.inc({ kind }, bytes);
    },
    tls: options.tls,
    trustProxy,
    clock: clock.now,
  });
  undo.push(() => http.close());
  const lines = openLines(http.server, service.entrance, { trustProxy });
  undo.push(async () => lines.close());
  await http.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE")
      throw new InputError("port", "one that is free", `${port}, which is in use`);
    throw error;
  });
  const alive = stayAlive(dataDir, clock);
  undo.push(() => alive.stop());
  service.start();

  let closed: Promise<void> | undefined;
  const everywhere = host === "0.0.0.0" || host === "::";
  const shown = everywhere || isOwnComputer(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return {
    url: `${options.tls ? "https" : "http"}://${shown}:${port}`,
    port,
    run: manifest.run,
    adminToken: token,
    adminTokenPath: adminTokenPath(dataDir),
    existed: opened.existed,
    state: service.state,
    figures: service.figures,
    finished,
    close: () => {
      closed ??= unwind();
      return closed;
    },
  };
}

/** What is told of a run goes to the log and to the metrics. */
function noticesFor(log: Logger, metrics: Metrics): Partial<Notices> {
  return {
    averaged: (seconds) => metrics.averageSeconds.observe(seconds),
    committed: (seconds) => metrics.commitSeconds.observe(seconds),
    received: (bytes) => metrics.receivedBytes.inc(bytes),
    refused: (word) => metrics.refusals.inc({ word }),
    acted: ({ kind }) => log.info({ act: kind }, "admin act"),
    stays: (hash, error) => log.warn({ err: error, hash }, "a blob stays"),
    troubled: (error) => log.error({ err: error }, "the world failed; it is tried again"),
  };
}

function tell(entries: readonly Entry[], state: RunState, log: Logger, metrics: Metrics): void {
  for (const { seq, fact } of entries) {
    log.debug({ seq, fact: fact.kind }, "fact");
    if (fact.kind === "published")
      log.info({ round: fact.round, deltas: state.contributors.size }, "published");
  }
  metrics.journal.set(entries.at(-1)!.seq);
  metrics.round.set(state.body.number);
}

function phaseOf({ phase }: RunState): string {
  return "round" in phase ? `${phase.kind} ${phase.round}` : phase.kind;
}

async function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createProbe();
    probe.on("error", reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
