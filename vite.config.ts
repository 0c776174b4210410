// Builds apps/web, and tells vitest its projects: unit (Node) and browser (real Chromium with WebGPU).

import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumArgs, chromiumPath, softwareAdapter } from "./apps/cli/src/chromium.ts";

export default defineConfig({
  root: fileURLToPath(new URL("apps/web", import.meta.url)),
  plugins: [react(), tailwind()],
  worker: { format: "es" },
  build: { outDir: "dist", emptyOutDir: true, target: "es2022" },
  server: { host: "127.0.0.1" },
  test: {
    projects: [
      {
        root: fileURLToPath(new URL(".", import.meta.url)),
        test: {
          name: "unit",
          environment: "node",
          include: ["packages/*/{src,test}/**/*.test.ts", "apps/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.browser.test.ts", "**/*.recovery.test.ts", "**/node_modules/**"],
          testTimeout: 30_000,
        },
      },
      {
        root: fileURLToPath(new URL(".", import.meta.url)),
        test: {
          name: "recovery",
          environment: "node",
          include: ["apps/*/test/**/*.recovery.test.ts"],
          testTimeout: 300_000,
        },
      },
      {
        root: fileURLToPath(new URL(".", import.meta.url)),
        plugins: [react(), tailwind()],
        test: {
          name: "browser",
          include: [
            "packages/*/{src,test}/**/*.browser.test.ts",
            "apps/*/{src,test}/**/*.browser.test.{ts,tsx}",
          ],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs, softwareAdapter] },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
