// Pictures of every page, light and dark, wide and phone, and axe's findings in each: for whoever works on how
// the pages look, and for docs/images.
//
//   node scripts/screenshots.mjs OUT [--scenes name,name] [--url http://127.0.0.1:8080]
//
// Without --url the scenes of apps/web/story are shot from a development server; with it, a coordinator that
// runs. Ends 1 if a page scrolls sideways, or axe finds something serious or critical.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright";
import { root } from "./ensure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scenes: { type: "string" }, url: { type: "string" }, looks: { type: "string" } },
});
const out = positionals[0] ?? join(root, "test-results", "screenshots");
mkdirSync(out, { recursive: true });

const looks = [
  { name: "wide-light", colorScheme: "light", viewport: { width: 1440, height: 900 } },
  { name: "wide-dark", colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  { name: "phone-light", colorScheme: "light", viewport: { width: 360, height: 780 } },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 360, height: 780 } },
].filter(({ name }) => values.looks === undefined || values.looks.split(",").includes(name));

const { pages, close } = values.url ? running(values.url) : await fromStory();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox"],
});
let faults = 0;
for (const look of looks) {
  const context = await browser.newContext({ ...look, deviceScaleFactor: 1 });
  for (const { name, url } of pages) {
    const page = await context.newPage();
    const say = (what) => {
      faults += 1;
      process.stdout.write(`${name} ${look.name}: ${what}\n`);
    };
    page.on("console", (message) => message.type() === "error" && say(`console: ${message.text()}`));
    page.on("pageerror", (error) => say(`error: ${error.message}`));
    await page.goto(url);
    await page.locator("main h1").waitFor();
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(400); // charts measure themselves first
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) say(`scrolls sideways by ${wide} px`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, impact, nodes } of violations)
      if (impact === "serious" || impact === "critical")
        say(`${impact} ${id}: ${nodes.map(({ target }) => target.join(" ")).join("; ")}`);
      else process.stdout.write(`${name} ${look.name}: ${impact} ${id}\n`);
    await page.screenshot({ path: join(out, `${name}-${look.name}.png`), fullPage: true });
    await page.close();
  }
  await context.close();
}
await browser.close();
await close();
process.stdout.write(`${faults === 0 ? "no faults" : `${faults} faults`}, pictures in ${out}\n`);
process.exit(faults === 0 ? 0 : 1);

function running(url) {
  const paths = { volunteer: "/", dashboard: "/dashboard", admin: "/admin" };
  return {
    pages: Object.entries(paths).map(([name, path]) => ({ name, url: new URL(path, url).href })),
    close: async () => {},
  };
}

async function fromStory() {
  const { createServer } = await import("vite");
  const server = await createServer({
    configFile: join(root, "vite.config.ts"),
    server: { port: 0 },
    logLevel: "error",
  });
  await server.listen();
  const base = server.resolvedUrls.local[0];
  const { sceneNames } = await server.ssrLoadModule("/story/scenes.ts");
  const names = values.scenes?.split(",") ?? sceneNames;
  return {
    pages: names.map((name) => ({ name, url: `${base}story/index.html?scene=${name}` })),
    close: () => server.close(),
  };
}
