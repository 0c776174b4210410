// What every disk owes a session.

import { describe, expect, test } from "vitest";
import type { Disk } from "../src/ports.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

/** `open` opens the same place again: what a reload finds. */
export function diskContract(name: string, fresh: () => Promise<{ open: () => Promise<Disk> }>): void {
  describe(name, () => {
    test("what was written is there, also for who opens it again; what was not is undefined", async () => {
      const { open } = await fresh();
      const disk = await open();
      expect(await disk.read("a")).toBeUndefined();
      await disk.write("a", bytes(1, 2, 3));
      await disk.write("b", bytes());
      expect(await disk.read("a")).toEqual(bytes(1, 2, 3));
      const again = await open();
      expect(await again.read("a")).toEqual(bytes(1, 2, 3));
      expect(await again.read("b")).toEqual(bytes());
    });

    test("a write replaces the whole file, by a shorter one too", async () => {
      const { open } = await fresh();
      const disk = await open();
      await disk.write("a", bytes(1, 2, 3));
      await disk.write("a", bytes(9));
      expect(await disk.read("a")).toEqual(bytes(9));
    });

    test("what is removed is gone; removing what is not there is no error", async () => {
      const { open } = await fresh();
      const disk = await open();
      await disk.write("a", bytes(1));
      await disk.remove("a");
      await disk.remove("a");
      expect(await disk.read("a")).toBeUndefined();
    });

    test("the names are those of what is there", async () => {
      const { open } = await fresh();
      const disk = await open();
      expect(await disk.names()).toEqual([]);
      await disk.write("b-2.bin", bytes(1));
      await disk.write("a", bytes());
      await disk.write("gone", bytes());
      await disk.remove("gone");
      expect([...(await (await open()).names())].sort()).toEqual(["a", "b-2.bin"]);
    });

    test("cleared, nothing is left, and it can be written again", async () => {
      const { open } = await fresh();
      const disk = await open();
      await disk.write("a", bytes(1));
      await disk.write("b", bytes(2));
      await disk.clear();
      expect([await disk.read("a"), await disk.read("b")]).toEqual([undefined, undefined]);
      await disk.write("a", bytes(3));
      expect(await disk.read("a")).toEqual(bytes(3));
    });
  });
}
