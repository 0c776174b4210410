// [V51] [V52] A device that has a section of before takes outer steps, and has the coordinator's bytes.

import { type NamedTensors, namedTensors, random, type Sha256, sha256Of } from "@homebody/base";
import {
  encodeSection,
  encodeStep,
  exchangeFor,
  exchangeOf,
  firstNumbers,
  rowMapOf,
  withStep,
} from "@homebody/dept";
import { type BodyRef, bodyId, type StepTo } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest, source } from "../../dept/test/manifests.ts";
import { createBodies } from "../src/bodies.ts";
import { memoryDisk } from "../src/memory/index.ts";
import { NetError } from "../src/ports.ts";

/** A coordinator that makes bodies by steps, of which all lead to the last one. */
function publisher(variant: "spec" | "trim", numbers: "fp32" | "fp16" = "fp32") {
  const run = manifest({ variant, down: "int8", body: numbers });
  const { sections } = exchangeOf(run);
  const served = new Map<string, Uint8Array>();
  const files = sections.map((section) => encodeSection(run, 0, section, firstNumbers(run, section)));
  const steps: StepTo[] = [];
  let number = 0;

  function body(): BodyRef {
    const of = sections.map(({ name }, i) => {
      const sha256 = sha256Of(files[i]!);
      served.set(`/bodies/${sha256}`, files[i]!);
      return { name, sha256, sizeBytes: files[i]!.length };
    });
    return { number, id: bodyId(of), sections: of, steps: [...steps] };
  }

  return {
    ...{ run, served, body },
    files: () => [...files],
    next() {
      number += 1;
      for (const [i, section] of sections.entries()) {
        const dice = random(`${number} ${section.name}`);
        const step = namedTensors(
          section.layout,
          Float32Array.from({ length: section.layout.size }, () => dice.normal()),
        );
        const bytes = encodeStep(section, step);
        const sha256 = sha256Of(bytes);
        const from = sha256Of(files[i]!);
        served.set(`/steps/${sha256}`, bytes);
        steps.push({ name: section.name, body: number, from, sha256, sizeBytes: bytes.length });
        files[i] = withStep(section, files[i]!, bytes, number);
      }
      return body();
    },
  };
}

function device(coordinator: ReturnType<typeof publisher>) {
  const { run, served } = coordinator;
  const rows = run.variant === "trim" ? rowMapOf(300, [1, 5, 299]) : null;
  const disk = memoryDisk();
  const asked: string[] = [];
  const told: number[] = [];
  let bytes = 0;
  const ports = {
    net: {
      download: async (path: string) => {
        asked.push(path.split("/")[1]!);
        const file = served.get(path);
        if (file === undefined) throw new NetError(`${path}: expected the file, got status 404`);
        return file;
      },
    },
    disk,
    received: (_: string, size: number) => {
      bytes += size;
    },
  };
  const open = () => createBodies(exchangeFor(run, source(run, "es"), rows), ports, 1);
  let bodies = open();
  return {
    disk,
    told,
    reload: () => {
      bodies = open();
    },
    /** The numbers, and in which folders it asked for what. */
    take: async (body: BodyRef, signal = new AbortController().signal) => {
      asked.length = 0;
      bytes = 0;
      const report = ({ done, of }: { readonly done: number; readonly of: number }) =>
        void told.push(done / of);
      const numbers = await bodies.numbers(body, { report, signal });
      return { numbers, asked: [...asked], bytes };
    },
  };
}

const kept = async ({ disk }: ReturnType<typeof device>, group: string) =>
  sha256Of((await disk.read(`body-${group}.safetensors`))!);

test.each([
  ["spec", "fp32"],
  ["trim", "fp32"],
  ["spec", "fp16"],
  ["trim", "fp16"],
] as const)(
  "[V51] [C97] %s, body %s: round by round it takes a step a section, in a reload too, and has the file that is announced",
  async (variant, of) => {
    const coordinator = publisher(variant, of);
    const own = device(coordinator);
    const groups = coordinator.body().sections.map(({ name }) => name);
    expect((await own.take(coordinator.body())).asked).toEqual(groups.map(() => "bodies"));
    for (let number = 1; number <= 5; number++) {
      if (number === 3) own.reload();
      const body = coordinator.next();
      const { asked, bytes, numbers } = await own.take(body);
      expect(asked).toEqual(groups.map(() => "steps"));
      for (const { name, sha256 } of body.sections) expect(await kept(own, name)).toBe(sha256);
      const size = body.sections.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      expect(bytes).toBeLessThan(size * (of === "fp32" ? 0.35 : 0.65));
      expect(numbers).toEqual(await wholeOf(coordinator, body));
    }
  },
);

/** What a device has that takes whole sections. */
async function wholeOf(
  coordinator: ReturnType<typeof publisher>,
  body: BodyRef,
): Promise<readonly NamedTensors[]> {
  return (await device(coordinator).take(body)).numbers;
}

test("[V51] whoever missed rounds takes the steps between, in their order", async () => {
  const coordinator = publisher("spec");
  const own = device(coordinator);
  await own.take(coordinator.next());
  coordinator.next();
  coordinator.next();
  const body = coordinator.next();
  const { asked } = await own.take(body);
  expect(asked).toEqual(["steps", "steps", "steps"]);
  expect(await kept(own, "theta")).toBe(body.sections[0]!.sha256);
});

test("[V52] a newcomer, and whoever no step leads from, takes whole sections", async () => {
  const coordinator = publisher("spec");
  const own = device(coordinator);
  await own.take(coordinator.body());
  coordinator.next();
  const { steps, ...body } = coordinator.next();
  expect((await own.take({ ...body, steps: steps!.slice(1) })).asked).toEqual(["bodies"]);
  expect((await device(coordinator).take({ ...body, steps: steps! })).asked).toEqual(["bodies"]);
  const older = coordinator.next();
  expect((await own.take({ ...older, steps: undefined })).asked).toEqual(["bodies"]);
});

const wrongSteps: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array | undefined])[] = [
  ["is gone", () => undefined],
  ["has other bytes", (bytes) => bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte))],
  ["is cut off", (bytes) => bytes.subarray(0, 50)],
];

test.each(wrongSteps)(
  "[V52] where a step %s the whole section is taken, and is the one announced",
  async (_, wrong) => {
    const coordinator = publisher("spec");
    const own = device(coordinator);
    await own.take(coordinator.body());
    const body = coordinator.next();
    const path = `/steps/${body.steps![0]!.sha256}`;
    const bytes = wrong(coordinator.served.get(path)!);
    if (bytes === undefined) coordinator.served.delete(path);
    else coordinator.served.set(path, bytes);
    expect((await own.take(body)).asked).toEqual(["steps", "bodies"]);
    expect(await kept(own, "theta")).toBe(body.sections[0]!.sha256);
    expect(Math.max(...own.told)).toBeLessThanOrEqual(1);
  },
);

test("[V52] steps that lead elsewhere than announced are not believed", async () => {
  const coordinator = publisher("spec");
  const own = device(coordinator);
  const first = coordinator.body();
  await own.take(first);
  const wrong = coordinator.next().steps![0]!;
  const body = coordinator.next();
  const steps = [{ ...wrong, body: 7, from: first.sections[0]!.sha256 as Sha256 }];
  expect((await own.take({ ...body, steps })).asked).toEqual(["steps", "bodies"]);
  expect(await kept(own, "theta")).toBe(body.sections[0]!.sha256);
});
