// homebody sample, on a model that knows one sentence by heart, and on a run.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstParameters } from "@homebody/experiment";
import { hf } from "@homebody/export";
import { modelConfig } from "@homebody/model";
import { checkSamples } from "@homebody/protocol";
import { createServer, stderrLog } from "@homebody/server";
import { trainTokenizer } from "@homebody/text";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as exporting } from "../src/export.ts";
import { writeModelFolder } from "../src/models/folder.ts";
import { run } from "../src/sample.ts";
import { captured, finishedRun } from "./finished-run.ts";

let folder: string;
let made: Awaited<ReturnType<typeof finishedRun>>;
const at = (...path: string[]) => join(folder, ...path);
const wasm = ["--backend", "wasm", "--threads", "1"];
const sampled = async (...args: string[]) => {
  const { code, stdout } = await captured(run, [...args, ...wasm]);
  expect(code).toBe(0);
  return stdout;
};
const failed = (...args: string[]) =>
  sampled(...args).then(
    () => "nothing",
    (error: Error) => error.message,
  );

/** After each token comes the next one of a circle through a sentence, no byte of which comes twice: token i's output row is token i - 1's input row. */
async function writeCircle(sentence: string): Promise<void> {
  const tokenizer = trainTokenizer([], { vocabulary: 257 });
  const width = 16;
  const overrides = { width, heads: 1, hidden: 32, tied: false };
  const config = modelConfig({ family: "llama", depth: 1, context: 32, overrides }, 257);
  const first = firstParameters(config, "1");
  const theta = { ...first.theta, data: first.theta.data.map((value) => (value === 1 ? 1 : 0)) };
  const phi = { ...first.phi, data: first.phi.data.map(() => 0) };
  const [input, output] = [phi.data.subarray(0, 257 * width), phi.data.subarray(257 * width)];
  const circle = [tokenizer.endOfDocument, ...tokenizer.encode(sentence)];
  for (const [i, token] of circle.entries()) {
    input[token * width + i] = 1;
    output[circle[(i + 1) % circle.length]! * width + i] = 5;
  }
  const model = { config, parameters: { ...first, theta, phi }, tokenizer, provenance: {} };
  await writeModelFolder(at("circle"), hf.files(model, ""));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-sample-"));
  await writeCircle("say-д now");
  made = await finishedRun(folder, { rounds: 2, localSteps: 10 });
  await made.server.close();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what a model knows by heart it says, up to the end of its document", async () => {
  for (const how of [
    ["--temperature", "0"],
    ["--top-k", "1"],
    ["--top-p", "0.0001"],
  ])
    expect(await sampled(at("circle"), "--prompt", "", ...how)).toBe("say-д now\n");
  expect(await sampled(at("circle"), "--temperature", "0", "--prompt", "say-д")).toBe("say-д now\n");
  // Cut within a character, since a token is a byte here.
  expect(await sampled(at("circle"), "--prompt", "", "--temperature", "0", "--tokens", "5")).toBe(
    "say-\ufffd\n",
  );
});

/** By the command itself, with what is typed on its stdin. */
function piped(lines: readonly string[], ...args: string[]) {
  const main = join(import.meta.dirname, "..", "src", "main.ts");
  const command = ["--import", "tsx", main, "sample", at("circle"), ...args, ...wasm];
  const input = lines.map((line) => `${line}\n`).join("");
  return spawnSync(process.execPath, command, { input, encoding: "utf8" });
}

test("without a prompt each line of stdin is one, and a line with a slash changes how it goes on", () => {
  const lines = ["say", "/tokens 2", "say", "", "/tokens 9", "/temperature 100", "/seed 3", "/help", "say"];
  const { status, stdout, stderr } = piped(
    [...lines, "/seed 4", "say", "/quit", "say"],
    "--temperature",
    "0",
  );
  expect(status).toBe(0);
  const texts = stdout.split("\n");
  expect(texts.slice(0, 3)).toEqual(["say-д now", "say-\ufffd", "sa"]);
  expect(texts).toHaveLength(6); // nothing after /quit
  expect(texts[3]).toMatch(/^say./);
  expect(texts[4]).not.toBe(texts[3]); // by chance, and by another seed
  expect(stderr).toContain("/tokens 9 /temperature 100 /top-k 40 /top-p 1 /seed 3");
});

test("a line that is no setting is said, and nothing more is done", () => {
  const { status, stdout, stderr } = piped(["say", "/sed 4", "say"], "--temperature", "0");
  expect([status, stdout]).toEqual([2, "say-д now\n"]);
  expect(stderr).toContain("a line that begins with a slash: expected one of /tokens, /temperature");
});

test("[C55] [C56] [P48] the coordinator samples the last body beside its work: the text that this command gives, from the prompt that is stated", {
  timeout: 120_000,
}, async () => {
  const own = at("words of sources");
  mkdirSync(own);
  const more = ["vocabulary: { kind: source }", "words: source"];
  const { server, dataDir, run: file } = await finishedRun(own, { rounds: 2, localSteps: 10, more });
  const ask = async (url: string) => checkSamples(await (await fetch(`${url}/api/samples`)).json()).samples;
  await expect.poll(() => ask(server.url), { timeout: 60_000 }).toHaveLength(2);
  const samples = await ask(server.url);
  const { body } = server.state();
  for (const { source, prompt, seed, ...of } of samples) {
    expect([of.body, of.id, seed]).toEqual([2, body.id, "1"]);
    expect(prompt).toMatch(source === "a" ? /^(the|body|travels|far)\b/ : /^(слова|остаются|дома|всегда)/);
    const text = await sampled(dataDir, "--source", source, "--body", "2", "--prompt", prompt);
    expect(text).toBe(`${prompt}${of.text}\n`);
  }
  await server.close();
  const again = await createServer({ run: file, dataDir, port: 0, log: stderrLog("silent") });
  expect(await ask(again.url)).toEqual(samples); // kept
  await again.close();
  rmSync(join(dataDir, "samples"), { recursive: true });
  const anew = await createServer({ run: file, dataDir, port: 0, log: stderrLog("silent") });
  await expect.poll(() => ask(anew.url), { timeout: 60_000 }).toEqual(samples); // made once more
  await anew.close();
});

test("of a run it is the model that would be exported, and the seed's", async () => {
  await captured(exporting, [at("data"), "--source", "a", "--to", at("model")]);
  const args = ["--prompt", "the body", "--tokens", "20"];
  const text = await sampled(at("model"), ...args);
  expect(text).toMatch(/^the body/);
  expect(await sampled(at("data"), "--source", "a", ...args)).toBe(text);
  expect(await sampled(at("model"), ...args, "--seed", "2")).not.toBe(text);
  expect(await sampled(at("data"), "--source", "a", "--body", "1", ...args)).not.toBe(text);
});

test("what was typed wrong is said by option", async () => {
  expect(await failed(folder)).toMatch(
    /^sample: expected a model folder, a data folder or an address, got neither/,
  );
  expect(await failed(at("circle"), "--tokenizer", "t.json")).toMatch(/^--tokenizer: expected a run/);
  expect(await failed(at("circle"), "--source", "a")).toMatch(
    /^--source: expected a run, for a choice of its models/,
  );
  expect(await failed(at("data"))).toMatch(
    /^--source: expected one of those whose words are here: a, b, got none/,
  );
  expect(await failed(at("circle"), "--temperature", "hot")).toMatch(
    /^--temperature: expected a number above 0/,
  );
  expect(await failed(at("circle"), "--top-p", "2")).toMatch(
    /^--top-p: expected a number above 0 and at most 1/,
  );
});
