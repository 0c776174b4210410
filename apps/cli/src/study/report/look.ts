// Colours and type of reports and plots: those of the pages (apps/web/src/style.css), light and dark by the system.

export const colours = `
:root { color-scheme: light dark;
  --paper: #faf7f2; --card: #fffefb; --sunk: #f1ece3; --ink: #1b2130; --muted: #575d6b; --line: #e3dccf; --edge: #857f70;
  --lamp: #855400; --run: #0b6661; --run-fill: #17877f; --run-soft: #def0ee; --bad: #a02c24; --bad-soft: #fbe7e3;
  --lamp-soft: #fdf0d6;
  --c0: #0072b2; --c1: #c65200; --c2: #007f5b; --c3: #ad4f8b; --c4: #8f6400; --c5: #3b86b9; --c6: #4b3aa5; --c7: #66666b; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12161d; --card: #1a202a; --sunk: #0d1016; --ink: #ece8e0; --muted: #a9afbb; --line: #2d3542; --edge: #76808f;
  --lamp: #f5c06a; --run: #62cdc4; --run-fill: #35a89f; --run-soft: #10302f; --bad: #f3a097; --bad-soft: #3c1d1a;
  --lamp-soft: #33290f;
  --c0: #56b4e9; --c1: #f0813d; --c2: #2cc79b; --c3: #e59cc6; --c4: #e5ab2e; --c5: #9dd1f2; --c6: #aca0f5; --c7: #c3c6cc; } }
`;

export const plotStyle = `
svg.plot { display: block; font: 13px/1.3 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
.plot text { fill: var(--ink); } .plot .quiet { fill: var(--muted); }
.plot .grid { stroke: var(--line); } .plot .axis { stroke: var(--edge); }
.plot .dept { --own: var(--run-fill); } .plot .baseline { --own: var(--c1); }
.plot .control { --own: var(--c6); } .plot .floor { --own: var(--edge); }
.plot .spread { stroke: var(--own); stroke-width: 2; opacity: 0.55; }
.plot .one { fill: var(--own); opacity: 0.35; } .plot .mean { fill: var(--own); }
.plot .curve { fill: none; stroke: var(--own); stroke-width: 2; }
${Array.from({ length: 8 }, (_, i) => `.plot .c${i} { --own: var(--c${i}); }`).join(" ")}
`;

/** Text as it stands in markup. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
