// Text that is brought, through the real rooms: what cannot be used is final, and what is brought anew is another text.

import type { SourceId } from "@homebody/base";
import { afterEach, expect, test } from "vitest";
import { splitOfBrought, UnusableText } from "../src/brought.ts";
import { lookAt } from "../src/looking.ts";
import { storedNames } from "../src/stored-names.ts";
import { textName } from "../src/text-name.ts";
import type { View } from "../src/view.ts";
import type { VolunteerOptions } from "../src/volunteer.ts";
import { deviceOf, Host, manifestWith } from "./world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const utf8 = (text: string) => new TextEncoder().encode(text);
const file = (bytes: Uint8Array, name = "mine.txt") => ({ name, bytes: async () => bytes });
const textOf = (words: string) => [file(utf8(`${words}, and more of it\n`.repeat(20)))];

function world() {
  const host = new Host(manifestWith({ brought: true }));
  const own = deviceOf(host);
  return {
    ...own,
    host,
    start: async (files: VolunteerOptions["files"]) => {
      const volunteer = await own.start({ files });
      ends.push(() => own.close(volunteer));
      return volunteer;
    },
  };
}

const failing = { name: "gone.txt", bytes: () => Promise.reject(new Error("it is gone")) };

test.each([
  ["an empty file", [file(utf8(""))], "mine.txt: expected text, got an empty file"],
  ["a PDF", [file(utf8("%PDF-1.7"))], "mine.txt: expected a .txt, .md or .jsonl file, got a PDF; open it"],
  ["a broken line", [file(utf8('{"text":'), "a.jsonl")], "a.jsonl, line 1: expected JSON"],
  ["one character", [file(utf8("é"))], "text: expected 5 bytes of text or more, got 2"],
  ["a file that is gone", [failing], "gone.txt: expected a file that can be read, got it is gone"],
  ["nothing", null, "source a: expected files of yours: its text is brought, got none"],
])("[V23] %s ends the session with what is wrong, and is not tried again", async (_, files, message) => {
  const { host, start } = world();
  host.open(1);
  const volunteer = await start(files);
  expect(await volunteer.ended).toBe("unusable");
  await host.clock.advance(3_600_000);
  const { activity } = volunteer.view();
  expect(activity).toMatchObject({ kind: "unusable", message: expect.stringContaining(message) });
});

test("[V23] one character that cannot be cut is too little, whatever the run asks for", () => {
  const { training } = manifestWith();
  const run = { heldOut: { share: 0.25, sampleRows: "all", leastBytes: 1 }, training } as const;
  expect(() => splitOfBrought(run, "a", ["😀"])).toThrow(UnusableText);
});

test("[V23] a text of two hundred thousand documents is looked at, and begins like its first one", async () => {
  const line = JSON.stringify({ text: "one\ntwo\nthree\nfour" });
  const asked = { rules: manifestWith(), source: "a" as SourceId };
  const look = await lookAt([file(utf8(`${line}\n`.repeat(200_000)), "a.jsonl")], asked);
  expect(look).toEqual({
    files: [{ encoding: "UTF-8", textBytes: 18 * 200_000, opening: "one\ntwo\nthree" }],
    textBytes: 18 * 200_000,
    problems: [],
  });
});

test("[V23] what was kept of an earlier text stays where another one cannot be used, and is gone on with", async () => {
  const { host, start, close, files } = world();
  host.open(1);
  const first = await start(textOf("one body"));
  await host.clock.until("round 1", () => first.view().roundsContributed === 1);
  await close(first);
  const kept = [files.get(textName), files.get(storedNames.home)];
  expect(await (await start([file(utf8(""))])).ended).toBe("unusable");
  expect([files.get(textName), files.get(storedNames.home)]).toEqual(kept);
  host.next(1);
  host.open(2);
  const again = await start(null);
  await host.clock.until("round 2", () => again.view().roundsContributed === 2);
});

test("[V23] a text that is damaged on the disk is asked for anew, and takes no words along", async () => {
  const { host, start, close, files } = world();
  host.open(1);
  const first = await start(textOf("one body"));
  await host.clock.until("round 1", () => first.view().roundsContributed === 1);
  await close(first);
  files.get(textName)!.fill(0, 200);
  const damaged = await start(null);
  expect(await damaged.ended).toBe("unusable");
  expect(damaged.view().activity).toMatchObject({ message: expect.stringContaining("bring the text anew") });
  await close(damaged);
  host.next(1);
  host.open(2);
  const again = await start(textOf("one body"));
  const isTraining = ({ activity }: View) => activity.kind === "working" && activity.task.kind === "train";
  await host.clock.until("it trains", () => isTraining(again.view()));
  expect(files.has(storedNames.home)).toBe(false);
});

test("[V24] another text is a new beginning for scores too: the same body is evaluated on it", async () => {
  const { host, start, close } = world();
  const first = await start(textOf("one body"));
  await host.clock.until("evaluated", () => host.evaluations.length === 1);
  await close(first);
  const same = await start(textOf("one body"));
  await host.clock.until("reported again", () => host.evaluations.length === 2);
  expect(host.evaluations[1]).toEqual(host.evaluations[0]); // of the disk
  await close(same);
  const other = await start(textOf("quite another text, and longer"));
  await host.clock.until("evaluated anew", () => host.evaluations.length === 3);
  expect(host.evaluations[2]!.bytes).toBeGreaterThan(host.evaluations[0]!.bytes);
  expect(other.view().scores).toHaveLength(1);
});
