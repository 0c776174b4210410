// Files that version 1 wrote: the round before was accepted, this one is trained and unsent, and a snapshot of it is
// there too. Parts of the old files are known by their hashes.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SafetensorsEntry, type Sha256, type SourceId, sha256Of } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { exchangeFor } from "@homebody/dept";
import { scriptedNet } from "@homebody/line/memory";
import { type BodyRef, bodyId, events, liftManifest, type RunManifest } from "@homebody/protocol";
import { afterAll, expect, test } from "vitest";
import { memoryDevice, memoryDisk } from "../src/memory/index.ts";
import { folderDisk } from "../src/node/disk.ts";
import { decodeRecord } from "../src/record.ts";
import { decodeStored } from "../src/stored-file.ts";
import { storedNames } from "../src/stored-names.ts";
import { storedState } from "../src/stored-state.ts";
import { upgradeState, upgradeText } from "../src/stored-v1.ts";
import { loadText } from "../src/text-file.ts";
import { startVolunteer } from "../src/volunteer.ts";

const folder = new URL("fixtures/v1/", import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const expected = JSON.parse(new TextDecoder().decode(read("expected.json"))) as {
  manifest: Readonly<Record<string, unknown>>;
  body: Sha256;
  parts: Record<"text" | "words" | "pending" | "snapshot", Sha256[]>;
  meta: {
    words: { momentSteps: number };
    pending: { pending: { round: number; tokens: number; delta: Sha256 }; momentSteps: number };
    snapshot: { done: object; momentSteps: number };
  };
};
const { body, parts, meta } = expected;
const manifest = liftManifest(expected.manifest, 1) as unknown as RunManifest;
const source = manifest.sources[0]!;
const exchange = exchangeFor(manifest, source, null);
const ref: BodyRef = {
  number: 0,
  id: bodyId([{ name: "theta", sha256: body }]),
  sections: [{ name: "theta", sha256: body, sizeBytes: read("body").length }],
};

function oldDisk(without: readonly string[] = []) {
  const names = readdirSync(folder).filter(
    (name) => !/^expected|^source/.test(name) && !without.includes(name),
  );
  return memoryDisk(new Map(names.map((name) => [name, read(name)])));
}

/** What the old file had as one part: the tensors under a prefix, one after another. */
function hashOf(tensors: ReadonlyMap<string, SafetensorsEntry>, prefix: string): Sha256 {
  const pieces = [...tensors].flatMap(([name, { data }]) =>
    name.startsWith(`${prefix}/`) ? [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] : [],
  );
  return sha256Of(new Uint8Array(Buffer.concat(pieces)));
}

test("every number of version 1 is there under its name, and nothing of the old form is left", async () => {
  const disk = oldDisk();
  await upgradeText(disk);
  await upgradeState(disk, exchange.config);
  expect([...disk.files.keys()].sort()).toEqual([
    "body-theta.safetensors",
    "delta-2.safetensors",
    "first-theta.safetensors",
    "home.safetensors",
    "record.json",
    "snapshot.safetensors",
    "text.safetensors",
  ]);
  const file = (name: string) => decodeStored<Record<string, unknown>>(disk.files.get(name)!, name);
  const home = file("home.safetensors");
  const prefixes = ["phi", "psi", "first", "second"];
  expect(prefixes.map((prefix) => hashOf(home.tensors, prefix))).toEqual(parts.words);
  expect(home.meta).toEqual({ round: 0, momentSteps: meta.words.momentSteps });
  const snapshot = file("snapshot.safetensors");
  expect(["theta", ...prefixes].map((prefix) => hashOf(snapshot.tensors, prefix))).toEqual(parts.snapshot);
  expect(snapshot.meta).toMatchObject({ round: 2, body: ref.id, done: meta.snapshot.done });
  const delta = file("delta-2.safetensors");
  expect(sha256Of(delta.tensors.get("delta")!.data as Uint8Array)).toBe(parts.pending[0]);
  expect(prefixes.map((prefix) => hashOf(delta.tensors, prefix))).toEqual(parts.pending.slice(1));
  expect(delta.meta).toMatchObject({ pending: meta.pending.pending, sections: [{ name: "theta" }] });
  const text = (await loadText(source, disk))!;
  const bytes = (name: string) => sha256Of(file("text.safetensors").tensors.get(name)!.data as Uint8Array);
  expect(["tokenizer", "train", "held-out"].map(bytes)).toEqual(parts.text);
  expect(text.train.stream.length).toBeGreaterThan(100);
  expect(disk.files.get("body-theta.safetensors")).toEqual(read("body"));
  const before = new Map(disk.files);
  await upgradeText(disk);
  await upgradeState(disk, exchange.config);
  expect(disk.files).toEqual(before);
});

test("a device that stops in the middle of it finds the same to do", async () => {
  const whole = oldDisk();
  await upgradeState(whole, exchange.config);
  for (let stopAfter = 1; stopAfter < 10; stopAfter++) {
    const disk = oldDisk();
    let left = stopAfter;
    const stops = async <T>(work: Promise<T>) => {
      if (left === 0) throw new Error("it stops");
      left -= 1;
      return work;
    };
    const stopping = {
      ...disk,
      write: (name: string, bytes: Uint8Array) =>
        stops(Promise.resolve()).then(() => disk.write(name, bytes)),
      remove: (name: string) => stops(Promise.resolve()).then(() => disk.remove(name)),
    };
    await expect(upgradeState(stopping, exchange.config)).rejects.toThrow("it stops");
    await upgradeState(disk, exchange.config);
    expect(disk.files).toEqual(whole.files);
  }
});

test("a record of version 1 keeps its figures: what was sent of deltas was theta", () => {
  const old = JSON.parse(new TextDecoder().decode(read("record.json")));
  const record = decodeRecord(read("record.json"));
  const { deltas, messages } = old.ledger.sent;
  expect(record.ledger.sent).toEqual({ theta: deltas, phi: 0, psi: 0, messages });
  const { bodies, ...received } = old.ledger.received;
  expect(record.ledger.received).toEqual({ theta: bodies, phi: 0, psi: 0, ...received });
  expect(record.scored).toMatchObject({ body: 0, id: ref.id, nats: old.scored.nats });
  expect([record.scores, record.losses, record.tokensTrained]).toEqual([
    old.scores,
    old.losses,
    old.tokensTrained,
  ]);
  expect(record).not.toHaveProperty("firstBody");
});

/** The rest of the run, on a disk that version 1 left. */
async function goesOn(disk: ReturnType<typeof oldDisk>) {
  const clock = memoryClock();
  const net = scriptedNet();
  const device = memoryDevice(clock);
  let bytes = new Uint8Array();
  const opened: { round: number; steps: number; delta: Sha256 }[] = [];
  const announcement = {
    paused: false,
    body: ref,
    kind: "training",
    round: 2,
    localSteps: 4,
    stepsBefore: 4,
    totalSteps: 40,
    remainingMs: 600_000,
    assignment: { slot: 0, slots: 1 },
    accepted: false,
  } as const;
  net.coordinator.answer = (event, message) => {
    if (event === events.hello) return { ok: true, volunteer: "ab".repeat(16), announcement };
    if (event === events.open) {
      opened.push(message as (typeof opened)[number]);
      return { ok: true, upload: "cd".repeat(16), offset: 0, accepted: false };
    }
    if (event === events.chunk) bytes = (message as { bytes: Uint8Array<ArrayBuffer> }).bytes;
    return { ok: true, offset: bytes.length };
  };
  const volunteer = await startVolunteer({
    manifest,
    source: "a" as SourceId,
    files: null,
    secret: "5".repeat(64),
    wordsSecret: "6".repeat(64),
    host: "node",
    net,
    disk,
    device,
    clock,
    show: () => {},
  });
  await clock.until("round 2", () => volunteer.view().roundsContributed === 2);
  await volunteer.close();
  return { view: volunteer.view(), steps: device.steps(), opened, bytes };
}

test("a volunteer that upgrades in the middle of a run sends its unsent delta, and takes its home tensors", async () => {
  const disk = oldDisk();
  const { view, steps, opened, bytes } = await goesOn(disk);
  expect(steps).toBe(0);
  expect(opened.map(({ delta }) => delta)).toEqual([meta.pending.pending.delta]);
  expect(sha256Of(bytes)).toBe(parts.pending[0]);
  const home = decodeStored(disk.files.get(storedNames.home)!, "home");
  expect(["phi", "psi", "first", "second"].map((prefix) => hashOf(home.tensors, prefix))).toEqual(
    parts.pending.slice(1),
  );
  expect(view.tokensTrained).toBe(64 + meta.pending.pending.tokens);
  expect(view.ledger.received).toMatchObject({ theta: read("body").length }); // as before: it was not fetched again
});

test("without an unsent delta it goes on from its snapshot", async () => {
  const { steps, opened } = await goesOn(oldDisk(["pending"]));
  expect([steps, opened[0]!.steps]).toEqual([2, 4]);
});

const home = mkdtempSync(join(tmpdir(), "homebody-v1-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("the same in a folder of Node's", async () => {
  const disk = await folderDisk(join(home, "run"));
  for (const [name, bytes] of oldDisk().files) await disk.write(name, bytes);
  await upgradeText(disk);
  await upgradeState(disk, exchange.config);
  expect(await storedState(disk, exchange).deltas()).toMatchObject([{ pending: { round: 2 } }]);
});
