/// <reference path="../vite.d.ts" />
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { LineChart, type LineChartProps } from "./LineChart.tsx";

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

/** A chart in a place of its own; ends with the test. */
function chart(props: Partial<LineChartProps>) {
  const place = document.createElement("main");
  place.style.width = "500px";
  document.body.append(place);
  const root = createRoot(place);
  const words = { title: "t", xTitle: "body", yTitle: "y", empty: "nothing", testId: "chart" };
  const none = { x: [], lines: [] };
  flushSync(() => root.render(<LineChart {...words} {...none} {...props} />));
  onTestFinished(() => {
    root.unmount();
    place.remove();
  });
  return place;
}

const drawnNumbers = vi.spyOn(CanvasRenderingContext2D.prototype, "fillText");
/** Numbers that stand at the axes. */
const drawn = () =>
  drawnNumbers.mock.calls.map(([text]) => text).filter((text) => /^-?[\d.,e-]+$/.test(text));

test("one point stands at its own x, and its axis has that number alone", async () => {
  drawnNumbers.mockClear();
  const lines = [{ label: "es", colour: "--run", values: [4.6] }];
  const place = chart({ x: [0], lines });
  await expect.poll(() => place.querySelector("canvas") !== null).toBe(true);
  await expect.poll(drawn).toContain("0");
  expect(drawn().filter((text) => Number(text) > 5)).toEqual([]);
});

test("a line that was not measured last shows its figure, and where that was", async () => {
  const lines = [
    { label: "es", colour: "--run", values: [4, 3] },
    { label: "ja", colour: "--lamp", values: [5, null] },
  ];
  const place = chart({ x: [0, 1], lines });
  const readout = () => place.querySelector("[data-testid=readout]")!.textContent;
  expect(readout()).toBe("body 1 (latest)es 3ja 5(at 0)");
});

test("arrow keys read one x after another, where points share it too; what is not finite is no point", async () => {
  const lines = [
    { label: "es", colour: "--run", dots: true, values: [0.5, null, 0.7, Number.NaN] },
    { label: "ja", colour: "--lamp", dots: true, values: [null, 0.6, null, null] },
  ];
  const place = chart({ x: [1, 1, 2, 3], lines });
  const readout = () => place.querySelector("[data-testid=readout]")!;
  const press = (key: string) =>
    flushSync(() =>
      place
        .querySelector("[role=group]")!
        .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })),
    );
  press("ArrowRight");
  expect(readout().textContent).toBe("body 1es 0.5ja 0.6");
  expect(readout().getAttribute("aria-live")).toBe("polite");
  press("ArrowRight");
  press("ArrowRight");
  expect(readout().textContent).toBe("body 2es 0.7ja no value");
  press("Home");
  expect(readout().textContent).toContain("body 1");
  press("Escape");
  expect(readout().textContent).toContain("(latest)");
});

test("one value of a line among many x is seen", async () => {
  document.documentElement.style.setProperty("--alone", "#c80000");
  const x = Array.from({ length: 80 }, (_, i) => i);
  const lines = [
    { label: "es", colour: "--run", values: x },
    { label: "ja", colour: "--alone", values: x.map((i) => (i === 40 ? 10 : null)) },
  ];
  const place = chart({ x, lines });
  await expect.poll(() => place.querySelector("canvas") !== null).toBe(true);
  await expect.poll(() => painted(place.querySelector("canvas")!, [200, 0, 0])).toBeGreaterThan(9);
});
