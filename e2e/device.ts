// A volunteer's browser as a test sees it: the page, what its worker said, and the files that it keeps.

import { decodeSafetensors, type SafetensorsEntry } from "@homebody/base";
import type { Browser, BrowserContext, Page } from "@playwright/test";

/** What the worker told the page of its work, since the page was loaded. */
export interface Heard {
  readonly volunteers: readonly string[];
  readonly trained: readonly { readonly round: number; readonly step: number }[];
  readonly backend: string | null;
  /** Main-thread tasks over 50 ms (the browser's own measure) that began while it trained, in ms. */
  readonly longTasks: readonly number[];
}

/** Runs in the page before its own code. */
function listen(): void {
  const heard = { volunteers: new Set<string>(), trained: [] as unknown[], backend: null as string | null };
  const tasks: { startTime: number; duration: number }[] = [];
  const training: { from: number; to: number }[] = [];
  new PerformanceObserver((list) => {
    tasks.push(...list.getEntries());
  }).observe({ type: "longtask", buffered: true });
  const Native = Worker;
  globalThis.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener("message", ({ data }) => {
        if (data.kind !== "view") return;
        const { volunteer, device, activity, round } = data.view;
        if (volunteer !== null) heard.volunteers.add(volunteer);
        heard.backend = device?.backend ?? heard.backend;
        const trains = activity.kind === "working" && activity.task.kind === "train";
        if (trains) heard.trained.push({ round: round?.round ?? 0, step: activity.task.done });
        const now = performance.now();
        const last = training.at(-1);
        if (last?.to === Number.POSITIVE_INFINITY && !trains) last.to = now;
        if (last?.to !== Number.POSITIVE_INFINITY && trains)
          training.push({ from: now, to: Number.POSITIVE_INFINITY });
      });
    }
  };
  Object.assign(globalThis, {
    heard: () => ({
      ...heard,
      volunteers: [...heard.volunteers],
      longTasks: tasks
        .filter(({ startTime }) => training.some(({ from, to }) => from <= startTime && startTime <= to))
        .map(({ duration }) => duration),
    }),
  });
}

export interface StoredTensor {
  readonly file: string;
  readonly name: string;
  readonly data: SafetensorsEntry["data"];
}

/** For a worker: a device on which WebGPU is not to be had. */
export const withoutGpu = `Object.defineProperty(navigator, "gpu", { value: undefined });`;

export class Device {
  readonly page: Page;
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  /** `worker` is code that runs in the worker of a volunteer, a trial or a mixture before its own. */
  static async open(browser: Browser, url: string, { worker = "" } = {}): Promise<Device> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.addInitScript(listen);
    if (worker !== "")
      await context.route(/\/assets\/((trial|mixture)-)?worker-[^/]*\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${worker}\n${await response.text()}` });
      });
    const page = await context.newPage();
    await page.goto(url);
    return new Device(context, page);
  }

  heard(): Promise<Heard> {
    return this.page.evaluate(() => (globalThis as unknown as { heard(): Heard }).heard());
  }

  /** Every file of the private file system, by path. */
  async files(): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = await this.page.evaluate(async () => {
      const files: [string, string][] = [];
      const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [name, entry] of folder.entries()) {
          if (entry.kind === "directory") await walk(entry as FileSystemDirectoryHandle, `${path}${name}/`);
          else {
            // A file may be replaced while it is read: then it is of no use now.
            const file = await (entry as FileSystemFileHandle).getFile().catch(() => undefined);
            const buffer = await file?.arrayBuffer().catch(() => undefined);
            if (buffer === undefined || name.endsWith(".crswap")) continue;
            let binary = "";
            const bytes = new Uint8Array(buffer);
            for (const byte of bytes) binary += String.fromCharCode(byte);
            files.push([`${path}${name}`, btoa(binary)]);
          }
        }
      };
      try {
        await walk(await navigator.storage.getDirectory(), "");
      } catch (error) {
        if ((error as Error).name === "NotFoundError") return undefined; // a folder went while it was read
        throw error;
      }
      return files;
    });
    if (found === undefined) return this.files();
    return new Map(found.map(([path, base64]) => [path, new Uint8Array(Buffer.from(base64, "base64"))]));
  }

  /** What is kept of the run as named tensors: of every file, those that are there now. */
  async tensors(): Promise<readonly StoredTensor[]> {
    return [...(await this.files())].flatMap(([path, bytes]) =>
      path.endsWith(".safetensors")
        ? [...decodeSafetensors(bytes, path).tensors].map(([name, { data }]) => ({
            file: path.slice(path.lastIndexOf("/") + 1),
            name,
            data,
          }))
        : [],
    );
  }

  /** Whether a file is there: cheaper than all of them. */
  has(name: string): Promise<boolean> {
    return this.page.evaluate(async (wanted) => {
      const home = await (await navigator.storage.getDirectory()).getDirectoryHandle("homebody");
      for await (const entry of home.values())
        if (entry.kind === "directory")
          for await (const file of (entry as FileSystemDirectoryHandle).keys())
            if (file === wanted) return true;
      return false;
    }, name);
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
