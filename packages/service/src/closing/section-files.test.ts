import { exchangeOf } from "@homebody/dept";
import { memoryBlobs } from "@homebody/store/memory";
import { expect, test } from "vitest";
import { manifest } from "../../../dept/test/manifests.ts";
import { putFirst, readSection } from "./section-files.ts";

test("the first body is a file a section; a section that is not there is an error that names it", async () => {
  const blobs = memoryBlobs();
  const run = manifest({ variant: "glob" });
  const { sections } = exchangeOf(run);
  const files = await putFirst(run, sections, blobs);
  expect(files.map(({ name }) => name)).toEqual(["theta", "phi", "psi"]);
  for (const section of sections)
    expect((await readSection(section, files, blobs)).layout).toEqual(section.layout);
  await expect(readSection(sections[1]!, files.slice(0, 1), blobs)).rejects.toThrow(
    "body: expected a section phi, got theta",
  );
});
