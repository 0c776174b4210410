// npm test: check, unit, browser, recovery and end-to-end tests; the last line says how many passed, failed and
// were skipped. `npm test -- unit browser` runs only those.
//
// What is missing is installed first: npm packages, Chromium, Firefox (end to end), what reads exported models elsewhere (unit), and,
// where CI is set, PostgreSQL. Shared data (corpora, golden tensors) is looked for at HOMEBODY_SHARED, by default ../shared.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./check.mjs";
import {
  ensureBuilt,
  ensureChromium,
  ensureConsumers,
  ensureFirefox,
  ensurePackages,
  root,
} from "./ensure.mjs";
import { startPostgres } from "./ensure-postgres.mjs";

/** Each runs one, with what is held of its output (see `runStage`), and counts. */
const stages = {
  check: runChecks,
  unit: (held) => vitest("unit", held, "--maxWorkers=100%"), // left to itself it leaves one core idle
  browser: (held) => vitest("browser", held),
  recovery: (held) => vitest("recovery", held),
  "end-to-end": endToEnd,
};

/** Side by side where one mostly waits: for processes that were killed and start again. */
const groups = [["check"], ["unit"], ["browser", "recovery"], ["end-to-end"]];

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const unknown = asked.filter((name) => !(name in stages));
if (unknown.length > 0) {
  process.stderr.write(
    `npm test: expected some of ${Object.keys(stages).join(", ")}, got ${unknown.join(", ")}\n`,
  );
  process.exit(2);
}
const isChosen = (name) => asked.length === 0 || asked.includes(name);

ensurePackages();
process.env.CHROMIUM_PATH = ensureChromium();
process.env.HOMEBODY_SHARED ??= join(root, "..", "shared");
const temporary = mkdtempSync(join(tmpdir(), "homebody-test-"));
if (isChosen("unit")) {
  ensureConsumers();
  ensureBuilt(); // for tests of what npm start does
}
const postgres = isChosen("unit") ? await database() : undefined;

const total = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const group of groups) {
    const running = group.filter(isChosen).map((name, i) => runStage(name, i === 0 ? null : []));
    for (const { counts, held } of await Promise.all(running)) {
      for (const key of Object.keys(total)) total[key] += counts[key];
      process.stdout.write(held?.join("") ?? "");
    }
  }
} finally {
  await postgres?.stop();
  rmSync(temporary, { recursive: true, force: true });
}
process.stdout.write(`\n${sentence(total)}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** What it prints is in `held` when it is over; null: it goes to stdout as it comes. */
async function runStage(name, held) {
  const began = performance.now();
  const say = (text) => (held === null ? process.stdout.write(text) : held.push(text));
  say(`\n== ${name}\n`);
  const counts = await stages[name](held);
  const seconds = Math.round((performance.now() - began) / 1000);
  say(`== ${name}: ${sentence(counts)} (${seconds} s)\n`);
  return { counts, held };
}

function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A PostgreSQL for the store's contract tests: installed where CI is set, otherwise used only if it is there. */
async function database() {
  if (process.env.HOMEBODY_POSTGRES) return undefined;
  const started = await startPostgres({ install: Boolean(process.env.CI) });
  if (started) process.env.HOMEBODY_POSTGRES = started.url;
  return started;
}

async function vitest(project, held, ...options) {
  const report = join(temporary, `${project}.json`);
  const script = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [script, "run", "--project", project, ...options, "--reporter=default", "--reporter=json"];
  const status = await runNode([...args, `--outputFile.json=${report}`], held);
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = read(report);
  return failing(status, {
    passed: numPassedTests,
    failed: numFailedTests,
    skipped: numPendingTests + numTodoTests,
  });
}

async function endToEnd(held) {
  ensureBuilt();
  process.env.FIREFOX_PATH = ensureFirefox();
  const report = join(temporary, "end-to-end.json");
  const script = join(root, "node_modules", "@playwright", "test", "cli.js");
  const environment = { PLAYWRIGHT_JSON_OUTPUT_NAME: report };
  const status = await runNode([script, "test", "--reporter=list,json"], held, environment);
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = read(report).stats ?? {};
  return failing(status, { passed: expected, failed: unexpected + flaky, skipped });
}

/** Its exit code. What it prints is pushed to `held`; null: it goes to our own output as it comes. */
async function runNode(args, held, environment = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: held === null ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text) => held.push(text));
  return await new Promise((resolve) => {
    child.on("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(null);
    });
    child.on("close", resolve);
  });
}

/** A runner that died, or that ran nothing, has failed even if no test says so. */
function failing(status, counts) {
  const silent = counts.failed === 0 && (status !== 0 || counts.passed === 0);
  return silent ? { ...counts, failed: 1 } : counts;
}

function read(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}
