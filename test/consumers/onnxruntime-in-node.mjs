// Lets transformers.js run in Node with what scripts/ensure.mjs installs: `node --import` of this file. There onnxruntime is the
// package for web pages, whose WebAssembly runs in Node too, and no program for images is there, which no text needs.

import Module, { createRequire, register } from "node:module";

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...more) =>
  resolve(name === "onnxruntime-node" ? "onnxruntime-web" : name, ...more);

// transformers.js would have the WebAssembly come from the network.
const { env } = createRequire(import.meta.url)("onnxruntime-web");
Object.defineProperty(env.wasm, "wasmPaths", { get: () => undefined, set: () => {} });

const hooks = `export async function resolve(name, context, next) {
  if (name !== "sharp") return await next(name, context);
  return { url: "data:text/javascript,export default () => {}", shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
