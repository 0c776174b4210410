import { afterEach, expect, test, vi } from "vitest";
import { wasmArithmetic } from "./wasm/arithmetic.ts";

afterEach(() => vi.unstubAllGlobals());

test("[W22] without SIMD, or where compiling is refused, the plain arithmetic computes", async () => {
  expect(wasmArithmetic()).not.toBeNull();
  const { CompileError, Memory } = WebAssembly;
  vi.stubGlobal("WebAssembly", { validate: () => false });
  expect(wasmArithmetic()).toBeNull();
  class Module {
    constructor() {
      throw new CompileError("blocked by the page's policy");
    }
  }
  vi.stubGlobal("WebAssembly", { validate: () => true, Memory, Module, CompileError });
  expect(wasmArithmetic()).toBeNull();
  const { fastest } = await import("./fastest.ts");
  const { plain } = await import("./plain/arithmetic.ts");
  expect(fastest()).toBe(plain);
});
