// Drives e2e/: real Chromium on WebGPU against the built page and a real coordinator.

import { defineConfig } from "@playwright/test";
import { chromiumArgs, chromiumPath, softwareAdapter } from "./apps/cli/src/chromium.ts";

export default defineConfig({
  testDir: "e2e",
  testMatch: "**/*.e2e.ts",
  outputDir: "test-results",
  workers: 2, // each waits for much of its time; on two cores all take 150 s instead of 216
  timeout: 230_000,
  expect: { timeout: 30_000 },
  use: {
    actionTimeout: 15_000,
    browserName: "chromium",
    launchOptions: {
      executablePath: chromiumPath,
      args: [
        ...chromiumArgs,
        softwareAdapter,
        // A script that a test hands to a worker counts as one from the network, and may not call localhost.
        "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
      ],
    },
  },
});
