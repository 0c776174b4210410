// The globals of every host that a pure package may use (lib has no DOM here).
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
declare function atob(base64: string): string;
/** Computes, and reaches for nothing: as pure as what calls it. */
declare namespace WebAssembly {
  class Memory {
    constructor(size: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(code: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: { readonly [space: string]: object });
    readonly exports: object;
  }
  class CompileError extends Error {}
  function validate(code: Uint8Array): boolean;
}
