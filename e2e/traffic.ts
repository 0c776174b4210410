// A wire that remembers: a TCP proxy between browsers and a coordinator that keeps every byte on its way up, as
// requests and WebSocket frames, and that can be cut.
//
// What goes down is passed on unread. What goes up is parsed as it passes: HTTP/1.1 requests without a body until
// one upgrades, then frames (RFC 6455, section 5.2), unmasked. Anything else is kept as `unknown`.

import { createServer, connect as dial, type Server, type Socket } from "node:net";

export type Sent =
  | { readonly kind: "request"; readonly line: string; readonly bytes: Buffer }
  | { readonly kind: "frame"; readonly opcode: number; readonly payload: Buffer; readonly wireBytes: number }
  | { readonly kind: "unknown"; readonly bytes: Buffer };

export interface Connection {
  readonly number: number;
  readonly sent: readonly Sent[];
  /** All that went up, as it was on the wire. */
  readonly wireBytes: number;
}

export interface Wire {
  readonly url: string;
  readonly connections: readonly Connection[];
  /** Ends every connection, and takes no new one until `mend`. */
  cut(): void;
  /** Connections stay, and nothing passes on them any more until `mend`; then it goes on where it was. */
  hush(): void;
  /** Cuts once something went up for which this holds; resolves then. */
  cutAfter(matches: (sent: Sent) => boolean): Promise<void>;
  /** Ends the connection on which so many bytes have come down from now on, once they have passed; then another one, after as many as come next. */
  breakOff(...bytes: readonly number[]): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openWire(target: () => number): Promise<Wire> {
  const connections: Recording[] = [];
  const open = new Set<Socket>();
  let cut = false;
  let hushed = false;
  let watched: (sent: Sent) => void = () => {};
  let breaks: number[] = [];
  const server: Server = createServer((client) => {
    if (cut) return client.destroy();
    const upstream = dial(target(), "127.0.0.1");
    const recording = new Recording(connections.length, (sent) => watched(sent));
    connections.push(recording);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on("data", (bytes) => {
      recording.add(bytes as Buffer);
      if (cut) return;
      if (!upstream.write(bytes)) client.pause();
    });
    upstream.on("drain", () => hushed || client.resume());
    upstream.on("data", (bytes) => {
      const passes = Math.min(bytes.length, breaks[0] ?? bytes.length);
      if (!client.write(bytes.subarray(0, passes))) upstream.pause();
      if (breaks[0] === undefined) return;
      breaks[0] -= passes;
      if (breaks[0] > 0) return;
      breaks.shift();
      upstream.pause();
      client.destroySoon();
    });
    upstream.on("end", () => client.end());
    client.on("drain", () => hushed || upstream.resume());
    if (hushed) for (const socket of [client, upstream]) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("wire: expected an address");
  const end = () => {
    for (const socket of open) socket.destroy();
  };
  const cutNow = () => {
    cut = true;
    end();
  };
  return {
    url: `http://localhost:${address.port}`,
    connections,
    cut: cutNow,
    hush: () => {
      hushed = true;
      for (const socket of open) socket.pause();
    },
    cutAfter: (matches) =>
      new Promise((resolve) => {
        watched = (sent) => {
          if (!matches(sent)) return;
          watched = () => {};
          cutNow();
          resolve();
        };
      }),
    breakOff: (...bytes) => {
      breaks = [...bytes];
    },
    mend: () => {
      [cut, hushed] = [false, false];
      for (const socket of open) socket.resume();
    },
    close: () => {
      end();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

class Recording implements Connection {
  readonly number: number;
  readonly sent: Sent[] = [];
  wireBytes = 0;
  #rest: Buffer = Buffer.alloc(0);
  #upgraded = false;
  readonly #told: (sent: Sent) => void;

  constructor(number: number, told: (sent: Sent) => void) {
    this.number = number;
    this.#told = told;
  }

  #push(sent: Sent): void {
    this.sent.push(sent);
    this.#told(sent);
  }

  add(bytes: Buffer): void {
    this.wireBytes += bytes.length;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#upgraded ? this.#frame() : this.#request());
  }

  #take(size: number): Buffer {
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  #request(): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const bytes = this.#take(end + 4);
    const text = bytes.toString("latin1");
    const line = text.slice(0, text.indexOf("\r\n"));
    if (/^(GET|HEAD) /.test(line)) this.#push({ kind: "request", line, bytes });
    else this.#push({ kind: "unknown", bytes: Buffer.concat([bytes, this.#take(this.#rest.length)]) });
    this.#upgraded = /\r\nupgrade: *websocket\r\n/i.test(text);
    return this.#rest.length > 0;
  }

  #frame(): boolean {
    const rest = this.#rest;
    if (rest.length < 2) return false;
    const short = rest[1]! & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const headerBytes = 2 + lengthBytes + 4; // a client's frames are masked
    if (rest.length < headerBytes) return false;
    const size =
      lengthBytes === 0 ? short : lengthBytes === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < headerBytes + size) return false;
    const header = Buffer.from(this.#take(headerBytes));
    const payload = Buffer.from(this.#take(size));
    const mask = header.subarray(headerBytes - 4);
    for (let i = 0; i < size; i++) payload[i] = payload[i]! ^ mask[i & 3]!;
    this.#push({ kind: "frame", opcode: header[0]! & 0x0f, payload, wireBytes: headerBytes + size });
    return this.#rest.length > 0;
  }
}

export interface Message {
  readonly event: string;
  /** The JSON value; binary parts are placeholders in it. */
  readonly value: unknown;
  readonly attachments: readonly Buffer[];
}

export interface Accounted {
  /** Bytes on the wire by kind of message. */
  readonly byKind: Readonly<Record<string, number>>;
  readonly total: number;
  readonly messages: readonly Message[];
  /** What is of no kind, to be looked at. */
  readonly unknown: readonly string[];
}

/**
 * Lays every byte that went up to a kind: requests by what they ask for, WebSocket control frames, Engine.IO's own
 * packets, and Socket.IO events by name with their binary attachments. Bytes of no kind are `unknown`.
 */
export function account(connections: readonly Connection[]): Accounted {
  const byKind: Record<string, number> = {};
  const messages: (Message & { attachments: Buffer[] })[] = [];
  const unknown: string[] = [];
  let total = 0;
  const lay = (kind: string, bytes: number) => {
    byKind[kind] = (byKind[kind] ?? 0) + bytes;
  };
  for (const connection of connections) {
    total += connection.wireBytes;
    let laid = 0;
    let attached: { event: string; left: number } = { event: "", left: 0 };
    for (const sent of connection.sent) {
      const size = sent.kind === "frame" ? sent.wireBytes : sent.bytes.length;
      laid += size;
      if (sent.kind === "unknown") {
        lay("unknown", size);
        unknown.push(sent.bytes.toString("latin1"));
      } else if (sent.kind === "request") lay(`request /${sent.line.split(/[ /?]+/)[1] ?? ""}`, size);
      else if (sent.opcode >= 8) lay("websocket control", size);
      else if (sent.opcode === 2) {
        if (attached.left > 0) {
          lay(attached.event, size);
          messages.at(-1)!.attachments.push(sent.payload);
        } else {
          lay("unknown", size);
          unknown.push(sent.payload.toString("latin1"));
        }
        attached = { ...attached, left: attached.left - 1 };
      } else {
        const packet = socketPacket(sent.payload.toString("utf8"));
        lay(packet.event, size);
        if (packet.event === "unknown") unknown.push(sent.payload.toString("latin1"));
        attached = { event: packet.event, left: packet.attachments };
        if (packet.value !== undefined)
          messages.push({ event: packet.event, value: packet.value, attachments: [] });
      }
    }
    // A frame that was cut off in the middle.
    if (laid < connection.wireBytes) lay("cut off", connection.wireBytes - laid);
  }
  return { byKind, total, messages, unknown };
}

/** An Engine.IO packet: its own (open, close, ping, pong) or a Socket.IO packet within a message. */
function socketPacket(text: string): { event: string; attachments: number; value?: unknown } {
  if (!text.startsWith("4"))
    return { event: /^[0-35-6]$/.test(text) ? "engine.io" : "unknown", attachments: 0 };
  const match = /^4([0-6])(?:(\d+)-)?(\d*)([[{][\s\S]*)?$/.exec(text);
  if (!match) return { event: "unknown", attachments: 0 };
  const [, type, attachments = "0", , json] = match;
  if (type !== "2" && type !== "5")
    return { event: "socket.io", attachments: 0, ...(json === undefined ? {} : { value: JSON.parse(json) }) };
  const [event, ...value] = JSON.parse(json ?? "[]") as [string, ...unknown[]];
  return { event, attachments: Number(attachments), value };
}
