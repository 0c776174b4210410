// Socket.IO: volunteers and watchers. Each message is counted, checked and answered; a refusal touches nobody
// else. What a message means is decided elsewhere (inbox, actor, coordinator); here is who is on which connection.

import type { Server as HttpServer } from "node:http";
import { InputError, type Millis, type VolunteerId } from "@homebody/base";
import { announcementFor, type Entry, type RunState } from "@homebody/coordinator";
import { canTakePart } from "@homebody/dept";
import {
  checkAdmin,
  checkChunk,
  checkCommit,
  checkEvaluation,
  checkHello,
  checkOpenUpload,
  checkProgress,
  checkReady,
  checkWatch,
  chunkWindow,
  events,
  type ManifestSource,
  maxFrameBytes,
  type PresenceReport,
  protocolOf,
  protocolVersion,
  type Refusal,
  type Removed,
  volunteerOf,
} from "@homebody/protocol";
import {
  type Actor,
  type Bucket,
  bucket,
  buckets,
  counters,
  type DeclaredRows,
  type Faults,
  type Inbox,
  type Limits,
  type People,
  type Sender,
} from "@homebody/service";
import type { JournalEntry } from "@homebody/store/ports";
import type { Logger } from "pino";
import { Server, type Socket } from "socket.io";
import type { Metrics } from "./metrics.ts";

export interface SocketInputs {
  readonly actor: Actor;
  readonly inbox: Inbox;
  readonly people: People;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly faults: Faults;
  readonly log: Logger;
  readonly clock: () => Millis;
  readonly trustProxy: boolean;
  readonly checkToken: (
    token: string,
    address: string,
    nowMs: number,
  ) => "ok" | "not-authorised" | "too-many";
  /** The row map that a device of a source exchanges by, given what it declared; null where there is none to know. */
  readonly rowsOf: (source: ManifestSource, declared: Uint8Array | undefined) => Promise<DeclaredRows | null>;
  /** Entries after the given one, at most `limit`. */
  readonly read: (after: number, limit: number) => Promise<readonly JournalEntry[]>;
}

export interface Sockets {
  /** Facts were appended: tells watchers, and volunteers where the phase changed. */
  tell(entries: readonly Entry[], state: RunState): void;
  close(): Promise<void>;
}

type Ack = (reply: unknown) => void;
type Handler = (message: unknown, connection: Connection) => Promise<object | Refusal>;

/** One connection. */
interface Connection {
  readonly socket: Socket;
  readonly address: string;
  sender: Sender | undefined;
  watching: boolean;
  /** Each may bring a page of the journal. */
  readonly watches: Bucket;
  chunks: number;
  /** Requests beyond the bound, since the last one within it. */
  excess: number;
}

const catchUp = 500; // entries sent to a new watcher; one that is further behind reads by HTTP [P18]
const gatheringPauseMs = 200;
const excessMost = 200;
/** Twice the window [P8]: what was acknowledged may not have arrived there yet. */
const chunksAtOnce = chunkWindow * 2;
/** Messages that wait to be sent to one slow connection. */
const backlogMost = 500;
const watchesPerSecond = 0.5;

