// A process at the volunteer's end of the line: it measures the line, or is the volunteer, whose device's work is timed.

import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Device } from "@homebody/volunteer";
import { startHeadless } from "@homebody/volunteer/node";
import type { View } from "@homebody/volunteer/view";
import { answer } from "../coordinator/processes.ts";
import type { FromVolunteer, Played, Probed, Span, ToVolunteer } from "./messages.ts";

answer<ToVolunteer, FromVolunteer>((message) => (message.kind === "probe" ? probe(message) : play(message)));

const pings = 20;

async function probe({ url, bytes }: Extract<ToVolunteer, { kind: "probe" }>): Promise<Probed> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(agent, url, 0, 0); // the connection
  const times: number[] = [];
  for (let i = 0; i < pings; i++) times.push(await ask(agent, url, 0, 0));
  const roundTripMs = times.sort((a, b) => a - b)[pings >> 1]!;
  const megabits = (size: number, ms: number) => (8 * size) / 1000 / (ms - roundTripMs);
  const upMegabits = megabits(bytes.up, await ask(agent, url, bytes.up, 0));
  const downMegabits = megabits(bytes.down, await ask(agent, url, 0, bytes.down));
  agent.destroy();
  return { roundTripMs, upMegabits, downMegabits };
}

/** How long it took to send so many bytes and to get so many, in ms. */
function ask(agent: Agent, url: string, sent: number, wanted: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    request(`${url}/?bytes=${wanted}`, { agent, method: "POST" }, (response) => {
      response.resume().on("end", () => resolve(performance.now() - began));
    })
      .on("error", reject)
      .end(Buffer.alloc(sent));
  });
}

async function play(message: Extract<ToVolunteer, { kind: "play" }>): Promise<Played> {
  const { url, text, dataDir, threads } = message;
  await untilThere(`${url}/api/run`);
  const times = timing();
  const { volunteer } = await startHeadless({
    ...{ url, text: [text], backend: "wasm", threads, dataDir },
    around: times.around,
    show: times.show,
  });
  const ending = await volunteer.ended;
  await volunteer.close();
  if (ending !== "finished") throw new Error(`the volunteer ended: ${ending}`);
  return times.taken(volunteer.view());
}

/** Without texts. */
function passedIn({ ledger: { sent, received } }: View) {
  const sum = (numbers: Readonly<Record<string, number>>) =>
    Object.values(numbers).reduce((total, one) => total + one, 0);
  return { sentBytes: sum(sent), receivedBytes: sum(received) - received.texts };
}

async function untilThere(url: string): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answered = await fetch(url).catch(() => undefined);
    if (answered?.ok) return;
    if (performance.now() > end)
      throw new Error(`${url}: no coordinator, ${answered?.status ?? "no answer"}`);
    await sleep(200);
  }
}

/** What a volunteer spends its time on, from its first step on. */
function timing() {
  const [steps, evaluations]: [Span[], Span[]] = [[], []];
  let doing = { what: "", since: 0 };
  let doingMs: Record<string, number> = {};
  let atLast: Record<string, number> = {};
  let before = { sentBytes: 0, receivedBytes: 0 };

  /** What it does from now on. */
  function turnTo(what: string, now: number): void {
    doingMs[doing.what] = (doingMs[doing.what] ?? 0) + now - doing.since;
    doing = { what, since: now };
  }

  function stepped(step: Span): void {
    if (steps.length === 0) {
      evaluations.length = 0;
      doingMs = {};
      doing = { ...doing, since: step.from };
    }
    steps.push(step);
    turnTo(doing.what, step.to);
    atLast = { ...doingMs };
  }

  return {
    around: (device: Device): Device => ({
      ...device,
      trainer: (...options) => {
        const trainer = device.trainer(...options);
        const evaluate = timed(trainer.evaluate, (one) => evaluations.push(one));
        return { ...trainer, step: timed(trainer.step, stepped), evaluate };
      },
    }),
    show: (view: View) => {
      if (steps.length === 0) before = passedIn(view);
      const what = whatIn(view.activity);
      if (what !== doing.what) turnTo(what, performance.now());
    },
    taken: (last: View): Played => ({
      ...{ steps, evaluations: evaluations.filter(({ to }) => to < steps.at(-1)!.to), doingMs: atLast },
      sentBytes: passedIn(last).sentBytes - before.sentBytes,
      receivedBytes: passedIn(last).receivedBytes - before.receivedBytes,
    }),
  };
}

function whatIn(activity: View["activity"]): string {
  if (activity.kind === "working") return activity.task.kind;
  return activity.kind === "waiting" ? `wait for ${activity.waiting.for}` : activity.kind;
}

/** Of work that throws nothing is noted. */
const timed =
  <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>, done: (span: Span) => void) =>
  async (...args: Args): Promise<Result> => {
    const from = performance.now();
    const result = await work(...args);
    done({ from, to: performance.now() });
    return result;
  };
