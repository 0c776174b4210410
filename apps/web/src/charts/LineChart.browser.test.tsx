/// <reference path="../vite.d.ts" />
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { expect, test } from "vitest";
import { LineChart } from "./LineChart.tsx";

/** How many of the canvas's pixels have this colour. */
function painted(canvas: HTMLCanvasElement, [r, g, b]: readonly [number, number, number]): number {
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) found += 1;
  return found;
}

test("every point is drawn, those too that share the first or the last x with others", async () => {
  const colours = [
    [200, 0, 0],
    [0, 160, 0],
    [0, 0, 200],
    [160, 0, 160],
    [0, 120, 120],
    [120, 120, 0],
  ] as const;
  const place = document.createElement("main");
  place.style.width = "500px";
  document.body.append(place);
  const lines = colours.map((rgb, i) => {
    const hex = rgb.map((part) => part.toString(16).padStart(2, "0")).join("");
    document.documentElement.style.setProperty(`--point-${i}`, `#${hex}`);
    const values = colours.map((_, j) => (i === j ? i : null));
    return { label: `${i}`, colour: `--point-${i}`, dots: true, values };
  });
  const root = createRoot(place);
  flushSync(() =>
    root.render(
      <LineChart
        title="t"
        xTitle="x"
        yTitle="y"
        x={[1, 1, 1, 2, 2, 2]}
        lines={lines}
        empty="nothing"
        testId="chart"
      />,
    ),
  );
  const seen = () => colours.map((rgb) => painted(place.querySelector("canvas")!, rgb) > 9);
  await expect.poll(() => place.querySelector("canvas") !== null).toBe(true);
  await expect.poll(seen).toEqual(colours.map(() => true));
  root.unmount();
  place.remove();
});
