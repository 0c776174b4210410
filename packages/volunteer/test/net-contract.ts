// What every net owes a session: downloads, and a line that comes back by itself.

import { afterEach, describe, expect, test } from "vitest";
import { type Line, type Net, NetError, type Piece, pieceBytes } from "../src/ports.ts";

/** The other end, and what happens to the connection. */
export interface Coordinator {
  serve(path: string, bytes: Uint8Array): Promise<void> | void;
  answer(answer: (event: string, message: unknown) => unknown): void;
  tell(event: string, message: unknown): void;
  cut(): Promise<void> | void;
  mend(): void;
  close(): Promise<void> | void;
}

export function netContract(
  name: string,
  fresh: () => Promise<{ readonly net: Net; readonly coordinator: Coordinator }>,
): void {
  describe(name, () => {
    const ends: (() => unknown)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    async function open() {
      const opened = await fresh();
      ends.push(() => opened.coordinator.close());
      return opened;
    }

    /** A line, and all that it tells. */
    function listen(net: Net) {
      const happened: string[] = [];
      const passed: { direction: string; piece: Piece }[] = [];
      const events: [string, unknown][] = [];
      let changed = () => {};
      const note = (happens: () => unknown) => {
        happens();
        changed();
      };
      const line: Line = net.connect({
        up: () => note(() => happened.push("up")),
        down: () => note(() => happened.push("down")),
        event: (event, message) => note(() => events.push([event, message])),
        passed: (direction, piece) => void passed.push({ direction, piece }),
      });
      ends.push(() => line.close());
      const until = (holds: () => boolean) =>
        new Promise<void>((resolve) => {
          changed = () => holds() && resolve();
          changed();
        });
      return { line, happened, passed, events, until };
    }

    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
    const signal = new AbortController().signal;

    test("a download is the file, told as it comes; one that is not as said, or not there, is a NetError", async () => {
      const { net, coordinator } = await open();
      await coordinator.serve("/bodies/b", bytes);
      const told: number[] = [];
      const got = await net.download("/bodies/b", bytes.length, (done) => told.push(done), signal);
      expect(Buffer.compare(got, bytes)).toBe(0);
      expect(told.at(-1)).toBe(bytes.length);
      await net.download("/bodies/b", null, () => {}, signal);
      await expect(net.download("/bodies/b", 1000, () => {}, signal)).rejects.toThrow(NetError);
      await expect(net.download("/bodies/none", null, () => {}, signal)).rejects.toThrow(NetError);
    });

    test("a download that is given up ends; one where nobody answers is a NetError", async () => {
      const { net, coordinator } = await open();
      await coordinator.serve("/bodies/b", bytes);
      const given = new AbortController();
      given.abort();
      await expect(net.download("/bodies/b", null, () => {}, given.signal)).rejects.toThrow(/abort/i);
      await coordinator.cut();
      await expect(net.download("/bodies/b", null, () => {}, signal)).rejects.toThrow(NetError);
    });

    test("requests are answered, and announcements arrive", async () => {
      const { net, coordinator } = await open();
      coordinator.answer((event, message) => ({ ok: true, event, message }));
      const { line, events, happened, until } = listen(net);
      await until(() => happened.includes("up"));
      expect(await line.ask("hello", { protocol: 1 })).toEqual({
        ok: true,
        event: "hello",
        message: { protocol: 1 },
      });
      coordinator.tell("announcement", { round: 3 });
      await until(() => events.length === 1);
      expect(events).toEqual([["announcement", { round: 3 }]]);
    });

    test("what passes is told: bytes that are sent as the very memory, all else with its size", async () => {
      const { net, coordinator } = await open();
      let got: Uint8Array | undefined;
      coordinator.answer((_, message) => {
        got = new Uint8Array((message as { bytes: Uint8Array }).bytes);
        return { ok: true };
      });
      const { line, passed, happened, until } = listen(net);
      await until(() => happened.includes("up"));
      passed.length = 0;
      const view = bytes.subarray(1000, 3000);
      await line.ask("chunk", { upload: "u", offset: 1000, bytes: view });
      expect(Buffer.compare(got!, view)).toBe(0);
      const sent = passed.filter(({ direction }) => direction === "sent").map(({ piece }) => piece);
      const binary = sent.filter((piece): piece is Uint8Array => ArrayBuffer.isView(piece));
      expect(
        binary.map(({ buffer, byteOffset, byteLength }) => [buffer === bytes.buffer, byteOffset, byteLength]),
      ).toEqual([[true, view.byteOffset, 2000]]);
      expect(pieceBytes(sent.find((piece) => typeof piece === "string")!)).toBeGreaterThan(10);
      expect(passed.some(({ direction }) => direction === "received")).toBe(true);
    });

    test("a request whose connection is lost is a NetError; the line comes back by itself", async () => {
      const { net, coordinator } = await open();
      let asked = () => {};
      const came = new Promise<void>((resolve) => {
        asked = resolve;
      });
      coordinator.answer(() => {
        asked();
        return new Promise(() => {});
      });
      const { line, happened, until } = listen(net);
      await until(() => happened.length === 1);
      const request = line.ask("open", {});
      request.catch(() => {});
      await came;
      await coordinator.cut();
      await expect(request).rejects.toThrow(NetError);
      await until(() => happened.length === 2);
      await expect(line.ask("open", {})).rejects.toThrow(NetError);
      line.tell("progress", {}); // lost, and nobody minds
      coordinator.mend();
      await until(() => happened.length === 3);
      expect(happened).toEqual(["up", "down", "up"]);
      coordinator.answer(() => ({ ok: true }));
      expect(await line.ask("open", {})).toEqual({ ok: true });
    });

    test("a line that is closed hears nothing more", async () => {
      const { net, coordinator } = await open();
      const one = listen(net);
      const other = listen(net);
      await one.until(() => one.happened.includes("up"));
      await other.until(() => other.happened.includes("up"));
      one.line.close();
      coordinator.tell("announcement", 1);
      await other.until(() => other.events.length === 1);
      expect(one.events).toEqual([]);
    });
  });
}
