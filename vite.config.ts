// Builds apps/web, and tells vitest its projects: unit (Node) and browser (real Chromium with WebGPU).

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumArgs, chromiumPath, softwareAdapter } from "./apps/cli/src/chromium.ts";
import { noEval } from "./build/no-eval.ts";
import { precompress } from "./build/precompress.ts";

const web = fileURLToPath(new URL("apps/web", import.meta.url));

/** Of ours or of a library: Vite's own modules (\0) are in 404.html too, which would load all the rest with them. */
const isScript = (id: string) => !id.startsWith("\0") && /\.[cm]?[jt]sx?$/.test(id);

/** Milliseconds: bounds what hangs. A busy machine takes several times what a quiet one does. */
const testTimeout = 300_000;

export default defineConfig({
  root: web,
  plugins: [react(), tailwind(), noEval(), precompress()],
  worker: { format: "es", plugins: () => [noEval()] },
  build: {
    ...{ outDir: "dist", emptyOutDir: true, target: "es2022" },
    rolldownOptions: {
      input: ["index.html", "404.html"].map((name) => join(web, name)),
      output: { codeSplitting: { groups: [{ name: "start", tags: ["$initial"], test: isScript }] } },
    },
  },
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
          testTimeout,
        },
      },
      {
        root: fileURLToPath(new URL(".", import.meta.url)),
        test: {
          name: "recovery",
          environment: "node",
          include: ["apps/*/test/**/*.recovery.test.ts"],
          testTimeout: 2 * testTimeout,
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
          testTimeout,
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
