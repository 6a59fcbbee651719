// The table as a picture: a bar for each case on a logarithmic scale, and a mark where line and flash end.
import { figuresOf, type Row } from './report.js';

const LEFT = 300;
const SCALE = 420;
const RIGHT = 110;
const TOP = 44;
const PITCH = 26;
const BAR = 12;
const THIN = 4;
/** Ends of the scale [s] */
const FROM = 0.05;
const TO = 100;

/** Colours that can be read on white and on black, and one set for each where the reader's program says which */
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #57606a; }
.grid { stroke: #8b949e; stroke-opacity: .3; }
.ours { fill: #2f81f7; }
.against { fill: #8b949e; }
.stm32flash { fill: #db6d28; }
.failed { fill: #cf222e; }
.bound { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #c9d1d9; }
  .failed { fill: #ff7b72; }
  .bound { stroke: #f0f6fc; }
}`;

export function svgOf(rows: readonly Row[]): string {
  const height = TOP + rows.length * PITCH + 10;
  const bottom = height - 10;
  const ticks = [0.1, 1, 10, TO].map(
    (seconds) =>
      `<line class="grid" x1="${x(seconds)}" x2="${x(seconds)}" y1="${TOP - 6}" y2="${bottom}"/>` +
      `<text x="${x(seconds)}" y="${TOP - 12}" text-anchor="middle">${seconds} s</text>`,
  );
  const width = LEFT + SCALE + RIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>Seconds of the whole command, and the least that line and flash need</title>',
    `<style>${STYLE}\n</style>`,
    ...legend(rows),
    ...ticks,
    ...rows.map((row, i) => barsOf(row, TOP + i * PITCH)),
    '</svg>',
    '',
  ].join('\n');
}

function legend(rows: readonly Row[]): string[] {
  const figures = rows.map(figuresOf);
  const keys: [string, string][] = [['ours', 'iap']];
  if (figures.some(({ against }) => against !== null)) keys.push(['against', 'before']);
  if (figures.some(({ stm32flash }) => stm32flash !== null))
    keys.push(['stm32flash', 'stm32flash']);
  const boxes = keys.map(
    ([name, text], i) =>
      `<rect class="${name}" x="${10 + 90 * i}" y="8" width="10" height="10"/><text x="${24 + 90 * i}" y="17">${text}</text>`,
  );
  const at = 10 + 90 * keys.length;
  return [
    ...boxes,
    `<line class="bound" x1="${at + 4}" x2="${at + 4}" y1="7" y2="19"/><text x="${at + 12}" y="17">the least</text>`,
  ];
}

function barsOf(row: Row, y: number): string {
  const { what, seconds, bound, stm32flash, against } = figuresOf(row);
  const label = `<text x="${LEFT - 8}" y="${y + BAR - 1}" text-anchor="end">${escaped(what)}</text>`;
  const bar = (name: string, value: number, top: number, height: number): string =>
    `<rect class="${name}" x="${LEFT}" y="${top}" width="${round(x(value) - LEFT)}" height="${height}"/>`;
  const said =
    seconds === null
      ? `<text class="failed" x="${LEFT + 6}" y="${y + BAR - 1}">FAILED</text>`
      : bar('ours', seconds, y, BAR) +
        `<text x="${round(x(Math.max(seconds, bound.total, stm32flash ?? 0, against ?? 0)) + 6)}" y="${y + BAR - 1}">${seconds.toFixed(2)} s</text>`;
  const thin = [
    ...(against === null ? [] : [bar('against', against, y + BAR, THIN)]),
    ...(stm32flash === null ? [] : [bar('stm32flash', stm32flash, y + BAR + THIN, THIN)]),
  ];
  const least = x(bound.total);
  const mark =
    bound.total === 0
      ? ''
      : `<line class="bound" x1="${least}" x2="${least}" y1="${y - 3}" y2="${y + BAR + 3}"/>`;
  return [label, said, ...thin, mark].join('');
}

function x(seconds: number): number {
  const share = Math.log(Math.min(TO, Math.max(FROM, seconds)) / FROM) / Math.log(TO / FROM);
  return round(LEFT + SCALE * share);
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
