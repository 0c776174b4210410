import { memoryClock } from "@homebody/clock/memory";
import { expect, test } from "vitest";
import type { Connection, Entrance } from "../src/index.ts";
import { memoryNet, type Travel } from "../src/memory.ts";
import { lineContract } from "./contract.ts";

function inMemory(travel?: Travel) {
  return async (entrance: Entrance) => {
    const clock = memoryClock();
    const files = new Map<string, Uint8Array>();
    const net = memoryNet({
      entrance,
      clock,
      file: async (path) => files.get(path),
      ...(travel && { travel }),
    });
    return {
      net,
      serve: (path: string, bytes: Uint8Array) => void files.set(path, bytes),
      cut: net.cut,
      breakOff: net.breakOff,
      hush: net.hush,
      mend: net.mend,
      pass: () => clock.advance(100),
      close: () => {},
    };
  };
}

lineContract("a line in memory", inMemory());

test("what travels takes its time, and arrives in order and never after the connection is lost", async () => {
  const clock = memoryClock();
  const connections: Connection[] = [];
  const heard: [string, number][] = [];
  const entrance: Entrance = {
    admits: () => true,
    opened: () => () => {},
    connected: (connection) => {
      connections.push(connection);
      return {
        message: (event, _, answer) => {
          heard.push([event, clock.elapsed()]);
          answer({ ok: true });
        },
        closed: () => {},
      };
    },
  };
  // Large messages are slow, so that a small one behind them has to wait.
  const travel: Travel = (direction, bytes) => (direction === "up" ? bytes : 5);
  const net = memoryNet({ entrance, clock, file: async () => undefined, travel });
  const events: [string, number][] = [];
  const line = net.connect({
    up: () => {},
    down: () => {},
    event: (event) => void events.push([event, clock.elapsed()]),
    passed: () => {},
  });
  await clock.advance(0);
  let answeredAt = 0;
  void line.ask("large", { bytes: new Uint8Array(1000) }).then(() => {
    answeredAt = clock.elapsed();
  });
  line.tell("small", {});
  connections[0]!.send("announcement", {});
  expect(connections[0]!.waiting()).toBe(1);
  await clock.advance(5000);
  const [[, largeAt], [, smallAt]] = heard as [[string, number], [string, number]];
  expect(heard.map(([event]) => event)).toEqual(["large", "small"]);
  expect(largeAt).toBeGreaterThan(1000);
  expect([smallAt, answeredAt, events]).toEqual([largeAt, largeAt + 5, [["announcement", 5]]]);
  connections[0]!.send("announcement", {});
  net.cut();
  await clock.advance(5000);
  expect([events.length, connections[0]!.waiting()]).toEqual([1, 0]);
});
