// The benchmark: how long updates take, as a user waits for them, and how much of that line and flash need.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES, type Case, PART } from '../test/bench/cases.js';
import {
  type Figures,
  failureOf,
  jsonOf,
  type Row,
  type Run,
  textHead,
  textLine,
} from '../test/bench/report.js';
import { Bench } from '../test/bench/run.js';
import { svgOf } from '../test/bench/svg.js';

const HELP = `usage: npm run bench -- [--only ROW]... [--runs N] [--json] [--svg FILE] [--against CHECKOUT]

  --only ROW          this row alone; may be given again
  --runs N            how often each is run, for the median; 5 if missing
  --json              JSON instead of text
  --svg FILE          a picture too
  --against CHECKOUT  another checkout of this repository, built, measured beside this one

rows:
${Object.entries(CASES)
  .map(([name, { what }]) => `  ${name.padEnd(20)}${what}`)
  .join('\n')}
`;

function wrong(what: string): never {
  process.stderr.write(`bench: ${what}\n${HELP}`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: Object.keys(CASES) },
        runs: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
        svg: { type: 'string' },
        against: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

const { only, runs, json, svg, against, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const unknown = only.find((name) => !Object.hasOwn(CASES, name));
if (unknown !== undefined) wrong(`there is no row ${unknown}`);
if (!/^[1-9]\d{0,2}$/.test(runs)) wrong(`--runs takes a number from 1 on, got ${runs}`);
if (against !== undefined && !existsSync(join(against, 'build', PART, 'bootloader.bin'))) {
  wrong(`${against} is no checkout that was built: "scripts/build host virtual-board ${PART}"`);
}

/** The same row by another checkout's command, bootloader and board, with the firmware of this one */
function runsOf(checkout: string, name: string): readonly Run[] {
  const program = fileURLToPath(import.meta.url);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--only', name, '--runs', '1', '--json'],
    {
      cwd: checkout,
      env: { ...process.env, IAP_BENCH_IMAGES: process.cwd() },
      encoding: 'utf8',
    },
  );
  if (!stdout) throw new Error(`${checkout}: ${stderr}`);
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly Figures[] };
  return rows.flatMap((row) => row.runs);
}

/** Another checkout's runs between ours, so that both have the same computer */
async function measure(bench: Bench, name: string, one: Case): Promise<Row> {
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let i = 0; i < Number(runs); i++) {
    ours.push(await bench.run(one));
    if (against !== undefined) theirs.push(...runsOf(resolve(against), name));
  }
  const peer = one.kind === 'factory' ? await bench.stm32flash(one) : undefined;
  return {
    name,
    what: one.what,
    runs: ours,
    bound: bench.bound(one),
    ...(peer === undefined ? {} : { stm32flash: peer }),
    ...(against === undefined ? {} : { against: theirs }),
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const bench = new Bench();
const rows: Row[] = [];
if (!json) process.stdout.write(`${textHead()}\n`);
for (const [name, one] of Object.entries(CASES)) {
  if (!only.includes(name)) continue;
  const row = await measure(bench, name, one);
  rows.push(row);
  if (!json) process.stdout.write(`${textLine(row)}\n`);
}
if (json) process.stdout.write(`${jsonOf(rows)}\n`);
if (svg !== undefined) writeFileSync(svg, svgOf(rows));
bench.remove();
process.exitCode = rows.some((row) => failureOf(row) !== undefined) ? 1 : 0;
