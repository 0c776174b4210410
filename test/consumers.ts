// What reads exported models elsewhere, in the test's own process: scripts/ensure.mjs installs it into test/consumers. Where it is not
// there, tests of it are skipped and say so; under CI they fail.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("consumers/node_modules", import.meta.url));

export const hasConsumers = existsSync(`${packages}/.homebody-installed`);
if (!hasConsumers && process.env.CI)
  throw new Error(`consumers: expected packages in ${packages} (npm test installs them), got nothing`);
if (!hasConsumers) console.warn(`skipped: no packages in ${packages}; npm test -- unit installs them`);

/** A module of those packages, by its path there. What of it is used is declared by whoever asks: types are not there before it is. */
export const consumer = async <Module>(path: string): Promise<Module> =>
  (await import(`${packages}/${path}`)) as Module;
