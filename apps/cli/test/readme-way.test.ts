// The README's one whole way for researchers, line by line as it is written there: real volunteers, real tools.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, expect, test } from "vitest";
import { llama } from "../../../packages/export/test/forward/llama.ts";
import { readEvents } from "../../../packages/measures/test/event-file.ts";
import { consumersFolder, hasConsumers } from "../../../test/consumers.ts";
import { readModelFolder } from "../src/models/folder.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const [, section] = /### One whole way\n([\s\S]*?)\n## /.exec(readme)!;
const [runLines, followLines, laterLines] = [...section!.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) =>
  block!.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
);

const prompt = "Toda persona";
const hasPython = spawnSync("python3", ["-c", "import torch, transformers"]).status === 0;
if (!hasPython) console.warn("skipped: python3 has no torch and transformers");

let folder: string;
const running = new Set<ChildProcess>();
const at = (...path: string[]) => join(folder, ...path);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-way-"));
  if (hasConsumers) symlinkSync(consumersFolder, at("node_modules"));
});
afterAll(() => {
  for (const child of running) process.kill(-child.pid!, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The line with scripts of this clone for npm's, which runs them from the folder of the clone alone, and with a free port. */
function inFolder(line: string): string {
  const script = (name: string) => `node '${join(root, "scripts", name)}'`;
  return line
    .replace(/^npm start --/, `${script("start.mjs")} --port 0`)
    .replace(/^npm run homebody --/, script("homebody.mjs"));
}

/** What a line writes on stdout. Throws an Error with all that it wrote, where it fails. */
async function typed(line: string, { input = "", env = {} } = {}): Promise<string> {
  const child = spawn("sh", ["-c", inFolder(line)], {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder, ...env }, // as npm says where it was called
    detached: true, // a group, so that what it starts ends with it
  });
  running.add(child);
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text) => {
      written[name] += text;
    });
  child.stdin.end(input);
  const [code] = await once(child, "close");
  running.delete(child);
  if (code !== 0) throw new Error(`${line}\nexit code ${code}\n${written.stdout}\n${written.stderr}`);
  return written.stdout;
}

/** The one line of the later ones that begins so, or has it after `npm run homebody --`. */
function lineOf(beginning: string): string {
  const found = laterLines!.filter((line) => line.replace("npm run homebody -- ", "").startsWith(beginning));
  expect(found, beginning).toHaveLength(1);
  return found[0]!;
}

test("[X30] the way is all of these lines and no other, and its tools are those that tests have", () => {
  expect([runLines!.length, followLines!.length]).toEqual([1, 1]);
  const beginnings = laterLines!.map((line) => line.replace("npm run homebody -- ", "").split(" ")[0]);
  const exports = ["export", "export", "export"];
  const tools = ["pip", "npm", "python3", "npx", "node"];
  expect(beginnings).toEqual(["journal", ...exports, ...tools, "adapt", "evaluate"]);
  const { dependencies } = JSON.parse(readFileSync(join(root, "test/consumers/package.json"), "utf8"));
  const installed = lineOf("npm install").split(" ").slice(3);
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(installed));
});

test("[X30] run, and follow from a second terminal", async () => {
  const run = typed(runLines![0]!);
  await Promise.race([
    run,
    expect.poll(() => existsSync(at("first/data/journal.json")), { timeout: 270_000 }).toBe(true),
  ]);
  const [said] = await Promise.all([run, typed(followLines![0]!)]);
  const result = JSON.parse(said.trim().split("\n").at(-1)!);
  expect(result).toMatchObject({ rounds: 4, sources: { es: {}, ja: {} } });
  const rows = parse(readFileSync(at("first/run.csv"), "utf8"), { columns: true }) as Record<
    string,
    string
  >[];
  const scores = rows.filter(({ measure, source }) => measure === "bits-per-byte" && source === "es");
  expect(Number(scores.at(-1)!.value)).toBe(result.sources.es.last);
}, 300_000);

test("[X30] TensorBoard's file has what was measured", async () => {
  await typed(lineOf("journal"));
  const [name] = readdirSync(at("first/logs"));
  const tags = readEvents(readFileSync(at("first/logs", name!))).flatMap(({ summary }) =>
    (summary?.value ?? []).map(({ tag }) => tag),
  );
  expect(tags).toContain("bits-per-byte/ja");
}, 60_000);

test("[X30] three formats, of one model", async () => {
  for (const line of laterLines!.filter((line) => line.includes(" export "))) await typed(line);
  expect(readdirSync(at("first/hf"))).toContain("model.safetensors");
  expect(readdirSync(at("first/gguf"))).toContain("model.gguf");
  expect(readdirSync(at("first/onnx"))).toContain("onnx");
}, 120_000);

/** At most so many tokens after the prompt, each the likeliest, by the papers' forward pass of the folder's files alone. */
async function greedily(tokens: number): Promise<string> {
  const { tokenizer } = await readModelFolder(at("first/hf"));
  const config = JSON.parse(readFileSync(at("first/hf/config.json"), "utf8"));
  const weights = new Uint8Array(readFileSync(at("first/hf/model.safetensors")));
  const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
  const begun = ids.length;
  for (let made = 0; made < tokens; made++) {
    const logits = llama(config, weights, ids).at(-1)!;
    const next = logits.indexOf(Math.max(...logits));
    if (next === tokenizer.endOfDocument) break;
    ids.push(next);
  }
  return tokenizer.decode(Uint32Array.from(ids.slice(begun)));
}

test.skipIf(!hasPython)(
  "[X30] transformers loads it in Python",
  async () => {
    expect(await typed(lineOf("python3"))).toContain(prompt);
  },
  120_000,
);

test.skipIf(!hasConsumers)(
  "[X30] [X31] llama.cpp loads it and goes on",
  async () => {
    const said = await typed(lineOf("npx"), { input: ".exit\n" });
    const [, completion] = /Completion: (.*)/.exec(stripVTControlCharacters(said))!;
    expect(completion!.trim().length).toBeGreaterThan(5);
    expect(completion!.startsWith(await greedily(1))).toBe(true);
  },
  120_000,
);

test.skipIf(!hasConsumers)(
  "[X30] [X31] transformers.js loads it, and goes on as the folder's numbers say",
  async () => {
    const preload = pathToFileURL(join(root, "test/consumers/onnxruntime-in-node.mjs")).href;
    const said = await typed(lineOf("node"), { env: { NODE_OPTIONS: `--import=${preload}` } });
    expect(said).toContain(`${prompt}${await greedily(20)}`);
  },
  120_000,
);

test("[X30] adapted to a language that no device had, and compared: it needs fewer bits than before", async () => {
  await typed(lineOf("adapt"));
  expect((await readModelFolder(at("first/sw"))).config.vocab_size).toBe(512);
  const table = await typed(lineOf("evaluate"));
  const bits = (model: string) =>
    Number(new RegExp(`^\\| ${model} .*?\\| *(\\d\\.\\d{3}) \\|`, "m").exec(table)![1]);
  expect(bits("first/sw")).toBeLessThan(0.8 * bits("first/hf"));
}, 240_000);
