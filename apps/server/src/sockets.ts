// Socket.IO: volunteers and watchers. Each message is counted, checked and answered; a refusal touches nobody
// else. What a message means is decided elsewhere (inbox, actor, coordinator); here is who is on which line.

import type { Server as HttpServer } from "node:http";
import { InputError, type Millis, type VolunteerId } from "@homebody/base";
import { announcementFor, type Entry, type RunState } from "@homebody/coordinator";
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
  maxFrameBytes,
  type PresenceReport,
  protocolVersion,
  type Refusal,
  type Removed,
  volunteerOf,
} from "@homebody/protocol";
import type { Logger } from "pino";
import { Server, type Socket } from "socket.io";
import type { Actor } from "./actor.ts";
import type { Faults } from "./faults.ts";
import type { Inbox, Sender } from "./inbox.ts";
import { type Bucket, bucket, buckets, counters, type Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { People } from "./presence.ts";

export interface SocketParts {
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
  /** Entries after the given one, at most `limit`. */
  readonly read: (after: number, limit: number) => Promise<readonly Entry[]>;
}

export interface Sockets {
  /** Facts were appended: tells watchers, and volunteers where the phase changed. */
  tell(entries: readonly Entry[], state: RunState): void;
  close(): Promise<void>;
}

type Ack = (reply: unknown) => void;
type Handler = (message: unknown, line: Line) => Promise<object | Refusal>;

/** One connection. */
interface Line {
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

export function openSockets(server: HttpServer, parts: SocketParts): Sockets {
  const { actor, inbox, people, limits, metrics, log, clock, faults } = parts;
  const lines = new Map<VolunteerId, Line>();
  const watchers = new Set<Line>();
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
    const forwarded = parts.trustProxy ? headers["x-forwarded-for"] : undefined;
    // The last address is the one that our own proxy wrote; those before it are the visitor's claim.
    return typeof forwarded === "string" ? forwarded.split(",").at(-1)!.trim() : (remote ?? "unknown");
  }

  function count(word: Refusal): void {
    refusals[word] = (refusals[word] ?? 0) + 1;
    metrics.refusals.inc({ word });
  }

  const joined =
    (handle: (message: unknown, sender: Sender, line: Line) => Promise<object | Refusal>): Handler =>
    async (message, line) => {
      if (line.sender === undefined) return "not-joined"; // [P4]
      people.seen(line.sender.volunteer, clock());
      return handle(message, line.sender, line);
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
    [events.chunk]: joined(async (message, sender, line) => {
      const chunk = checkChunk(message);
      metrics.receivedBytes.inc(chunk.bytes.length);
      line.chunks += 1;
      try {
        return replyOf(await inbox.chunk(sender, chunk));
      } finally {
        line.chunks -= 1;
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
    [events.leave]: joined(async (_, { volunteer }, line) => {
      forget(line);
      people.forget(volunteer);
      await actor.do({ kind: "leave", volunteer });
      gatheringChanged();
      return {};
    }),
    [events.watch]: watch,
    [events.admin]: async (message, line) => {
      const { token, act } = checkAdmin(message);
      const verdict = parts.checkToken(token, line.address, clock());
      if (verdict !== "ok") return verdict; // [P19]
      const decision = await actor.do({ kind: "admin", act });
      if (!decision.ok) return decision.refusal;
      log.info({ act: act.kind }, "admin act");
      if (act.kind === "remove") dismiss(act.volunteer, "removed");
      return {};
    },
  };

  async function hello(message: unknown, line: Line): Promise<object | Refusal> {
    const { protocol, run, secret, source, device } = checkHello(message);
    const state = actor.state();
    if (protocol !== protocolVersion) return "protocol-version";
    if (run !== state.manifest.run) return "wrong-run";
    const volunteer = volunteerOf(secret); // [P5]
    if (state.removed.has(volunteer)) return "removed"; // [C17]
    if (!state.manifest.sources.some(({ id }) => id === source)) return "unknown-source";
    if (line.sender && line.sender.volunteer !== volunteer) return "malformed"; // one line, one volunteer
    const before = people.sourceOf(volunteer);
    if (!people.come(volunteer, source, device, clock())) return "too-many";
    if (lines.get(volunteer) !== line) dismiss(volunteer, "replaced");
    line.sender = { volunteer, source };
    lines.set(volunteer, line);
    // Whoever comes back with another source has left the round that counted on the first.
    if (before !== undefined && before !== source) await actor.do({ kind: "leave", volunteer });
    announce(line);
    gatheringChanged();
    return { volunteer, announcement: announcement(volunteer) };
  }

  function announcement(volunteer: VolunteerId) {
    return announcementFor(actor.state(), volunteer, people.present(), clock());
  }

  function announce(line: Line): void {
    if (line.sender) send(line, events.announcement, announcement(line.sender.volunteer));
  }

  function send(line: Line, event: string, message: unknown): void {
    // A connection that does not read is closed rather than remembered for.
    const waiting = (line.socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0;
    if (waiting > backlogMost) line.socket.disconnect(true);
    else line.socket.emit(event, message);
  }

  async function watch(message: unknown, line: Line): Promise<object | Refusal> {
    let { after } = checkWatch(message);
    if (!line.watches.take(clock())) return "too-many";
    const last = () => actor.figures().seq;
    if (last() - after <= catchUp) {
      while (after < last()) {
        const entries = await parts.read(after, catchUp);
        if (entries.length === 0) break;
        send(line, events.entries, entries);
        after = entries.at(-1)!.seq;
      }
    }
    line.watching = true;
    watchers.add(line);
    report([line]);
    return { last: last() };
  }

  /** Its connection is told why, and is no longer the volunteer's. */
  function dismiss(volunteer: VolunteerId, reason: Removed["reason"]): void {
    const line = lines.get(volunteer);
    if (line === undefined) return;
    line.socket.emit(events.removed, { reason } satisfies Removed);
    forget(line);
    if (reason === "removed") people.forget(volunteer);
    line.socket.disconnect(true);
  }

  function forget(line: Line): void {
    if (line.sender && lines.get(line.sender.volunteer) === line) lines.delete(line.sender.volunteer);
    line.sender = undefined;
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
    const line: Line = {
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
      if (line.sender === undefined && !line.watching) socket.disconnect(true);
    }, limits.introductionMs);
    socket.on(events.progress, (message: unknown) => {
      if (line.sender && allowed.take(clock())) progress(message, line.sender);
    });
    socket.onAny((event: string, ...rest: unknown[]) => {
      if (event === events.progress) return;
      const ack = rest.at(-1);
      const reply: Ack = typeof ack === "function" ? (ack as Ack) : () => {};
      // Chunks are bounded by their window, all else by a rate [P16].
      const beyond = event === events.chunk ? line.chunks >= chunksAtOnce : !allowed.take(clock());
      if (beyond) {
        count("too-many");
        line.excess += 1;
        if (line.excess > excessMost) return void socket.disconnect(true);
        return reply({ ok: false, refusal: "too-many" });
      }
      line.excess = 0;
      void answer(event, rest[0], line, reply);
    });
    socket.on("disconnect", () => {
      clearTimeout(introduction);
      watchers.delete(line);
      if (line.sender) people.lose(line.sender.volunteer, clock());
      forget(line);
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

  async function answer(event: string, message: unknown, line: Line, reply: Ack): Promise<void> {
    const handler = Object.hasOwn(handlers, event) ? handlers[event] : undefined;
    if (handler === undefined) return count("malformed"); // [P2] ignored and counted
    let result: object | Refusal;
    try {
      result = await handler(message, line);
    } catch (error) {
      if (error instanceof InputError) result = "malformed";
      else {
        // The world's fault (disk, database): the volunteer tries again by itself.
        log.error({ err: error, event }, "request failed");
        result = "too-many";
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

  function report(to: Iterable<Line>): void {
    const message: PresenceReport = { at: clock(), volunteers: people.report(), refusals };
    for (const line of to) line.socket.volatile.emit(events.presence, message);
  }

  let soon: NodeJS.Timeout | undefined;
  /** The number of those who are ready changed: told once in a while, and only when a round waits for it. */
  function gatheringChanged(): void {
    if (soon !== undefined || actor.state().phase.kind !== "gathering") return;
    soon = setTimeout(() => {
      soon = undefined;
      if (actor.state().phase.kind === "gathering") for (const line of lines.values()) announce(line);
    }, gatheringPauseMs);
  }

  const beat = setInterval(() => {
    metrics.connections.set(open);
    metrics.volunteers.set(lines.size);
    metrics.uploads.set(inbox.size);
    if (watchers.size > 0) report(watchers);
  }, 1000);

  return {
    tell(entries) {
      for (const line of watchers) send(line, events.entries, entries);
      const quiet = ["accepted", "evaluated", "created"];
      if (entries.every(({ fact }) => quiet.includes(fact.kind))) return;
      for (const line of lines.values()) announce(line);
    },
    async close() {
      clearInterval(beat);
      clearTimeout(soon);
      io.disconnectSockets(true);
      io.engine.close(); // not io.close(): the HTTP server is not ours to end
    },
  };
}
