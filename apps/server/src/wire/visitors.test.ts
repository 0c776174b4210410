import { expect, test } from "vitest";
import { visitorsTo } from "./visitors.ts";

const { whyNot, isGuest } = visitorsTo({
  names: ["run.example.org", "Lab"],
  origins: () => ["https://friends.example"],
});
const statusOf = (host: string | undefined, origin?: string) =>
  whyNot({ headers: { ...(host && { host }), ...(origin && { origin }) } })?.status ?? 200;

test("[P34] hosts are addresses, localhost and the names that were given; all else is told what to do", () => {
  for (const host of [
    "127.0.0.1:8080",
    "192.0.2.7",
    "[::1]:8080",
    "[2001:db8::1]",
    "localhost:1",
    "a.localhost",
    "run.example.org",
    "RUN.example.org:443",
    "lab:8080",
    undefined,
  ])
    expect(statusOf(host), host).toBe(200);
  for (const host of [
    "evil.example",
    "run.example.org.evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "x y",
    "@",
    "lab@evil.example:1",
  ])
    expect(statusOf(host), host).toBe(421);
  expect(whyNot({ headers: { host: "evil.example" } })!.sentence).toContain("--public-url");
});

test("[P34] origins are the own one, those of the run file, and none", () => {
  expect(statusOf("localhost:8080")).toBe(200);
  expect(statusOf("localhost:8080", "http://localhost:8080")).toBe(200);
  expect(statusOf("run.example.org", "https://run.example.org")).toBe(200);
  expect(statusOf("run.example.org:443", "https://run.example.org")).toBe(200);
  expect(statusOf("run.example.org", "https://friends.example")).toBe(200);
  for (const origin of [
    "null",
    "https://evil.example",
    "http://localhost:8081",
    "http://127.0.0.1:8080",
    "https://friends.example.evil.example",
    "http://friends.example",
    "no origin",
  ])
    expect(statusOf("localhost:8080", origin), origin).toBe(403);
  expect(whyNot({ headers: { host: "localhost", origin: "https://evil.example" } })!.sentence).toContain(
    "origins",
  );
  expect([isGuest("https://friends.example"), isGuest(undefined)]).toEqual([true, false]);
});
