// Disks that share what they have alike are disks like others, as long as nobody changes what was read or written.

import { type Sha256, sha256Of } from "@homebody/base";
import type { Disk } from "@homebody/volunteer";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { diskContract } from "../../volunteer/test/disk-contract.ts";
import { alikeDisks } from "../src/alike.ts";
import { simulate } from "../src/index.ts";

const fresh = alikeDisks();

diskContract("a disk that shares what many have alike", async () => {
  const disk = fresh();
  return { open: async () => disk };
});

test("what devices have alike is in memory once, and nothing of them is in memory for which garbage is collected", async () => {
  const [one, other] = [fresh(), fresh()];
  for (const disk of [one, other])
    for (const name of ["run.json", "body-theta.safetensors", "record.json"])
      await disk.write(name, Uint8Array.of(1, 2, 3));
  const memoryOf = async (disk: Disk, name: string) => (await disk.read(name))!.buffer;
  for (const name of ["run.json", "body-theta.safetensors"])
    expect(await memoryOf(one, name)).toBe(await memoryOf(other, name));
  expect(await memoryOf(one, "record.json")).not.toBe(await memoryOf(other, "record.json"));
  expect(await memoryOf(one, "record.json")).toBeInstanceOf(SharedArrayBuffer);
});

test.each([true, false])(
  "a volunteer changes nothing that it wrote or read (stub: %s)",
  async (stubTraining) => {
    const plain = manifestOf({ sources: ["a", "b"] });
    const round = {
      ...plain.round,
      minimum: 3,
      graceSeconds: 10,
      deadlineSeconds: 120,
      evaluationSeconds: 60,
    };
    const seen = { reads: 0 };
    await simulate(
      { ...plain, rounds: 3, round },
      {
        ...{ volunteers: 4, seed: 3, stubTraining },
        member: (inputs) => ({ ...inputs, disk: watched(inputs.disk, seen) }),
      },
    );
    expect(seen.reads).toBeGreaterThan(10);
  },
);

/** Throws where a file is not as it was written. */
function watched(disk: Disk, seen: { reads: number }): Disk {
  const written = new Map<string, Sha256>();
  return {
    ...disk,
    read: async (name) => {
      const bytes = await disk.read(name);
      if (bytes !== undefined) {
        seen.reads += 1;
        expect(sha256Of(bytes), name).toBe(written.get(name));
      }
      return bytes;
    },
    write: async (name, bytes) => {
      written.set(name, sha256Of(bytes));
      await disk.write(name, bytes);
    },
  };
}
