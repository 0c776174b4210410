// A report as one page that needs nothing else: no script, no font, no picture from elsewhere.

import { colours, escaped, plotStyle } from "./look.ts";
import { plotOf } from "./plot.ts";
import type { Block, Cell, DotPlot, Figure, Finding, LinePlot, Report, Table } from "./report.ts";

export function pageOf(report: Report): string {
  const { title, lead, findings, facts, sections } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${colours}${plotStyle}${pageStyle}</style>
</head>
<body>
<main>
<header>
<p class="brand">Homebody, a study</p>
<h1>${escaped(title)}</h1>
<p class="lead">${escaped(lead)}</p>
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>
</header>
<section>
<h2>What came out</h2>
<ul class="findings">${findings.map(findingOf).join("")}</ul>
</section>
${sections.map((section) => `<section>\n<h2>${escaped(section.title)}</h2>\n${section.blocks.map(blockOf).join("\n")}\n</section>`).join("\n")}
</main>
</body>
</html>
`;
}

const marks = { "as in the paper": "●", "not as in the paper": "○", undecided: "◐", note: "–" } as const;

function findingOf({ verdict, text }: Finding): string {
  const label = verdict === "note" ? "" : `<span class="verdict">${verdict}</span>`;
  const kind = verdict.replaceAll(" ", "-");
  return `<li class="${kind}"><span class="mark" aria-hidden="true">${marks[verdict]}</span><div>${label}<p>${escaped(text)}</p></div></li>`;
}

function blockOf(block: Block): string {
  switch (block.kind) {
    case "prose":
      return `<p>${escaped(block.text)}</p>`;
    case "terms":
      return `<dl class="terms">${block.terms.map(([term, meaning]) => `<div><dt>${escaped(term)}</dt><dd>${escaped(meaning)}</dd></div>`).join("")}</dl>`;
    case "table":
      return tableOf(block);
    case "figure":
      return figureOf(block);
    default:
      throw new Error(`block: expected a known kind, got ${JSON.stringify(block satisfies never)}`);
  }
}

function tableOf({ caption, head, rows }: Table): string {
  const cell = ({ text, detail, strong }: Cell, i: number) => {
    const value = strong === true ? `<strong>${escaped(text)}</strong>` : escaped(text);
    const inner = detail === undefined ? value : `${value}<small>${escaped(detail)}</small>`;
    return i === 0 ? `<th scope="row">${inner}</th>` : `<td>${inner}</td>`;
  };
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}
</tbody></table></div>`;
}

/** Laid out twice, for a page and for a telephone; the style shows one. */
function figureOf({ title, caption, plot }: Figure): string {
  const drawn = [880, 340].map(
    (width) => `<div class="${width > 500 ? "broad" : "slim"}">${plotOf(plot, width, title)}</div>`,
  );
  return `<figure>
<h3>${escaped(title)}</h3>
${plot.kind === "lines" ? keyOf(plot) : familiesOf(plot)}
${drawn.join("\n")}
<figcaption>${escaped(caption)}</figcaption>
</figure>`;
}

const keyOf = ({ series }: LinePlot): string =>
  `<ul class="key plot">${series.map(({ label, colour, dashed }) => `<li class="c${colour}"><span class="${dashed === true ? "dashes" : "stroke"}"></span>${escaped(label)}</li>`).join("")}</ul>`;

const familyNames = {
  dept: "DEPT",
  baseline: "ordinary training",
  control: "averaging without separate sources",
  floor: "no pre-training",
} as const;

function familiesOf({ rows, families = {} }: DotPlot): string {
  const all = [...new Set(rows.map(({ family }) => family))];
  if (all.length < 2) return "";
  const names = { ...familyNames, ...families };
  return `<ul class="key plot">${all.map((family) => `<li class="${family}"><span class="disc"></span>${escaped(names[family])}</li>`).join("")}</ul>`;
}

const pageStyle = `
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 0.75rem; text-wrap: balance; }
h2 { font-size: 1.35rem; margin: 3.25rem 0 0.75rem; } h3 { font-size: 1rem; margin: 0 0 0.5rem; }
p { margin: 0 0 1rem; max-width: 44rem; } .lead { font-size: 1.15rem; } .brand { color: var(--run); margin: 0 0 0.5rem; font-weight: 600; }
dl { margin: 0; } dd { margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin: 1.5rem 0 0; padding: 1rem 0; border-block: 1px solid var(--line); }
.facts dt { color: var(--muted); font-size: 0.875rem; } .facts dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.findings { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.75rem; }
.findings li { display: flex; gap: 0.75rem; padding: 0.9rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; }
.findings p { margin: 0; } .mark { font-size: 1.1rem; line-height: 1.4; width: 1.1rem; text-align: center; flex: none; }
.verdict { display: block; font-size: 0.875rem; font-weight: 600; color: var(--muted); }
.as-in-the-paper .mark, .as-in-the-paper .verdict { color: var(--run); }
.not-as-in-the-paper .mark, .not-as-in-the-paper .verdict { color: var(--bad); }
.undecided .mark, .undecided .verdict { color: var(--lamp); }
.terms { display: grid; gap: 0.75rem; } .terms div { display: grid; grid-template-columns: 12rem 1fr; gap: 1rem; }
.terms dt { font-weight: 600; } .terms dd { max-width: 40rem; }
.wide { overflow-x: auto; margin: 0 0 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0.9rem 1rem 0.6rem; color: var(--muted); }
th, td { padding: 0.35rem 0.6rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; white-space: normal; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); padding-left: 1rem; }
tbody th { font-weight: 500; } td strong { color: var(--run); } td small { display: block; color: var(--muted); font-size: 0.75rem; line-height: 1.2; }
figure { margin: 0 0 1.75rem; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; }
figcaption { color: var(--muted); font-size: 0.9rem; margin-top: 0.5rem; max-width: 44rem; }
figure svg { max-width: 100%; height: auto; }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0; margin: 0 0 0.75rem; font-size: 0.875rem; }
.key li { display: flex; align-items: center; gap: 0.4rem; }
.key .stroke, .key .dashes { width: 1.5rem; border-top: 3px solid var(--own); } .key .dashes { border-top-style: dashed; }
.key .disc { width: 0.7rem; height: 0.7rem; border-radius: 50%; background: var(--own); }
.slim { display: none; }
@media (max-width: 40rem) { h1 { font-size: 1.6rem; } .broad { display: none; } .slim { display: block; }
  .terms div { grid-template-columns: 1fr; gap: 0; } main { padding-top: 1.5rem; } figure { padding: 0.75rem; } }
@media print { body { background: none; } .findings li, figure, .wide { break-inside: avoid; } }
`;
