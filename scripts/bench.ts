// The benchmark: how long updates take, and how much of that line and flash need.
import { parseArgs } from 'node:util';
import { boundOf } from '../test/bench/bound.js';
import { CASES } from '../test/bench/cases.js';
import { textLine } from '../test/bench/report.js';
import { Bench } from '../test/bench/run.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
  },
});
const bench = new Bench();
for (const [name, one] of Object.entries(CASES)) {
  if (values.only && !values.only.includes(name)) continue;
  const runs = [];
  for (let i = 0; i < Number(values.runs); i++) runs.push(await bench.run(one));
  const from = one.from && bench.program(one.from).bytes;
  const bound = boundOf({ from, to: bench.program(one.to).bytes, baud: one.baud });
  process.stdout.write(`${textLine({ name, what: one.what, runs, bound })}\n`);
  for (const { failure } of runs) if (failure) process.stderr.write(`  ${failure}\n`);
}
bench.remove();
