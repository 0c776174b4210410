// Firefox as the system has it, over WebDriver BiDi: Playwright drives only one of its own.

import puppeteer, { type Browser, type Page } from "puppeteer-core";
import type { Ends } from "./coordinator.ts";

const firefoxPath = process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr";

export interface Visit {
  readonly page: Page;
  /** What the console showed since the page was opened, of its workers too: each line with its kind. */
  readonly console: readonly string[];
}

/** Firefox, in a profile of its own, until the test ends. */
export async function openFirefox(ends: Ends): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: firefoxPath,
    headless: true,
    args: ["--width=1280", "--height=900"],
  });
  ends.push(() => browser.close());
  return browser;
}

export async function visit(browser: Browser, url: string): Promise<Visit> {
  const page = await browser.newPage();
  const console: string[] = [];
  page.on("console", (message) => console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => console.push(`error: ${(error as Error).message}`));
  await page.goto(url);
  return { page, console };
}
