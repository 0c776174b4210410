// The command line beside a coordinator of another version, and which version it is itself.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRunFile, events, manifestOf, type Refusal, refusalSentences } from "@homebody/protocol";
import { Server } from "socket.io";
import { afterEach, expect, test, vi } from "vitest";
import { run } from "../src/volunteer.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of ends.splice(0).reverse()) await end();
});

const manifest = manifestOf(
  checkRunFile({
    name: "a run",
    description: "of another version",
    model: { family: "llama", depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32 } },
    sources: [{ id: "mine", title: "Mine", language: "en", text: "brought", vocabulary: 300 }],
    training: { localSteps: 2, batch: 2, learningRate: { peak: 0.01 } },
    rounds: 3,
  }),
  new Map(),
);

/** A coordinator that answers every hello with the same refusal. */
async function coordinator(refusal: Refusal, described: object = manifest) {
  const hellos: unknown[] = [];
  const http = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(described));
  });
  const io = new Server(http, { transports: ["websocket"] });
  io.on("connection", (socket) =>
    socket.on(events.hello, (message: unknown, reply: (answer: object) => void) => {
      hellos.push(message);
      reply({ ok: false, refusal });
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  ends.push(() => io.close());
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, hellos };
}

/** Takes part with this very file as its text; gives the exit code and what stood on stderr. */
async function volunteer(url: string): Promise<{ code: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), "homebody-versions-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  const text = join(import.meta.dirname, "..", "..", "..", "CONTRIBUTING.md");
  const code = await run([url, "--backend", "wasm", "--threads", "1", "--data", folder, "--text", text]);
  return { code, said: said.join("") };
}

test.each(["protocol-version", "cannot-take-part"] as const)(
  "[V19] a headless volunteer that is refused %s says what to do, and ends",
  async (refusal) => {
    const { url, hellos } = await coordinator(refusal);
    const { code, said } = await volunteer(url);
    expect(code).toBe(1);
    expect(said).toContain(refusalSentences[refusal]);
    expect(said).toMatch(/git pull, npm install/);
    expect(hellos).toHaveLength(1);
    expect(hellos[0]).toMatchObject({
      protocol: 2,
      can: {
        codecs: ["fp32", "fp16", "int8", "int4", "int2", "sparse2"],
        sections: ["theta", "phi", "psi", "phi-of-source", "psi-of-source"],
        vocabularies: ["own", "source", "global"],
        optimisers: ["adamw", "muon"],
        rounds: ["steps", "time-box"],
        bodies: ["fp32", "fp16"],
      },
    });
  },
);

test("[P22] a manifest that this version does not understand is an error that says so, before anything is done", async () => {
  const broken = await coordinator("protocol-version", { ...manifest, training: { localSteps: 2 } });
  await expect(volunteer(broken.url)).rejects.toThrow(/training\./);
  expect(broken.hellos).toEqual([]);
});

test("homebody --version says the version of package.json", () => {
  const root = join(import.meta.dirname, "..", "..", "..");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const args = ["--import", "tsx", join(root, "apps", "cli", "src", "main.ts"), "--version"];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
  expect([stdout, status]).toEqual([`homebody ${version}\n`, 0]);
});