export function openSockets(server: HttpServer, inputs: SocketInputs): Sockets {
  const { actor, inbox, people, limits, metrics, log, clock, faults } = inputs;
  const connections = new Map<VolunteerId, Connection>();
  const watchers = new Set<Connection>();
  const refusals: Partial<Record<Refusal, number>> = {};
  const perAddress = counters();
  const newcomers = buckets(limits.newPerSecond, limits.newPerSecond * 10);
  let open = 0;

  const io = new Server(server, {
    serveClient: false,
    transports: ["websocket"],
    maxHttpBufferSize: maxFrameBytes, // [P16]
    pingInterval: 10_000,
    pingTimeout: 20_000,
    connectTimeout: 10_000,
    perMessageDeflate: false,
    // Asked once a connection, before there is one.
    allowRequest: (request, done) => {
      const address = addressOf(request.headers, request.socket.remoteAddress);
      const full = open >= limits.connections || perAddress.of(address) >= limits.connectionsPerAddress;
      if (!full && newcomers.take(address, clock())) return done(null, true);
      count("too-many");
      done("too-many", false);
    },
  });

  function addressOf(headers: Record<string, unknown>, remote: string | undefined): string {
    const forwarded = inputs.trustProxy ? headers["x-forwarded-for"] : undefined;
    // The last address is the one that our own proxy wrote; those before it are the visitor's claim.
    return typeof forwarded === "string" ? forwarded.split(",").at(-1)!.trim() : (remote ?? "unknown");
  }

  function count(word: Refusal): void {
    refusals[word] = (refusals[word] ?? 0) + 1;
    metrics.refusals.inc({ word });
  }

  const joined =
    (
      handle: (message: unknown, sender: Sender, connection: Connection) => Promise<object | Refusal>,
    ): Handler =>
    async (message, connection) => {
      if (connection.sender === undefined) return "not-joined"; // [P4]
      people.seen(connection.sender.volunteer, clock());
      return handle(message, connection.sender, connection);
    };
  const replyOf = (reply: { ok: true } | { ok: false; refusal: Refusal }) =>
    reply.ok ? reply : reply.refusal;

  const handlers: Readonly<Record<string, Handler>> = {
    [events.hello]: hello,
    [events.ready]: joined(async (message, { volunteer }) => {
      people.setReady(volunteer, checkReady(message).ready, clock());
      actor.tick();
      gatheringChanged();
      return {};
    }),
    [events.open]: joined(async (message, sender) =>
      replyOf(await inbox.open(sender, checkOpenUpload(message))),
    ),
    [events.chunk]: joined(async (message, sender, connection) => {
      const chunk = checkChunk(message);
      metrics.receivedBytes.inc(chunk.bytes.length);
      connection.chunks += 1;
      try {
        return replyOf(await inbox.chunk(sender, chunk));
      } finally {
        connection.chunks -= 1;
      }
    }),
    [events.commit]: joined(async (message, sender) => {
      const done = metrics.commitSeconds.startTimer();
      const reply = replyOf(await inbox.commit(sender, checkCommit(message)));
      done();
      if (typeof reply !== "string") await faults("commit:before-ack");
      return reply;
    }),
    [events.evaluation]: joined(async (message, sender) => {
      const decision = await actor.do({ kind: "evaluate", ...checkEvaluation(message), ...sender });
      return decision.ok ? {} : decision.refusal;
    }),
    [events.leave]: joined(async (_, { volunteer }, connection) => {
      forget(connection);
      people.forget(volunteer);
      await actor.do({ kind: "leave", volunteer });
      gatheringChanged();
      return {};
    }),
    [events.watch]: watch,
    [events.admin]: async (message, connection) => {
      const { token, act } = checkAdmin(message);
      const verdict = inputs.checkToken(token, connection.address, clock());
      if (verdict !== "ok") return verdict; // [P19]
      const decision = await actor.do({ kind: "admin", act });
      if (!decision.ok) return decision.refusal;
      log.info({ act: act.kind }, "admin act");
      if (act.kind === "remove") dismiss(act.volunteer, "removed");
      return {};
    },
  };

  async function hello(message: unknown, connection: Connection): Promise<object | Refusal> {
    // Before all else: what is of another version need not be understood.
    if ((protocolOf(message) ?? protocolVersion) !== protocolVersion) return "protocol-version";
    const { run, secret, source, device, can, rows } = checkHello(message);
    const state = actor.state();
    if (run !== state.manifest.run) return "wrong-run";
    const volunteer = volunteerOf(secret); // [P5]
    if (state.removed.has(volunteer)) return "removed"; // [C17]
    const own = state.manifest.sources.find(({ id }) => id === source);
    if (own === undefined) return "unknown-source";
    if (!canTakePart(state.manifest, can)) return "cannot-take-part"; // [P23]
    let held: DeclaredRows | null;
    try {
      held = await inputs.rowsOf(own, rows);
    } catch (error) {
      if (error instanceof InputError) return "wrong-rows";
      throw error;
    }
    if (connection.sender && connection.sender.volunteer !== volunteer) return "malformed"; // one connection, one volunteer
    const before = people.sourceOf(volunteer);
    if (!people.come(volunteer, { source, device, rows: held }, clock())) return "too-many";
    if (connections.get(volunteer) !== connection) dismiss(volunteer, "replaced");
    connection.sender = { volunteer, source };
    connections.set(volunteer, connection);
    // Whoever comes back with another source has left the round that counted on the first.
    if (before !== undefined && before !== source) await actor.do({ kind: "leave", volunteer });
    announce(connection);
    gatheringChanged();
    return { volunteer, announcement: announcement(volunteer) };
  }

  function announcement(volunteer: VolunteerId) {
    return announcementFor(actor.state(), volunteer, people.ready(), clock());
  }

  function announce(connection: Connection): void {
    if (connection.sender) send(connection, events.announcement, announcement(connection.sender.volunteer));
  }

  function send(connection: Connection, event: string, message: unknown): void {
    // A connection that does not read is closed rather than remembered for.
    const waiting =
      (connection.socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0;
    if (waiting > backlogMost) connection.socket.disconnect(true);
    else connection.socket.emit(event, message);
  }

  async function watch(message: unknown, connection: Connection): Promise<object | Refusal> {
    let { after } = checkWatch(message);
    if (!connection.watches.take(clock())) return "too-many";
    const last = actor.seq;
    if (last() - after <= catchUp) {
      while (after < last()) {
        const entries = await inputs.read(after, catchUp);
        if (entries.length === 0) break;
        send(connection, events.entries, entries);
        after = entries.at(-1)!.seq;
      }
    }
    connection.watching = true;
    watchers.add(connection);
    report([connection]);
    return { last: last() };
  }

  /** Its connection is told why, and is no longer the volunteer's. */
  function dismiss(volunteer: VolunteerId, reason: Removed["reason"]): void {
    const connection = connections.get(volunteer);
    if (connection === undefined) return;
    connection.socket.emit(events.removed, { reason } satisfies Removed);
    forget(connection);
    connection.socket.disconnect(true);
  }

  function forget(connection: Connection): void {
    if (connection.sender && connections.get(connection.sender.volunteer) === connection)
      connections.delete(connection.sender.volunteer);
    connection.sender = undefined;
  }

  // Counted below Socket.IO: a connection that never says a word of it is one too.
  io.engine.on("connection", (connection: Socket["conn"]) => {
    const address = addressOf(connection.request.headers, connection.remoteAddress);
    open += 1;
    perAddress.add(address, 1);
    connection.once("close", () => {
      open -= 1;
      perAddress.add(address, -1);
    });
  });

  io.on("connection", (socket) => {
    const address = addressOf(socket.handshake.headers, socket.conn.remoteAddress);
    const connection: Connection = {
      socket,
      address,
      sender: undefined,
      watching: false,
      watches: bucket(watchesPerSecond, 5),
      chunks: 0,
      excess: 0,
    };
    const allowed = bucket(limits.messagesPerSecond, limits.messagesPerSecond * 4);
    const introduction = setTimeout(() => {
      if (connection.sender === undefined && !connection.watching) socket.disconnect(true);
    }, limits.introductionMs);
    socket.on(events.progress, (message: unknown) => {
      if (connection.sender && allowed.take(clock())) progress(message, connection.sender);
    });
    socket.onAny((event: string, ...rest: unknown[]) => {
      if (event === events.progress) return;
      const ack = rest.at(-1);
      const reply: Ack = typeof ack === "function" ? (ack as Ack) : () => {};
      // Chunks are bounded by their window, all else by a rate [P16].
      const beyond = event === events.chunk ? connection.chunks >= chunksAtOnce : !allowed.take(clock());
      if (beyond) {
        count("too-many");
        connection.excess += 1;
        if (connection.excess > excessMost) return void socket.disconnect(true);
        return reply({ ok: false, refusal: "too-many" });
      }
      connection.excess = 0;
      void answer(event, rest[0], connection, reply);
    });
    socket.on("disconnect", () => {
      clearTimeout(introduction);
      watchers.delete(connection);
      if (connection.sender) people.lose(connection.sender.volunteer, clock());
      forget(connection);
      gatheringChanged();
    });
  });

  function progress(message: unknown, { volunteer }: Sender): void {
    try {
      people.setProgress(volunteer, checkProgress(message), clock());
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      count("malformed");
    }
  }

  async function answer(event: string, message: unknown, connection: Connection, reply: Ack): Promise<void> {
    const handler = Object.hasOwn(handlers, event) ? handlers[event] : undefined;
    if (handler === undefined) return count("malformed"); // [P2] ignored and counted
    let result: object | Refusal;
    try {
      result = await handler(message, connection);
    } catch (error) {
      if (error instanceof InputError) result = "malformed";
      else {
        // The world's fault (disk, database): the volunteer tries again by itself.
        log.error({ err: error, event }, "request failed");
        result = "trouble";
      }
    }
    if (typeof result === "string") {
      count(result);
      reply({ ok: false, refusal: result });
      return;
    }
    reply({ ok: true, ...result });
    if (event === events.commit) await faults("commit:after-ack");
  }

  function report(to: Iterable<Connection>): void {
    const message: PresenceReport = { at: clock(), volunteers: people.report(), refusals };
    for (const connection of to) connection.socket.volatile.emit(events.presence, message);
  }

  let soon: NodeJS.Timeout | undefined;
  /** The number of those who are ready changed: told once in a while, and only when a round waits for it. */
  function gatheringChanged(): void {
    if (soon !== undefined || actor.state().phase.kind !== "gathering") return;
    soon = setTimeout(() => {
      soon = undefined;
      if (actor.state().phase.kind === "gathering")
        for (const connection of connections.values()) announce(connection);
    }, gatheringPauseMs);
  }

  const beat = setInterval(() => {
    metrics.connections.set(open);
    metrics.volunteers.set(connections.size);
    metrics.uploads.set(inbox.size);
    if (watchers.size > 0) report(watchers);
  }, 1000);

  return {
    tell(entries) {
      for (const connection of watchers) send(connection, events.entries, entries);
      const quiet = ["accepted", "evaluated", "created"];
      if (entries.every(({ fact }) => quiet.includes(fact.kind))) return;
      for (const connection of connections.values()) announce(connection);
    },
    async close() {
      clearInterval(beat);
      clearTimeout(soon);
      io.disconnectSockets(true);
      io.engine.close(); // not io.close(): the HTTP server is not ours to end
    },
  };
}
