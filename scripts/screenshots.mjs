// node scripts/screenshots.mjs URL DIR: every page of a coordinator as people see it: light and dark, wide and phone.

import { join } from "node:path";
import { chromium } from "playwright";
import { ensureChromium } from "./ensure.mjs";

const [url, folder] = process.argv.slice(2);
if (url === undefined || folder === undefined) {
  process.stderr.write("usage: node scripts/screenshots.mjs URL DIR\n");
  process.exit(2);
}
const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const pages = { volunteer: "/", dashboard: "/dashboard", admin: "/admin", profile: "/?profile" };

const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
});
for (const colorScheme of ["light", "dark"])
  for (const [size, viewport] of Object.entries(sizes)) {
    const context = await browser.newContext({
      colorScheme,
      viewport,
      deviceScaleFactor: size === "phone" ? 2 : 1,
    });
    for (const [name, path] of Object.entries(pages)) {
      const page = await context.newPage();
      await page.goto(`${url}${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (name === "profile") {
        await page.getByRole("button", { name: "Measure" }).click();
        await page.getByTestId("profile-kernels").waitFor({ timeout: 120_000 });
      }
      await page.waitForTimeout(name === "volunteer" ? 8000 : 1500); // the device check, the fonts
      const file = join(folder, `${name}-${size}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage: true });
      process.stdout.write(`${file}\n`);
      await page.close();
    }
    await context.close();
  }
await browser.close();
