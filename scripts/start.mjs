// npm start: a coordinator with a demonstration run and two volunteers on this machine (apps/cli/src/demo.ts).

import { ensureBuilt, ensurePackages } from "./ensure.mjs";
import { runCli } from "./run-cli.mjs";

ensurePackages();
ensureBuilt();
runCli(["demo", ...process.argv.slice(2)]);
