// npm run homebody -- <command> ...: installs and builds what is missing, then runs apps/cli.

import { ensureBuilt, ensurePackages } from "./ensure.mjs";
import { runCli } from "./run-cli.mjs";

const args = process.argv.slice(2);
ensurePackages();
if (args[0] === "serve") ensureBuilt();
runCli(args);
