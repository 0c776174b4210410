// What every line owes both ends: downloads and a line that comes back by itself for the volunteer, connections that are
// announced, heard and ended for the coordinator.

import { afterEach, describe, expect, test } from "vitest";
import {
  type Connection,
  type Entrance,
  type Line,
  type Net,
  NetError,
  type Piece,
  pieceBytes,
} from "../src/index.ts";

/** The way between the ends, and what happens to it. */
export interface Between {
  readonly net: Net;
  serve(path: string, bytes: Uint8Array): void;
  cut(): void;
  /** The next download loses its connection after so many bytes; a new one is there at once. */
  breakOff(bytes: number): void;
  /** Nothing passes, and nobody is told. */
  hush(): void;
  mend(): void;
  /** Lets time pass where it does not by itself. */
  pass(): Promise<void>;
  close(): Promise<void> | void;
}

export function lineContract(name: string, between: (entrance: Entrance) => Promise<Between>): void {
  describe(name, () => {
    const ends: (() => unknown)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    /** Both ends, and all that they are told. */
    async function open() {
      const connections: Connection[] = [];
      const told: string[] = [];
      const heard: [string, unknown][] = [];
      let answer: (event: string, message: unknown) => unknown = () => ({ ok: true });
      let full = false;
      let changed = () => {};
      const note = (happens: () => unknown) => {
        happens();
        changed();
      };
      const entrance: Entrance = {
        admits: () => {
          note(() => told.push(full ? "full" : "admits"));
          return !full;
        },
        opened: () => {
          told.push("opened");
          return () => note(() => told.push("gone"));
        },
        connected: (connection) => {
          connections.push(connection);
          note(() => told.push("connected"));
          return {
            message: async (event, message, reply) => {
              note(() => heard.push([event, message]));
              reply(await answer(event, message));
            },
            closed: () => note(() => told.push("closed")),
          };
        },
      };
      const way = await between(entrance);
      ends.push(() => way.close());
      const until = async (holds: () => boolean) => {
        const isSo = new Promise<void>((resolve) => {
          changed = () => holds() && resolve();
          changed();
        });
        let over = false;
        void isSo.then(() => {
          over = true;
        });
        for (let i = 0; i < 100 && !over; i++) await way.pass();
        await isSo;
      };

      /** A volunteer's line. */
      function connect() {
        const happened: string[] = [];
        const events: [string, unknown][] = [];
        const passed: { direction: string; piece: Piece }[] = [];
        const line: Line = way.net.connect({
          up: () => note(() => happened.push("up")),
          down: () => note(() => happened.push("down")),
          silent: (isSilent) => note(() => happened.push(isSilent ? "silent" : "heard")),
          event: (event, message) => note(() => events.push([event, message])),
          passed: (direction, piece) => void passed.push({ direction, piece }),
        });
        ends.push(() => line.close());
        return { line, happened, events, passed, isUp: () => until(() => happened.at(-1) === "up") };
      }

      return {
        ...way,
        connect,
        until,
        connections,
        told,
        heard,
        answers: (to: typeof answer) => {
          answer = to;
        },
        fill: (to: boolean) => {
          full = to;
        },
      };
    }

    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
    const signal = new AbortController().signal;

    test("a download is the file, told as it comes; one that is not as said, or not there, is a NetError", async () => {
      const { net, serve } = await open();
      serve("/bodies/b", bytes);
      const told: number[] = [];
      const got = await net.download("/bodies/b", bytes.length, (done) => told.push(done), signal);
      expect(Buffer.compare(got, bytes)).toBe(0);
      expect(told.at(-1)).toBe(bytes.length);
      await net.download("/bodies/b", null, () => {}, signal);
      await expect(net.download("/bodies/b", 1000, () => {}, signal)).rejects.toThrow(NetError);
      await expect(net.download("/bodies/none", null, () => {}, signal)).rejects.toThrow(NetError);
    });

    test("a download that is given up ends; one where nobody answers is a NetError", async () => {
      const { net, serve, cut } = await open();
      serve("/bodies/b", bytes);
      const given = new AbortController();
      given.abort();
      await expect(net.download("/bodies/b", null, () => {}, given.signal)).rejects.toThrow(/abort/i);
      cut();
      await expect(net.download("/bodies/b", null, () => {}, signal)).rejects.toThrow(NetError);
    });

    test("[V73] a download that breaks off goes on by itself, and is the file", async () => {
      const { net, serve, breakOff } = await open();
      serve("/bodies/b", bytes);
      const told: number[] = [];
      breakOff(120_000);
      const got = await net.download("/bodies/b", bytes.length, (done) => told.push(done), signal);
      expect(Buffer.compare(got, bytes)).toBe(0);
      expect(told.at(-1)).toBe(bytes.length);
    });

    test("requests are heard and answered, what is told is heard, and what is sent down arrives, in order", async () => {
      const { connect, connections, heard, answers, until, told } = await open();
      answers((event, message) => ({ ok: true, event, message }));
      const { line, events, isUp } = connect();
      await isUp();
      expect(told).toEqual(["admits", "opened", "connected"]);
      line.tell("progress", { step: 1 });
      expect(await line.ask("hello", { protocol: 1 })).toEqual({
        ok: true,
        event: "hello",
        message: { protocol: 1 },
      });
      expect(heard).toEqual([
        ["progress", { step: 1 }],
        ["hello", { protocol: 1 }],
      ]);
      const [connection] = connections;
      for (const round of [1, 2, 3]) connection!.send("announcement", { round });
      await until(() => events.length === 3);
      expect(events).toEqual([1, 2, 3].map((round) => ["announcement", { round }]));
      expect([connection!.waiting(), connection!.address.length > 0]).toEqual([0, true]);
    });

    test("what passes is told: bytes that are sent as the very memory, all else with its size", async () => {
      const { connect, heard } = await open();
      const { line, passed, isUp } = connect();
      await isUp();
      passed.length = 0;
      const view = bytes.subarray(1000, 3000);
      await line.ask("chunk", { upload: "u", offset: 1000, bytes: view });
      const got = (heard[0]![1] as { bytes: Uint8Array }).bytes;
      expect(Buffer.compare(new Uint8Array(got), view)).toBe(0);
      const sent = passed.filter(({ direction }) => direction === "sent").map(({ piece }) => piece);
      const binary = sent.filter((piece): piece is Uint8Array => ArrayBuffer.isView(piece));
      expect(
        binary.map(({ buffer, byteOffset, byteLength }) => [buffer === bytes.buffer, byteOffset, byteLength]),
      ).toEqual([[true, view.byteOffset, 2000]]);
      expect(pieceBytes(sent.find((piece) => typeof piece === "string")!)).toBeGreaterThan(10);
      expect(passed.some(({ direction }) => direction === "received")).toBe(true);
    });

    test("a message that is no JSON arrives as what JSON makes of it", async () => {
      const { connect, heard } = await open();
      const { line, isUp } = connect();
      await isUp();
      await line.ask("open", { loss: Number.NaN, none: undefined });
      expect(heard).toEqual([["open", { loss: null }]]);
    });

    test("a connection is lost: requests end as NetErrors, the coordinator is told once, the line comes back", async () => {
      const { connect, cut, mend, answers, heard, until, told } = await open();
      answers(() => new Promise(() => {}));
      const { line, happened, isUp } = connect();
      await isUp();
      const request = line.ask("open", {});
      request.catch(() => {});
      await until(() => heard.length === 1);
      cut();
      await expect(request).rejects.toThrow(NetError);
      await until(() => told.includes("gone"));
      expect(
        told
          .filter((what) => what !== "admits" && what !== "full")
          .slice(0, 4)
          .sort(),
      ).toEqual(["opened", "connected", "closed", "gone"].sort());
      await expect(line.ask("open", {})).rejects.toThrow(NetError);
      line.tell("progress", {}); // lost, and nobody minds
      mend();
      await isUp();
      expect(happened).toEqual(["up", "down", "up"]);
      answers(() => ({ ok: true }));
      expect(await line.ask("open", {})).toEqual({ ok: true });
      expect(told.filter((what) => what === "closed")).toHaveLength(1);
    });

    test("[V30] a connection on which nothing passes any more is told silent, and what was said meanwhile arrives later", async () => {
      const { connect, connections, hush, mend, heard, until } = await open();
      const { line, happened, events, isUp } = connect();
      await isUp();
      hush();
      const request = line.ask("open", {});
      connections[0]!.send("announcement", { round: 1 });
      await until(() => happened.includes("silent"));
      expect([heard, events]).toEqual([[], []]);
      mend();
      expect(await request).toEqual({ ok: true });
      await until(() => happened.includes("heard") && events.length === 1);
      expect(happened).toEqual(["up", "silent", "heard"]);
    });

    test("the coordinator ends a connection: what it sent before arrives, and the line comes back after a while", async () => {
      const { connect, connections, answers, heard, until, told } = await open();
      answers(() => new Promise(() => {}));
      const { line, events, happened, isUp } = connect();
      await isUp();
      const request = line.ask("hello", {});
      request.catch(() => {});
      await until(() => heard.length === 1);
      connections[0]!.send("removed", { reason: "replaced" });
      connections[0]!.close();
      expect(told).toContain("closed"); // told at once
      connections[0]!.close();
      connections[0]!.send("announcement", {}); // of no use any more
      await until(() => happened.length === 2);
      expect(events).toEqual([["removed", { reason: "replaced" }]]);
      await expect(request).rejects.toThrow(NetError);
      await until(() => connections.length === 2);
      expect(told.filter((what) => what === "closed")).toHaveLength(1);
    });

    test("who is not let in has no connection, and tries again", async () => {
      const { connect, fill, until, told } = await open();
      fill(true);
      const { happened, isUp } = connect();
      await until(() => told.includes("full"));
      expect([happened, told.includes("opened")]).toEqual([[], false]);
      fill(false);
      await isUp();
    });

    test("a line that is closed hears nothing more, and the coordinator is told", async () => {
      const { connect, connections, until, told } = await open();
      const one = connect();
      await one.isUp();
      const other = connect();
      await other.isUp();
      one.line.close();
      for (const connection of connections) connection.send("announcement", 1);
      await until(() => other.events.length === 1);
      expect(one.events).toEqual([]);
      await until(() => told.includes("closed") && told.includes("gone"));
      expect(told.filter((what) => what === "gone")).toHaveLength(1);
    });
  });
}
