import { type Chunk, chunkBytes, chunkWindow, events, type OpenMessage } from "@homebody/protocol";
import { describe, expect, test } from "vitest";
import { type Line, NetError } from "../src/ports.ts";
import { ask, upload } from "../src/upload.ts";
import { deltaOf } from "./announcements.ts";

const delta = Uint8Array.from({ length: 20 * chunkBytes + 5 }, (_, i) => (i * 31) % 251);

/** A coordinator that keeps bytes in order, as far as the protocol's rules for uploads go. */
class Receiver {
  bytes = new Uint8Array();
  accepted = false;
  size = delta.length;
  onTheirWay = 0;
  mostOnTheirWay = 0;
  readonly asked: string[] = [];
  /** What to answer instead, by how many requests came before. */
  instead = new Map<number, unknown>();

  readonly line: Line = {
    ask: async (event, message) => {
      const instead = this.instead.get(this.asked.push(event) - 1);
      this.mostOnTheirWay = Math.max(this.mostOnTheirWay, ++this.onTheirWay);
      await new Promise((done) => setTimeout(done, 0));
      this.onTheirWay -= 1;
      if (instead instanceof Error) throw instead;
      return instead ?? this.answer(event, message);
    },
    tell: () => {},
    close: () => {},
  };

  answer(event: string, message: unknown): unknown {
    if (event === events.open)
      return { ok: true, upload: "a".repeat(32), offset: this.bytes.length, accepted: this.accepted };
    if (event === events.commit) {
      this.accepted = this.bytes.length === this.size;
      return this.accepted ? { ok: true } : { ok: false, refusal: "wrong-offset" };
    }
    const { offset, bytes } = message as Chunk;
    if (offset !== this.bytes.length) return { ok: false, refusal: "wrong-offset" };
    const more = new Uint8Array(offset + bytes.length);
    more.set(this.bytes);
    more.set(bytes, offset);
    this.bytes = more;
    return { ok: true, offset: this.bytes.length };
  }
}

function send(
  receiver: Receiver,
  signal = new AbortController().signal,
  progress: (done: number) => void = () => {},
) {
  return upload(deltaOf(1), delta, { line: receiver.line, progress, signal });
}

describe("an upload", () => {
  test("sends every byte once, with no more than a window on its way, and says how far it is", async () => {
    const receiver = new Receiver();
    const told: number[] = [];
    expect(await send(receiver, undefined, (done) => told.push(done))).toEqual({ kind: "accepted" });
    expect(Buffer.compare(receiver.bytes, delta)).toBe(0);
    expect(receiver.mostOnTheirWay).toBe(chunkWindow);
    expect(receiver.asked.length).toBe(1 + 21 + 1);
    expect([told[0], told.at(-1)]).toEqual([0, delta.length]);
  });

  test("goes on at the last byte that the coordinator has, after a lost connection", async () => {
    const receiver = new Receiver();
    receiver.instead.set(6, new NetError("lost"));
    await expect(send(receiver)).rejects.toThrow("lost");
    const had = receiver.bytes.length;
    expect(had).toBeGreaterThan(0);
    receiver.instead.clear();
    receiver.asked.length = 0;
    expect(await send(receiver)).toEqual({ kind: "accepted" });
    expect(receiver.asked.filter((event) => event === events.chunk).length).toBe(
      Math.ceil((delta.length - had) / chunkBytes),
    );
    expect(Buffer.compare(receiver.bytes, delta)).toBe(0);
  });

  test("that is in already is not sent again", async () => {
    const receiver = new Receiver();
    receiver.accepted = true;
    expect(await send(receiver)).toEqual({ kind: "accepted" });
    expect(receiver.asked).toEqual([events.open]);
  });

  test.each([
    [0, "wrong-round"],
    [3, "finished"],
    [22, "not-finite"],
  ] as const)("ends with the refusal of request %i: %s", async (request, reason) => {
    const receiver = new Receiver();
    receiver.instead.set(request, { ok: false, refusal: reason });
    expect(await send(receiver)).toEqual({ kind: "refused", reason });
  });

  test("finds where the coordinator is when they disagree, but not for ever", async () => {
    const receiver = new Receiver();
    receiver.instead.set(4, { ok: false, refusal: "wrong-offset" });
    expect(await send(receiver)).toEqual({ kind: "accepted" });
    const stubborn = new Receiver();
    stubborn.answer = (event) =>
      event === events.open
        ? { ok: true, upload: "a".repeat(32), offset: 0, accepted: false }
        : { ok: false, refusal: "wrong-offset" };
    expect(await send(stubborn)).toEqual({ kind: "refused", reason: "wrong-offset" });
    expect(stubborn.asked.filter((event) => event === events.open).length).toBe(5);
  });

  test("that is given up sends nothing more", async () => {
    const receiver = new Receiver();
    const given = new AbortController();
    const sending = send(receiver, given.signal, (done) => done > 0 && given.abort());
    await expect(sending).rejects.toThrow("aborted");
    expect(receiver.bytes.length).toBeLessThan(delta.length);
    expect(receiver.asked).not.toContain(events.commit);
  });
});

describe("[P7] a small delta", () => {
  const small = delta.subarray(0, chunkBytes);

  test("rides in its opening, and is in with one message", async () => {
    const asked: [string, OpenMessage][] = [];
    const ask: Line["ask"] = async (event, message) => {
      asked.push([event, message as OpenMessage]);
      return { ok: true, upload: "a".repeat(32), offset: small.length, accepted: true };
    };
    const inputs = {
      line: { ask, tell: () => {}, close: () => {} },
      progress: () => {},
      signal: new AbortController().signal,
    };
    expect(await upload(deltaOf(1), small, inputs)).toEqual({ kind: "accepted" });
    expect(asked.map(([event]) => event)).toEqual([events.open]);
    expect(asked[0]![1].bytes).toBe(small); // the very bytes: the ledger knows them by where they lie
    asked.length = 0;
    await upload(deltaOf(1), delta.subarray(0, chunkBytes + 1), inputs);
    expect(asked[0]![1].bytes).toBeUndefined();
  });

  test("goes by chunks where the coordinator leaves the bytes unread", async () => {
    const receiver = new Receiver();
    receiver.size = small.length;
    const inputs = { line: receiver.line, progress: () => {}, signal: new AbortController().signal };
    expect(await upload(deltaOf(1), small, inputs)).toEqual({ kind: "accepted" });
    expect(receiver.asked).toEqual([events.open, events.chunk, events.commit]);
    expect(Buffer.compare(receiver.bytes, small)).toBe(0);
  });
});

test.each([undefined, null, "ok", {}, { ok: false, refusal: "because" }])(
  "an answer that is no reply of the protocol, %j, is the connection's fault",
  async (answer) => {
    const line: Line = { ask: async () => answer, tell: () => {}, close: () => {} };
    await expect(ask(line, events.commit, {})).rejects.toThrow("commit: expected an answer of the protocol");
  },
);
