// A network in memory: its other end is a coordinator whose answers whoever holds it gives, and whose connection they
// cut and mend.

import { type Line, type LineListener, type Net, NetError } from "../ports.ts";

export interface MemoryCoordinator {
  /** What is there to download, by path. */
  readonly files: Map<string, Uint8Array>;
  /** Everything that came, in order. */
  readonly heard: readonly Heard[];
  /** How requests are answered. One that never is ends with the connection. */
  answer: (event: string, message: unknown) => unknown;
  /** To everybody who is connected. */
  tell(event: string, message: unknown): void;
  /** Loses all connections; there is none again until it is mended, and no download. */
  cut(): void;
  mend(): void;
}

export interface Heard {
  readonly event: string;
  readonly message: unknown;
}

export interface MemoryNet extends Net {
  readonly coordinator: MemoryCoordinator;
}

interface Connection {
  readonly listener: LineListener;
  isUp: boolean;
  isClosed: boolean;
  /** Ends requests without an answer. */
  lose: Set<(error: NetError) => void>;
}

export function memoryNet(): MemoryNet {
  const connections = new Set<Connection>();
  const files = new Map<string, Uint8Array>();
  const heard: Heard[] = [];
  let isCut = false;

  function up(connection: Connection): void {
    queueMicrotask(() => {
      if (isCut || connection.isUp || connection.isClosed) return;
      connection.isUp = true;
      connection.listener.up();
    });
  }

  function down(connection: Connection): void {
    if (!connection.isUp) return;
    connection.isUp = false;
    for (const lose of connection.lose) lose(new NetError("the connection was lost before the answer"));
    connection.lose.clear();
  }

  const coordinator: MemoryCoordinator = {
    files,
    heard,
    answer: () => ({ ok: true }),
    tell: (event, message) => {
      for (const { isUp, listener } of connections) {
        if (!isUp) continue;
        listener.passed("received", textOf(event, message));
        listener.event(event, structuredClone(message));
      }
    },
    cut: () => {
      isCut = true;
      for (const connection of connections)
        if (connection.isUp) {
          down(connection);
          connection.listener.down();
        }
    },
    mend: () => {
      isCut = false;
      for (const connection of connections) up(connection);
    },
  };

  async function download(
    path: string,
    sizeBytes: number | null,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    signal.throwIfAborted();
    await Promise.resolve();
    signal.throwIfAborted();
    const file = files.get(path);
    if (isCut || file === undefined) throw new NetError(`${path}: expected the file, got none`);
    if (sizeBytes !== null && file.length > sizeBytes)
      throw new NetError(`${path}: expected ${sizeBytes} bytes, got more`);
    progress(file.length);
    return file.slice();
  }

  function connect(listener: LineListener): Line {
    const connection: Connection = { listener, isUp: false, isClosed: false, lose: new Set() };
    connections.add(connection);
    up(connection);

    function send(event: string, message: unknown): unknown {
      listener.passed("sent", textOf(event, message));
      for (const bytes of bytesIn(message)) listener.passed("sent", bytes);
      const copy = structuredClone(message);
      heard.push({ event, message: copy });
      return copy;
    }

    return {
      ask: (event, message) =>
        new Promise((resolve, reject) => {
          if (!connection.isUp) return reject(new NetError(`${event}: no connection to the coordinator`));
          connection.lose.add(reject);
          const copy = send(event, message);
          void Promise.resolve()
            .then(() => coordinator.answer(event, copy))
            .then((reply) => {
              if (!connection.lose.delete(reject)) return;
              listener.passed("received", textOf(event, reply));
              resolve(reply);
            }, reject);
        }),
      tell: (event, message) => {
        if (connection.isUp) send(event, message);
      },
      close: () => {
        connection.isClosed = true;
        connections.delete(connection);
        down(connection);
      },
    };
  }

  return { coordinator, download, connect };
}

/** The message without its bytes, which go beside it. */
function textOf(event: string, message: unknown): string {
  return JSON.stringify([event, message], (_, value: unknown) => (ArrayBuffer.isView(value) ? null : value));
}

function bytesIn(message: unknown): ArrayBufferView[] {
  if (typeof message !== "object" || message === null) return [];
  return Object.values(message).filter((value) => ArrayBuffer.isView(value));
}
