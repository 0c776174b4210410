// Chromium as benchmarks and tests drive it: Debian's, or the one that CHROMIUM_PATH names.

export const chromiumPath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

export const chromiumArgs: readonly string[] = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU on a graphics card that the processor plays. */
export const softwareAdapter = "--use-webgpu-adapter=swiftshader";
