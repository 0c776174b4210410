/// <reference lib="dom" />
// Tabs that want to train, in one page: locks and channels are told apart by who asks, not by the tab.

import { expect, test } from "vitest";
import { type OneTab, oneTab } from "../src/browser/one-tab.ts";

let tests = 0;

/** Tabs of a browser of their own, and what each of them is. */
function browser() {
  const name = `one tab ${++tests}`;
  const told: string[] = [];
  const open = (called: string): OneTab => {
    const tab = oneTab(name, () => {
      told.push(`${called} is asked`);
      void train();
    });
    const train = async () => {
      const isTaken = await tab.take(() => told.push(`${called} waits`));
      told.push(isTaken ? `${called} trains` : `${called} gave up`);
    };
    void train();
    return tab;
  };
  return { told, open };
}

const last = (told: readonly string[]) => told.at(-1);

test("[V35] one tab trains; the next one takes its turn when that ends", async () => {
  const { told, open } = browser();
  const first = open("first");
  await expect.poll(() => last(told)).toBe("first trains");
  open("second");
  await expect.poll(() => last(told)).toBe("second waits");
  first.giveUp();
  await expect.poll(() => last(told)).toBe("second trains");
});

test("[V35] the tab that asks comes before one that has waited longer, and gives back what it took", async () => {
  const { told, open } = browser();
  open("first");
  await expect.poll(() => last(told)).toBe("first trains");
  open("second");
  await expect.poll(() => last(told)).toBe("second waits");
  const third = open("third");
  await expect.poll(() => last(told)).toBe("third waits");
  third.ask();
  await expect.poll(() => last(told)).toBe("third trains");
  expect(told.slice(-3)).toEqual(["first is asked", "first waits", "third trains"]);
  third.giveUp();
  await expect.poll(() => last(told)).toMatch(/^(first|second) trains$/);
});

test("[V35] a tab that gives up while it waits never trains", async () => {
  const { told, open } = browser();
  const first = open("first");
  await expect.poll(() => last(told)).toBe("first trains");
  const second = open("second");
  await expect.poll(() => last(told)).toBe("second waits");
  second.giveUp();
  await expect.poll(() => last(told)).toBe("second gave up");
  first.giveUp();
  open("fourth");
  await expect.poll(() => last(told)).toBe("fourth trains");
});
