// A coordinator: one run, one data folder, one port. This file puts the parts together and takes them apart
// again; what happens to the run is decided in packages/coordinator.

import { mkdir } from "node:fs/promises";
import { createServer as createProbe } from "node:net";
import { fileURLToPath } from "node:url";
import { deltaNorm } from "@homebody/aggregate";
import { InputError, type Millis, type RunId, type Sha256 } from "@homebody/base";
import { type Entry, type Figures, keepsBody, type RunState } from "@homebody/coordinator";
import { lockFolder, openStore } from "@homebody/store";
import { type Logger, pino } from "pino";
import { type Actor, startActor } from "./actor.ts";
import { adminToken, adminTokenPath, tokenCheck } from "./admin.ts";
import { lastAlive, stayAlive } from "./alive.ts";
import { readBody } from "./averaging.ts";
import { bodyLayout } from "./body.ts";
import { closer } from "./closing.ts";
import type { Faults } from "./faults.ts";
import { openHttp } from "./http.ts";
import { openInbox } from "./inbox.ts";
import { unreferenced } from "./keep.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { metrics as makeMetrics } from "./metrics.ts";
import { openRun } from "./open-run.ts";
import { people as makePeople } from "./presence.ts";
import { type LoadedRunFile, loadRunFile } from "./run-file.ts";
import { isOwnComputer } from "./secure-context.ts";
import { openSockets, type Sockets } from "./sockets.ts";

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
  readonly clock?: () => Millis;
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
  const clock = options.clock ?? (() => Date.now() as Millis);
  const log = options.log ?? stderrLog();
  const faults: Faults = options.faults ?? (() => {});
  const limits = { ...defaultLimits, ...options.limits };
  const metrics = makeMetrics();

  const read = typeof options.run === "string" ? await loadRunFile(options.run) : options.run;
  const loaded =
    options.rounds === undefined ? read : { ...read, file: { ...read.file, rounds: options.rounds } };
  const { databaseUrl } = options;
  const store = await openStore(databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl });
  undo.push(() => store.close());
  const { journal, blobs, spool } = store;
  const opened = await openRun(loaded, { journal, blobs, dataDir, now: clock() });
  const { manifest } = opened;
  const layout = bodyLayout(manifest);
  const aliveAt = await lastAlive(dataDir, opened.state.lastAt);
  const token = await adminToken(dataDir);

  // Which blobs the run names, and how many bytes of bodies went out.
  const kinds = new Map<Sha256, "body" | "text">();
  let servedBytes = 0;
  const name = (entries: readonly Entry[]) => {
    for (const { fact } of entries) {
      if (fact.kind === "created" || fact.kind === "published") kinds.set(fact.body, "body");
      if (fact.kind === "created")
        for (const { served } of fact.manifest.sources)
          for (const hash of [served?.train, served?.heldOut]) if (hash) kinds.set(hash, "text");
      if (fact.kind === "published") servedBytes = Math.max(0, servedBytes - fact.servedBytes);
    }
  };
  name(opened.entries);

  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const norms = new Map<Sha256, Promise<number>>();
  const bodyNorm = (body: Sha256) => {
    if (!norms.has(body)) {
      norms.clear();
      norms.set(
        body,
        readBody(body, layout, blobs).then(({ data }) => deltaNorm(data)),
      );
    }
    return norms.get(body)!;
  };

  let sockets: Sockets | undefined;
  let roundDeltas: Sha256[] = deltasOf(opened.entries, opened.state);
  const troubled = (error: unknown) => log.error({ err: error }, "the world failed; trying again");
  const people = makePeople(limits.volunteers);
  const actor: Actor = startActor({
    journal,
    state: opened.state,
    figures: opened.figures,
    clock,
    present: people.present,
    faults,
    troubled,
    failed: (error) => {
      log.fatal({ err: error, state: phaseOf(actor.state()) }, "the run cannot go on");
      options.onFailed?.(error);
    },
    appended: (entries, state) => {
      for (const { seq, fact } of entries) log.debug({ seq, fact: fact.kind }, "fact");
      name(entries);
      inbox.follow(entries);
      metrics.journal.set(actor.figures().seq);
      metrics.round.set(state.body.number);
      sockets?.tell(entries, state);
      closing.look(state);
      if (state.phase.kind === "finished") finish();
    },
    afterwards: async (entries, state) => {
      for (const { fact } of entries) {
        if (fact.kind === "accepted") roundDeltas.push(fact.delta);
        if (fact.kind !== "published") continue;
        await faults("publish:after-journal");
        const gone: Sha256[] = keepDeltas ? [] : roundDeltas;
        roundDeltas = [];
        const { bodies } = actor.figures();
        const dropped = bodies[fact.round - 5];
        const old = dropped && !keepsBody(dropped.number, fact.round) ? [dropped.sha256] : [];
        const outer = previousOuter !== null && previousOuter !== fact.outer ? [previousOuter] : [];
        previousOuter = fact.outer;
        for (const hash of [...gone, ...old, ...outer])
          await blobs.remove(hash).catch((error) => log.warn({ err: error, hash }, "a blob stays"));
        log.info({ round: fact.round, deltas: state.contributors.size }, "published");
      }
    },
  });
  let previousOuter = opened.state.outer;
  const inbox = openInbox(manifest, { actor, layout, blobs, spool, faults, bodyNorm });
  inbox.follow(opened.entries);
  const closing = closer({
    manifest,
    layout,
    blobs,
    faults,
    actor: () => actor,
    servedBytes: () => servedBytes,
    published: (seconds) => metrics.averageSeconds.observe(seconds),
    troubled,
  });
  undo.push(() => actor.close());
  undo.push(() => closing.stop());

  await tidy();
  if (opened.existed) await comeBack();
  if (opened.state.phase.kind === "finished") finish();

  /** Blobs and spools that nothing needs any more. */
  async function tidy(): Promise<void> {
    const { entries, state } = opened;
    const open = state.phase.kind === "training" ? state.phase.round : undefined;
    // With a round open, an upload that was cut off may still be claimed.
    if (open === undefined) {
      for (const hash of await unreferenced(entries, state, blobs, { keepDeltas })) await blobs.remove(hash);
      for (const { upload } of await spool.list()) await spool.remove(upload);
    }
  }

  async function comeBack(): Promise<void> {
    await actor.do({ kind: "restart", aliveAt });
    const changed = await actor.do({ kind: "change", manifest });
    if (!changed.ok) log.info("the run is finished: changes of its file are not taken over");
    closing.look(actor.state());
  }

  const http = await openHttp({
    manifest: () => actor.state().manifest,
    journal,
    blobs,
    kindOf: (hash) => kinds.get(hash),
    webRoot: options.webRoot ?? builtWeb,
    metrics,
    limits,
    served: (kind, bytes) => {
      if (kind === "body") servedBytes += bytes;
      metrics.servedBytes.inc({ kind }, bytes);
    },
    tls: options.tls,
    trustProxy,
    clock,
  });
  undo.push(() => http.close());
  sockets = openSockets(http.server, {
    actor,
    inbox,
    people,
    limits,
    metrics,
    faults,
    log,
    clock,
    trustProxy,
    checkToken: tokenCheck(token, limits.adminTriesPerMinute),
    read: (after, limit) => journal.read(manifest.run, after, limit) as Promise<readonly Entry[]>,
  });
  undo.push(() => sockets!.close());
  await http.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE")
      throw new InputError("port", "one that is free", `${port}, which is in use`);
    throw error;
  });
  const alive = stayAlive(dataDir, clock);
  undo.push(() => alive.stop());
  actor.start();

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
    state: actor.state,
    figures: actor.figures,
    finished,
    close: () => {
      closed ??= unwind();
      return closed;
    },
  };
}

/** Deltas of the round that is open or closing: to be removed when it is published. */
function deltasOf(entries: readonly Entry[], { phase }: RunState): Sha256[] {
  if (phase.kind !== "training" && phase.kind !== "closing") return [];
  return entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.round === phase.round ? [fact.delta] : [],
  );
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
