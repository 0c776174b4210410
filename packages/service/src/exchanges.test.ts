import { InputError, type Sha256, type SourceId, sha256Of } from "@homebody/base";
import { bitsOf, rowMapOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import { memoryBlobs } from "@homebody/store/memory";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { deviceExchanges, rowsOf } from "./exchanges.ts";

function manifest(variant: RunManifest["variant"], rows?: Sha256): RunManifest {
  const run = manifestOf({ variant, sources: ["a"] });
  const served = rows && {
    train: rows,
    trainBytes: 1,
    heldOut: null,
    heldOutBytes: 0,
    rows: { sha256: rows, held: 2 },
  };
  return { ...run, sources: [{ ...run.sources[0]!, served: served ?? null }] };
}

test("a device's rows are those of the served text where the manifest has them, else what it declared", async () => {
  const blobs = memoryBlobs();
  const [served, declared] = [bitsOf(rowMapOf(300, [1, 2])), bitsOf(rowMapOf(300, [7]))];
  const hash = await blobs.put(served);
  const of = (run: RunManifest, given?: Uint8Array) => rowsOf(run, run.sources[0]!, given, blobs);
  expect(await of(manifest("trim", hash), declared)).toEqual({ sha256: hash, bits: served });
  expect(await of(manifest("trim"), declared)).toEqual({ sha256: sha256Of(declared), bits: declared });
  expect(await of(manifest("glob"), declared)).toBeNull();
  await expect(of(manifest("trim"))).rejects.toBeInstanceOf(InputError);
  await expect(of(manifest("trim"), declared.subarray(1))).rejects.toBeInstanceOf(InputError);
});

test("the exchange of a device is made by its row map, also one that was not in the blobs at first", async () => {
  const blobs = memoryBlobs();
  const bits = bitsOf(rowMapOf(300, [1, 2, 299]));
  const device = { source: "a" as SourceId, rows: sha256Of(bits) };
  let run = manifest("trim");
  const exchangeOf = deviceExchanges(() => run, blobs);
  await expect(exchangeOf(device)).rejects.toThrow("expected it in the data folder, got nothing");
  await blobs.put(bits);
  const phi = (await exchangeOf(device)).sections[1]!;
  expect([...phi.rows!.ids]).toEqual([1, 2, 299]);
  const known = await exchangeOf(device);
  expect(await exchangeOf(device)).toBe(known);
  run = { ...run, codec: "fp32" };
  expect((await exchangeOf(device)).sections.map(({ codec }) => codec)).toEqual(["fp32", "fp32", "fp32"]);
  await expect(exchangeOf({ ...device, source: "b" as SourceId })).rejects.toThrow("got b");
});
