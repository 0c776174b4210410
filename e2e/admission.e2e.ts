// Sources that are not open, in real tabs: the host makes a link and approves, a device comes by the one and waits for the other.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { type Ends, hosted, until } from "./coordinator.ts";
import { Device } from "./device.ts";

const yaml = `
name: By invitation
description: A test of who is let in.
model: { family: llama, depth: 1, context: 32, overrides: { width: 32, heads: 2, hidden: 64 } }
sources:
  - { id: sw, title: Kiswahili, language: sw, text: served, train: sw.jsonl, vocabulary: 320, admission: code }
  - { id: en, title: English, language: en, text: served, train: en.jsonl, vocabulary: 320, admission: approval }
training: { localSteps: 2, batch: 2, learningRate: { peak: 0.01, warmupSteps: 0 } }
rounds: 1000
round: { minimum: 1, deadlineSeconds: 600, evaluationSeconds: 600 }
heldOut: { sampleRows: 16 }
`;

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const radio = (page: Page, source: string) => page.locator(`input[name=source][value=${source}]`);

test("[P38] [P39] a link is made, followed and gone from the address; who waits is approved and trains", async ({
  browser,
}) => {
  const { folder, server } = await hosted(ends, yaml, ["sw", "en"]);
  await server.start();
  const open = async (path = "/") => {
    const device = await Device.open(browser, `${server.url}${path}`);
    ends.push(() => device.close());
    return device;
  };
  const delivered = (source: string) =>
    until(`a delta of ${source} is in`, async () =>
      (await server.journal()).some(({ fact }) => fact.kind === "accepted" && fact.source === source),
    );
  const host = (await open("/admin")).page;
  await host.getByTestId("token").fill(readFileSync(join(folder, "data", "admin-token"), "utf8").trim());
  await host.getByRole("button", { name: "Use this token" }).click();

  await host.getByRole("button", { name: "Make a link to Kiswahili" }).click();
  const link = await host.getByTestId("link").inputValue();
  const invited = (await open()).page;
  await expect(radio(invited, "sw")).toBeDisabled();
  await invited.goto(link); // the page stays: only what stands behind its # is another
  await expect(invited.getByTestId("invitation")).toContainText("Kiswahili");
  await expect(invited).toHaveURL(`${server.url}/`);
  await invited.reload(); // this device keeps it
  await expect(radio(invited, "sw")).toBeChecked();
  await invited.getByTestId("contribute").click();
  await delivered("sw");

  const applicant = (await open()).page;
  await radio(applicant, "en").check();
  await applicant.getByTestId("contribute").click();
  const waiting = applicant.locator("[data-for=approval]");
  await expect(waiting).toContainText("Waiting for the host");
  const name = /called ([0-9a-f]{6})/.exec((await waiting.textContent()) ?? "")![1]!;
  await host.getByRole("button", { name: `Approve ${name}` }).click();
  await host.getByTestId("confirm-yes").click();
  await delivered("en");
});
