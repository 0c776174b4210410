// How a volunteer comes into a source that is not open, through its real rooms, over ports in memory.

import { events, volunteerOf } from "@homebody/protocol";
import { expect, test } from "vitest";
import { deviceOf, Host, manifestWith, secret } from "./world.ts";

const code = "0123456789abcdef".repeat(2);

function world(admission: "code" | "approval") {
  const host = new Host(manifestWith({ admission }));
  return { host, clock: host.clock, ...deviceOf(host) };
}

test("[P38] the code goes with each hello, and nowhere else", async () => {
  const { host, clock, start, close, files } = world("code");
  host.open(1);
  const volunteer = await start({ code });
  await clock.until("the delta", () => host.accepted.has(1));
  expect(host.hellos.map((hello) => hello.code)).toEqual([code]);
  host.net.cut();
  host.net.mend();
  await clock.until("hello again", () => host.hellos.length === 2);
  await close(volunteer);
  for (const bytes of files.values()) expect(new TextDecoder("latin1").decode(bytes)).not.toContain(code);
});

test.each(["needs-code", "code-spent"] as const)("[V37] %s ends it, and says what to do", async (word) => {
  const { host, start, close } = world("code");
  host.refusals.set(events.hello, word);
  const volunteer = await start();
  let ending = "";
  void volunteer.ended.then((how) => {
    ending = how;
  });
  await host.clock.until("the end", () => ending !== "");
  const { activity, refusal } = volunteer.view();
  expect([ending, activity, refusal?.reason]).toEqual(["refused", { kind: "stopped", why: "refused" }, word]);
  await host.clock.advance(600_000);
  expect(host.count(events.hello)).toBe(1);
  await close(volunteer);
});

test("[V22] it prepares, waits for the host under the id that the host sees, and goes on within seconds", async () => {
  const { host, clock, start, close } = world("approval");
  host.refusals.set(events.hello, "not-approved");
  host.open(1);
  const volunteer = await start();
  const waiting = () => {
    const { activity } = volunteer.view();
    return activity.kind === "waiting" ? activity.waiting : null;
  };
  await clock.until("it waits", () => waiting() !== null);
  await clock.advance(3_600_000);
  expect(waiting()).toMatchObject({ for: "approval", volunteer: volunteerOf(secret) });
  expect(volunteer.view()).toMatchObject({ refusal: null, line: { kind: "up" } });
  expect(volunteer.view().vocabulary).not.toBeNull();
  host.refusals.clear();
  await clock.advance(3000);
  expect(host.hellos).toHaveLength(1);
  await clock.until("the delta", () => host.accepted.has(1));
  await close(volunteer);
});

test("[V22] however often its line is lost, it says hello once at a time", async () => {
  const { host, clock, start, close } = world("approval");
  host.refusals.set(events.hello, "not-approved");
  const volunteer = await start();
  for (let times = 0; times < 5; times++) {
    await clock.advance(500);
    host.net.cut();
    host.net.mend();
  }
  await clock.advance(10_000);
  const before = host.count(events.hello);
  await clock.advance(30_000);
  expect(host.count(events.hello) - before).toBe(10);
  host.refusals.clear();
  await clock.advance(30_000);
  expect(host.hellos).toHaveLength(1);
  await close(volunteer);
});
