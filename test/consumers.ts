// What reads exported models elsewhere: scripts/ensure.mjs installs it into test/consumers. Where it is not there, tests of it are
// skipped and say so; under CI they fail.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const consumersFolder = fileURLToPath(new URL("consumers/node_modules", import.meta.url));

export const hasConsumers = existsSync(`${consumersFolder}/.homebody-installed`);
if (!hasConsumers && process.env.CI)
  throw new Error(`consumers: expected packages in ${consumersFolder} (npm test installs them), got nothing`);
if (!hasConsumers) console.warn(`skipped: no packages in ${consumersFolder}; npm test -- unit installs them`);

/** A module of those packages, by its path there. What of it is used is declared by whoever asks: types are not there before it is. */
export const consumer = async <Module>(path: string): Promise<Module> =>
  (await import(`${consumersFolder}/${path}`)) as Module;
