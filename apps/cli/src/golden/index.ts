// homebody golden: the engine against reference tensors of PyTorch's, case by case: in Node, or in Chromium.

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { type BackendName, startBackend } from "@homebody/train";
import { workInChromium } from "../in-chromium.ts";
import { onlyArgument } from "../options.ts";
import { installWebGpu } from "../webgpu.ts";
import { type CaseResult, checkCase } from "./check.ts";

export const usage = `
homebody golden DIR [--backend wasm|webgpu] [--case PATTERN] [--in node|chromium]

Checks every case folder in DIR whose name matches PATTERN (a regular expression), or DIR itself if it is a case.
One line of JSON a case on stdout; exit code 1 if any fails. WebGPU is a graphics card where Node finds one, else
SwiftShader; --in chromium (SwiftShader) needs the developers' packages.
`;

/** What the page is asked to check. */
export interface GoldenRequest {
  readonly name: string;
  readonly backend: BackendName;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      backend: { type: "string", default: "wasm" },
      case: { type: "string", default: "." },
      in: { type: "string", default: "node" },
    },
  });
  const folder = onlyArgument("golden", "one folder of cases", positionals);
  if (!["wasm", "webgpu"].includes(values.backend))
    throw new InputError("--backend", "wasm or webgpu", values.backend);
  if (!["node", "chromium"].includes(values.in)) throw new InputError("--in", "node or chromium", values.in);
  const backend = values.backend as BackendName;
  const cases = await casesIn(folder, casePattern(values.case));
  if (cases.length === 0) throw new InputError(folder, `case folders that match ${values.case}`, "none");
  let failed = 0;
  const report = (result: CaseResult) => {
    if (!result.pass) failed += 1;
    process.stdout.write(`${JSON.stringify(result)}\n`);
  };
  if (values.in === "chromium") await checkInChromium(cases, backend, report);
  else await checkHere(cases, backend, report);
  process.stderr.write(`golden: ${cases.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}

function casePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InputError("--case", "a regular expression", JSON.stringify(text));
  }
}

async function checkHere(
  cases: readonly string[],
  backend: BackendName,
  report: (result: CaseResult) => void,
): Promise<void> {
  if (backend === "webgpu") await installWebGpu();
  const started = await startBackend(backend, { threads: 1, tuned: false });
  process.stderr.write(
    `golden: ${started.adapter}, self-test off by ${started.worstError.toExponential(1)}\n`,
  );
  for (const path of cases)
    report(await checkCase(basename(path), async (file) => readFile(join(path, file)), backend));
}

async function checkInChromium(
  cases: readonly string[],
  backend: BackendName,
  report: (result: CaseResult) => void,
): Promise<void> {
  const folders = Object.fromEntries(cases.map((path) => [basename(path), path]));
  await workInChromium<GoldenRequest, CaseResult>(
    { entry: new URL("page.ts", import.meta.url), folders },
    cases.map((path) => ({ name: basename(path), backend })),
    report,
  );
}

async function casesIn(folder: string, pattern: RegExp): Promise<string[]> {
  if (existsSync(join(folder, "case.json"))) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    throw new InputError(folder, "a folder of cases", error.message);
  });
  return entries
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .filter((path) => existsSync(join(path, "case.json")))
    .sort();
}
