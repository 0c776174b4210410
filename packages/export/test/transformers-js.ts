// transformers.js in a web page, as anybody's page would have it: without a bundler, and with nothing but this server to load from.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { chromiumArgs, chromiumPath } from "../../../apps/cli/src/chromium.ts";
import { consumersFolder } from "../../../test/consumers.ts";
import type { ModelFiles } from "../src/index.ts";

/** What is used of the package, in the page. */
export interface InPage {
  readonly transformers: {
    readonly AutoModelForCausalLM: { from_pretrained(name: string): Promise<PageModel> };
    readonly AutoTokenizer: { from_pretrained(name: string): Promise<PageTokenizer> };
    readonly Tensor: new (type: "int64", values: BigInt64Array, shape: readonly number[]) => object;
    readonly TextStreamer: new (tokenizer: PageTokenizer, options: StreamerOptions) => object;
    pipeline(task: "text-generation", name: string): Promise<PagePipeline>;
  };
}
interface PageModel {
  (inputs: object): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
  dispose(): Promise<void>;
}
interface PageTokenizer {
  encode(text: string): number[];
}
interface StreamerOptions {
  readonly skip_prompt: boolean;
  callback_function(text: string): void;
  token_callback_function(tokens: readonly bigint[]): void;
}
interface PagePipeline {
  (text: string, options: object): Promise<unknown>;
  readonly tokenizer: PageTokenizer;
  dispose(): Promise<void>;
}

const html = `<!doctype html><title>A page</title>
<script type="importmap">{ "imports": {
  "@huggingface/transformers": "/packages/@huggingface/transformers/dist/transformers.web.js",
  "onnxruntime-web/webgpu": "/packages/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs",
  "onnxruntime-common": "/packages/onnxruntime-common/dist/esm/index.js"
} }</script>
<script type="module">
  import * as transformers from "@huggingface/transformers";
  const { env } = transformers;
  env.allowLocalModels = true;
  env.allowRemoteModels = false;
  env.localModelPath = "/models";
  env.useBrowserCache = false;
  env.backends.onnx.wasm.wasmPaths = location.origin + "/packages/onnxruntime-web/dist/";
  globalThis.transformers = transformers;
</script>`;

const types: Readonly<Record<string, string>> = {
  "": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

export interface OpenPage {
  readonly page: Page;
  close(): Promise<void>;
}

/** `models`: by the name that the page asks for. */
export async function openPage(models: ReadonlyMap<string, ModelFiles>): Promise<OpenPage> {
  const server = await serve(async (path) => {
    const [, first, ...rest] = path.split("/");
    if (first === "packages") return await readFile(join(consumersFolder, ...rest));
    return first === "models" ? models.get(rest[0]!)?.get(rest.slice(1).join("/")) : Buffer.from(html);
  });
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    server.close();
  };
  try {
    browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArgs] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.transformers");
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function serve(answer: (path: string) => Promise<Uint8Array | undefined>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url!);
    const body = await answer(path).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": types[extname(path)] ?? "application/octet-stream",
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
