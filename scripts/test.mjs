// npm test: check, unit, browser, recovery and end-to-end tests; the last line says how many passed, failed and
// were skipped. `npm test -- unit browser` runs only those.
//
// What is missing is installed first: npm packages, Chromium, Firefox (end to end), what reads exported models elsewhere (unit), and,
// where CI is set, PostgreSQL. Shared data (corpora, golden tensors) is looked for at HOMEBODY_SHARED, by default ../shared.

import { spawnSync } from "node:child_process";
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

const stages = {
  check: runChecks,
  unit: () => vitest("unit", "--maxWorkers=100%"), // left to itself it leaves one core idle
  browser: () => vitest("browser"),
  recovery: () => vitest("recovery"),
  "end-to-end": endToEnd,
};

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const unknown = asked.filter((name) => !(name in stages));
if (unknown.length > 0) {
  process.stderr.write(
    `npm test: expected some of ${Object.keys(stages).join(", ")}, got ${unknown.join(", ")}\n`,
  );
  process.exit(2);
}
const chosen = Object.entries(stages).filter(([name]) => asked.length === 0 || asked.includes(name));

ensurePackages();
process.env.CHROMIUM_PATH = ensureChromium();
process.env.HOMEBODY_SHARED ??= join(root, "..", "shared");
const temporary = mkdtempSync(join(tmpdir(), "homebody-test-"));
const isUnit = chosen.some(([name]) => name === "unit");
if (isUnit) {
  ensureConsumers();
  ensureBuilt(); // for tests of what npm start does
}
const postgres = isUnit ? await database() : undefined;

const total = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [name, run] of chosen) {
    process.stdout.write(`\n== ${name}\n`);
    const began = performance.now();
    const counts = run();
    for (const key of Object.keys(total)) total[key] += counts[key];
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(`== ${name}: ${sentence(counts)} (${seconds} s)\n`);
  }
} finally {
  await postgres?.stop();
  rmSync(temporary, { recursive: true, force: true });
}
process.stdout.write(`\n${sentence(total)}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

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

function vitest(project, ...options) {
  const report = join(temporary, `${project}.json`);
  const script = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [script, "run", "--project", project, ...options, "--reporter=default", "--reporter=json"];
  const { status } = spawnSync(process.execPath, [...args, `--outputFile.json=${report}`], {
    cwd: root,
    stdio: "inherit",
  });
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = read(report);
  return failing(status, {
    passed: numPassedTests,
    failed: numFailedTests,
    skipped: numPendingTests + numTodoTests,
  });
}

function endToEnd() {
  ensureBuilt();
  process.env.FIREFOX_PATH = ensureFirefox();
  const report = join(temporary, "end-to-end.json");
  const script = join(root, "node_modules", "@playwright", "test", "cli.js");
  const { status } = spawnSync(process.execPath, [script, "test", "--reporter=list,json"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = read(report).stats ?? {};
  return failing(status, { passed: expected, failed: unexpected + flaky, skipped });
}

/** A runner that died, or that ran nothing, has failed even if no test says so. */
function failing(status, counts) {
  const silent = counts.failed === 0 && (status !== 0 || counts.passed === 0);
  return silent ? { ...counts, failed: 1 } : counts;
}

function read(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}
