// A comparison as a picture: a panel for each number, a bar for each scheduler, and a line from the lowest to the
// highest seed. d3-scale finds the axes; it is loaded only when somebody wants a picture.

import { visibleLine } from "../core/visible.js";
import type { ComparedRuns, Comparison, Spread } from "../workload/compare.js";
import { formatCount, formatTime, plural } from "./units.js";

interface Panel {
  readonly title: string;
  /** The axis goes so far at least, so that next to nothing looks like it. */
  readonly least?: number;
  readonly format: (value: number) => string;
  readonly value: (run: ComparedRuns) => Spread | null;
}

const WIDTH = 420;
const LABEL = 90;
const VALUE = 80;
const BAR = 14;
const GAP = 6;
const HEAD = 24;
const FOOT = 26;
const COLUMNS = 2;
const TITLE = 40;
const TICKS = 4;
const COLOURS = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#9c6b4e"];

const PERCENT = 0.01;
const percent = (part: number) => `${(part * 100).toFixed(part !== 0 && part < PERCENT ? 2 : 1)}%`;

const PANELS: readonly Panel[] = [
  {
    title: "fairness (Jain)",
    least: 1,
    format: (v) => v.toFixed(3),
    value: (run) => run.fairness,
  },
  { title: "latency p50", format: formatTime, value: (run) => run.latencyP50Ns },
  { title: "latency p99, worst thread", format: formatTime, value: (run) => run.latencyP99Ns },
  { title: "latency max", format: formatTime, value: (run) => run.latencyMaxNs },
  { title: "switches", format: formatCount, value: (run) => run.switches },
  { title: "migrations", format: formatCount, value: (run) => run.migrations },
  {
    title: "idle, work waiting",
    least: PERCENT,
    format: percent,
    value: (run) => run.idleWhileRunnable,
  },
  { title: "idle", least: PERCENT, format: percent, value: (run) => run.idle },
  { title: "deadline misses", format: formatCount, value: (run) => run.deadlineMisses },
];

/** Draws a comparison as SVG. */
export async function drawComparison(comparison: Comparison): Promise<string> {
  const { scaleLinear } = await import("d3-scale");
  const { file, cpuCount, seeds, runs } = comparison;
  const panels = [...PANELS, ...taskPanels(runs)].filter(({ value }) =>
    runs.some((run) => value(run) !== null),
  );
  const height = HEAD + runs.length * (BAR + GAP) + FOOT;
  const rows = Math.ceil(panels.length / COLUMNS);
  const size = { width: WIDTH * COLUMNS, height: TITLE + rows * height };
  const drawn = panels.map((panel, i) => {
    const most = Math.max(panel.least ?? 0, ...runs.map((run) => panel.value(run)?.max ?? 0));
    const scale = scaleLinear([0, most || 1], [LABEL, WIDTH - VALUE]).nice(TICKS);
    const at = `${(i % COLUMNS) * WIDTH},${TITLE + Math.floor(i / COLUMNS) * height}`;
    const labels = scale.ticks(TICKS).map((tick) => [tick, panel.format(tick)] as const);
    const axis = labels
      .filter(([, label], i) => label !== labels[i - 1]?.[1]) // no number is told twice, such as part of a switch
      .map(([tick, label]) => tickMark(scale(tick), label, height));
    const bars = runs.flatMap((run, row) => bar(run, panel, row, scale));
    return `<g transform="translate(${at})">${text(LABEL, 16, panel.title, 'font-weight="bold"')}${axis.join("")}${bars.join("")}</g>`;
  });
  const title = `${file} on ${plural(cpuCount, "CPU")}, ${plural(seeds, "seed")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(12, 24, title, 'font-size="15"'),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

/** Each task's share of a CPU. */
function taskPanels(runs: readonly ComparedRuns[]): Panel[] {
  const names = [...new Set(runs.flatMap(({ tasks }) => tasks.map(({ task }) => task)))];
  return names.map((name) => ({
    title: `CPU of a thread of ${name}`,
    least: PERCENT,
    format: percent,
    value: (run) => run.tasks.find(({ task }) => task === name)?.share ?? null,
  }));
}

function bar(
  run: ComparedRuns,
  { value, format }: Panel,
  row: number,
  scale: (value: number) => number,
): string[] {
  const y = HEAD + row * (BAR + GAP);
  const middle = y + BAR / 2;
  const label = text(LABEL - 6, middle + 4, run.scheduler, 'text-anchor="end"');
  const spread = value(run);
  if (spread === null) return [label, text(LABEL + 4, middle + 4, "-")];
  const [from, to, low, high] = [0, spread.mean, spread.min, spread.max].map(scale) as [
    number,
    number,
    number,
    number,
  ];
  const colour = COLOURS[row % COLOURS.length];
  return [
    label,
    `<rect x="${from}" y="${y}" width="${round(to - from)}" height="${BAR}" fill="${colour}"/>`,
    low === high
      ? ""
      : `<path d="M${round(low)} ${middle}H${round(high)}" stroke="black" fill="none"/>`,
    text(round(Math.max(to, high)) + 5, middle + 4, format(spread.mean)),
  ];
}

function tickMark(x: number, label: string, height: number): string {
  const foot = height - FOOT;
  return `<path d="M${round(x)} ${HEAD - 2}V${foot}" stroke="#ddd"/>${text(round(x), foot + 12, label, 'text-anchor="middle" fill="#777" font-size="9"')}`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const safe = visibleLine(content)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return `<text x="${x}" y="${y}" ${attributes}>${safe}</text>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
