import type { Millis, Sha256, SourceId, VolunteerId } from "@homebody/base";
import { expect, test } from "vitest";
import { type Newcomer, people } from "./presence.ts";

const [ana, bo, cy] = ["a", "b", "c"].map((letter) => letter.repeat(32) as VolunteerId) as [
  VolunteerId,
  VolunteerId,
  VolunteerId,
];
const at = (ms: number) => ms as Millis;
const rows = { sha256: "1".repeat(64) as Sha256, bits: new Uint8Array(1) };
const newcomer = (source: string, held: Newcomer["rows"] = null): Newcomer => ({
  source: source as SourceId,
  device: { backend: "wasm", host: "node" },
  rows: held,
});

test("ready are those who are connected and have said so on this connection, with the source and rows of it", () => {
  const here = people(10);
  const ready = here.ready();
  for (const who of [ana, bo, cy]) here.come(who, newcomer("es", who === ana ? rows : null), at(1));
  expect(ready.size).toBe(0);
  here.setReady(ana, { ready: true }, at(2));
  here.setReady(bo, { ready: true }, at(2));
  expect([...ready]).toEqual([
    [ana, { source: "es", rows: rows.sha256 }],
    [bo, { source: "es", rows: null }],
  ]);
  here.setReady(bo, { ready: false }, at(3));
  here.lose(ana, at(4));
  expect(ready.size).toBe(0);
  here.setReady(ana, { ready: true }, at(5)); // the line was lost meanwhile
  expect(ready.size).toBe(0);
  here.come(ana, newcomer("ja"), at(6));
  expect(ready.has(ana)).toBe(false);
  here.setReady(ana, { ready: true }, at(7));
  expect(ready.get(ana)).toEqual({ source: "ja", rows: null });
  here.come(ana, newcomer("ja"), at(8)); // a new connection that replaces the other
  expect(ready.has(ana)).toBe(false);
  here.setReady(cy, { ready: true }, at(9));
  here.forget(cy);
  here.setReady(cy, { ready: true }, at(10));
  expect(ready.size).toBe(0);
});

test("the report says of each whether it is connected and ready, those who are gone last", () => {
  const here = people(10);
  here.come(ana, newcomer("es"), at(1));
  here.come(bo, newcomer("es"), at(2));
  here.setReady(bo, { ready: true }, at(3));
  here.lose(ana, at(4));
  expect(here.report().volunteers).toEqual([
    expect.objectContaining({ volunteer: bo, connected: true, ready: true, lastSeenAt: 3 }),
    expect.objectContaining({ volunteer: ana, connected: false, ready: false, lastSeenAt: 4 }),
  ]);
});

test("where there is no room, whoever is gone the longest is forgotten, and nobody who is here", () => {
  const here = people(2);
  here.come(ana, newcomer("es"), at(1));
  here.come(bo, newcomer("es"), at(2));
  here.setReady(bo, { ready: true }, at(3));
  expect(here.come(cy, newcomer("es"), at(4))).toBe(false);
  here.lose(ana, at(5));
  expect(here.come(cy, newcomer("es"), at(6))).toBe(true);
  expect([here.sourceOf(ana), here.sourceOf(cy), [...here.ready().keys()]]).toEqual([undefined, "es", [bo]]);
});
