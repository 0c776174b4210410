// Every WGSL kernel beside its reference in a real browser, over shapes drawn at random, in both designs and in every
// tiling. No refused command may pass unseen.

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseDesign, type Design, designs, type TilingName, tilings } from "../src/index.ts";
import { cases, halfCases, worstDifference } from "./cases.ts";

const refused: string[] = [];
let device: GPUDevice;

beforeAll(async () => {
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  await tf.setBackend("webgpu");
  device = (tf.backend() as unknown as { device: GPUDevice }).device;
  device.addEventListener("uncapturederror", (event) => {
    refused.push((event as GPUUncapturedErrorEvent).error.message);
  });
});

async function check(name: string, draws: number, design: Design, tolerance = 3e-5): Promise<void> {
  chooseDesign(device, design);
  refused.length = 0;
  for (let draw = 0; draw < draws; draw++) {
    const { worst, worstHalf, where } = await worstDifference(name, `${draw}`);
    expect(worst, `draw ${draw}: ${where}`).toBeLessThan(tolerance);
    expect(worstHalf, `draw ${draw}: ${where}`).toBeLessThan(1e-3); // a half keeps 11 bits
  }
  expect(refused.splice(0)).toEqual([]);
}

describe.each(["software", "hardware"] as const)("%s design", (design) => {
  test.each(Object.keys(cases))("%s", (name) => check(name, 4, designs[design]));
});

test.each(Object.keys(tilings) as TilingName[])("matmul, %s", (name) =>
  check("matmul, all transpositions", 4, { rows: "software", matmul: tilings[name], fewBlocks: 0 }),
);

test.each(Object.keys(halfCases))("%s", (name) => check(name, 4, designs.software, 1e-3));

test("nothing is left behind", () => {
  expect(tf.memory().numTensors).toBe(0);
});
