// The command line: chooses mutants, shows that each is caught, says how. What catches them is a suite's business.
import { parseArgs } from 'node:util';
import { BOOTLOADER_MUTANTS } from './bootloader/index.js';
import { HOST_MUTANTS } from './host/index.js';
import type { Mutant } from './mutant.js';
import { BootloaderSuite } from './run-bootloader.js';
import { HostSuite } from './run-host.js';
import { sampled } from './sample.js';
import type { Suite } from './suite.js';

const USAGE = `test/mutants/run.mjs [--host] [--sample N --seed S] [--only ID] [--catcher PREFIX] [--list]
  --host         broken hosts instead of broken bootloaders
  --sample N     so many mutants, chosen by --seed S (1)
  --only ID      one mutant, by its id
  --catcher P    those whose catcher begins so, for example conformance:
  --requirement P  those that violate a requirement that begins so, for example S-
  --list         only list them`;

/** Runs the command line; returns the exit code. */
export async function main(args: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: 'boolean', default: false },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      catcher: { type: 'string' },
      requirement: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const all = values.host ? HOST_MUTANTS : BOOTLOADER_MUTANTS;
  let chosen = all.filter(
    ({ id, caughtBy, requirements }) =>
      (values.only === undefined || id === values.only) &&
      caughtBy.startsWith(values.catcher ?? '') &&
      requirements.some((number) => number.startsWith(values.requirement)),
  );
  if (values.sample !== undefined)
    chosen = sampled(chosen, Number(values.sample), Number(values.seed));
  if (values.list) {
    for (const { id, requirements, caughtBy } of chosen) {
      console.log(`${requirements.join(' ').padEnd(10)} ${caughtBy.padEnd(52)} ${id}`);
    }
    return 0;
  }
  if (chosen.length === 0) {
    console.error(USAGE);
    return 2;
  }
  return report(values.host ? new HostSuite(root) : new BootloaderSuite(root), chosen);
}

async function report(suite: Suite, chosen: readonly Mutant[]): Promise<number> {
  const startedAt = Date.now();
  const problems = await suite.unbroken(chosen);
  let caughtCount = 0;
  for (const mutant of chosen) {
    const since = Date.now();
    try {
      const { caught, how } = await suite.judge(mutant);
      caughtCount += caught ? 1 : 0;
      const verdict = caught ? 'caught ' : 'MISSED ';
      const seconds = ((Date.now() - since) / 1000).toFixed(1).padStart(5);
      console.log(
        `${verdict} ${seconds} s  ${mutant.requirements.join(' ').padEnd(9)} ${mutant.caughtBy.padEnd(50)} ${mutant.id}\n${' '.repeat(18)}${how}`,
      );
      if (!caught) problems.push(`${mutant.caughtBy} does not notice: ${mutant.id}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      problems.push(`${mutant.id}: ${text.slice(0, 2000)}`);
      console.log(`BROKEN           ${mutant.id}`);
    }
  }
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  console.log(`${caughtCount} of ${chosen.length} mutants caught in ${seconds} s`);
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}
