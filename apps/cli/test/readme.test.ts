// What the README says of its own example: the run file is read, and the traffic is what the formulas give.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exchangeOf, roundTraffic } from "@homebody/dept";
import { manifestOf } from "@homebody/protocol";
import { parseRunFile } from "@homebody/server";
import { expect, test } from "vitest";

const readme = readFileSync(join(import.meta.dirname, "..", "..", "..", "README.md"), "utf8");

test("the README's run file is one, and its claim on traffic is what its example gives, up and down", () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
  const manifest = manifestOf(parseRunFile(yaml!, "README.md"), new Map());
  const source = manifest.sources.find(({ id }) => id === "es")!;
  // By hand: 4 layers of width 256 (4 x 256 x 256, 3 x 256 x 704, two norms) and the last norm; 2,048 words; 25 steps.
  const body = 4 * (4 * 256 * 256 + 3 * 256 * 704 + 2 * 256) + 256;
  const everyStep = 25 * 4 * (body + 2048 * 256);
  const [up, down] = [body * 2, body * 4]; // fp16 up, float32 down
  const claim = /sends (\d+) times and\s+fetches (\d+) times less/.exec(readme)!;
  expect(claim.slice(1).map(Number)).toEqual([up, down].map((bytes) => Math.round(everyStep / bytes)));
  const traffic = roundTraffic(manifest, source);
  expect(traffic.standardBytes).toBe(everyStep);
  expect(traffic.downBytes).toBe(down);
  const tensors = exchangeOf(manifest).sections[0]!.layout.slots.length;
  expect(traffic.upBytes).toBe(up + 20 + 2 * tensors);
});
