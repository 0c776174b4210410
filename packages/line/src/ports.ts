// The line between a volunteer or a watcher and the coordinator, as each end has it.
//
// Messages go both ways in the order in which they were sent, as long as the connection lasts. It may be lost at any moment;
// the volunteer's end comes back by itself, as a new connection.

import { utf8Length } from "@homebody/base";

/** The volunteer's end: what is large comes by downloads, all else by the line. */
export interface Net {
  /** A path under the coordinator; throws NetError. */
  download(
    path: string,
    sizeBytes: number | null,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Opens the line and keeps it open, over lost connections, until closed. */
  connect(listener: LineListener): Line;
}

export interface LineListener {
  /** A connection is there: to be introduced. */
  up(): void;
  down(): void;
  /** Nothing comes any more that should, on a connection that is not known to be lost; false: something comes again. */
  silent?(isSilent: boolean): void;
  event(name: string, message: unknown): void;
  passed(direction: "sent" | "received", piece: Piece): void;
}

/** As it is on the wire, without framing. Bytes that are sent are the very memory that was asked with. */
export type Piece = string | ArrayBuffer | ArrayBufferView;

export function pieceBytes(piece: Piece): number {
  return typeof piece === "string" ? utf8Length(piece) : piece.byteLength;
}

export interface Line {
  /** The answer to a request; throws NetError when the connection is lost before it came. */
  ask(event: string, message: unknown): Promise<unknown>;
  /** May be lost. */
  tell(event: string, message: unknown): void;
  close(): void;
}

/** The world's fault: it may pass. */
export class NetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NetError";
  }
}

/** The coordinator's end: where connections come in. */
export interface Entrance {
  /** Asked before there is a connection: whether one more is let in from this address. */
  admits(address: string): boolean;
  /**
   * A connection is there, though nothing may ever be said on it: whoever opens one and stays silent is counted too.
   * Returns how to say that it is gone.
   */
  opened(address: string): () => void;
  /** It can speak. */
  connected(connection: Connection): ConnectionListener;
}

/** One connection, as the coordinator has it. */
export interface Connection {
  /** Where it comes from. */
  readonly address: string;
  send(event: string, message: unknown): void;
  /** May be lost. */
  tell(event: string, message: unknown): void;
  /** Messages that wait to be sent, since the other end does not read them. */
  waiting(): number;
  /** What was sent before still arrives. */
  close(): void;
}

export interface ConnectionListener {
  /** `answer` is called once at most, and does nothing where none is waited for. */
  message(event: string, message: unknown, answer: (reply: unknown) => void): void;
  /** It is over, whoever ended it: nothing comes after this. */
  closed(): void;
}
