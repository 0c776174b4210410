// Which design of the kernels suits an adapter: software adapters hate workgroup memory and barriers, graphics cards
// live on them. First by the adapter's nature; better by a short measurement (tune.ts).

import type { DesignName } from "./wgsl.ts";

/** Of matrix products: what an invocation and a workgroup own of C. */
export interface Tiling {
  /** Blocks of A and B in workgroup memory; otherwise everybody reads storage. */
  readonly shared: boolean;
  /** Of C, in the registers of an invocation. */
  readonly rows: 4 | 8;
  readonly columns: 4 | 8;
  /** Invocations along a side of a workgroup. */
  readonly side: 4 | 8 | 16;
  /** Of A and B that a workgroup shares at a time, along K. */
  readonly depth: 8 | 16 | 32;
}

export interface Design {
  /** Of kernels that go row by row, and of attention. */
  readonly rows: DesignName;
  readonly matmul: Tiling;
  /** Workgroups of a product below which smaller blocks keep more of a graphics card busy. */
  readonly fewBlocks: number;
}

export const tilings = {
  "storage 8x8": { shared: false, rows: 8, columns: 8, side: 4, depth: 8 },
  "storage 4x8": { shared: false, rows: 4, columns: 8, side: 4, depth: 8 },
  "storage 4x4": { shared: false, rows: 4, columns: 4, side: 8, depth: 8 },
  "shared 32x32": { shared: true, rows: 4, columns: 4, side: 8, depth: 16 },
  "shared 64x64": { shared: true, rows: 4, columns: 4, side: 16, depth: 16 },
  "shared 64x64 by 8": { shared: true, rows: 8, columns: 8, side: 8, depth: 16 },
  "shared 128x128": { shared: true, rows: 8, columns: 8, side: 16, depth: 16 },
} as const satisfies Readonly<Record<string, Tiling>>;

export type TilingName = keyof typeof tilings;

export const designs: Readonly<Record<DesignName, Design>> = {
  software: { rows: "software", matmul: tilings["storage 8x8"], fewBlocks: 0 },
  hardware: { rows: "hardware", matmul: tilings["shared 64x64"], fewBlocks: 128 },
};

const chosen = new WeakMap<GPUDevice, Design>();

/** Takes effect for all that is prepared on the device afterwards. */
export function chooseDesign(device: GPUDevice, design: Design): void {
  chosen.set(device, design);
}

export function designFor(device: GPUDevice): Design {
  return chosen.get(device) ?? designs[natureOf(device)];
}

export function natureOf({ adapterInfo }: GPUDevice): DesignName {
  const software =
    adapterInfo.isFallbackAdapter ||
    /swiftshader|llvmpipe/i.test(
      `${adapterInfo.architecture} ${adapterInfo.device} ${adapterInfo.description}`,
    );
  return software ? "software" : "hardware";
}
