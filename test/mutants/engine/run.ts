// The command line: chooses mutants, has them judged, reports those that nobody noticed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sampled } from '../sample.js';
import { Engine, type Verdict } from './engine.js';
import { EQUIVALENTS } from './equivalents.js';
import type { Mutant } from './schemata.js';

const USAGE = `test/mutants/engine.mjs [--file NAME] [--sample N --seed S] [--list]
  --file NAME    mutants of one file of bootloader-c/core
  --sample N     so many, chosen by --seed S (1), without those that are argued to be equivalent
  --list         only list them
Writes build/mutants/engine.json.`;

interface Judged extends Mutant, Verdict {
  /** Why nobody can notice; undefined for others */
  readonly why: string | undefined;
}

/** What is argued of one mutant; undefined: nothing */
function argumentFor({ file, function: name, ...mutant }: Mutant): string | undefined {
  return EQUIVALENTS.find(
    (one) => one.file === file && one.function === name && one.changes.includes(changeOf(mutant)),
  )?.why;
}

function changeOf({ from, to }: Pick<Mutant, 'from' | 'to'>): string {
  return `${from} → ${to}`.trimEnd();
}

function keyOf({ file, function: name, ...mutant }: Mutant): string {
  return [file, name, changeOf(mutant)].join(' ');
}

function describe({ file, line, function: name, ...mutant }: Mutant): string {
  return `bootloader-c/core/${file}:${line} ${name}: ${changeOf(mutant)}`;
}

/** Those that the quick judge and no argument settles go to the strict one. */
async function judgeAll(engine: Engine, mutants: readonly Mutant[]): Promise<Judged[]> {
  const quick = await engine.judge('quick', mutants);
  const open = mutants.filter(
    (mutant) => quick.get(mutant.number)?.verdict !== 'killed' && argumentFor(mutant) === undefined,
  );
  const strict = open.length > 0 ? await engine.judge('strict', open) : quick;
  return mutants.map((mutant) => {
    const verdict = strict.get(mutant.number) ?? quick.get(mutant.number);
    if (!verdict) throw new Error(`nobody judged ${describe(mutant)}`);
    return { ...mutant, ...verdict, why: argumentFor(mutant) };
  });
}

function problems(engine: Engine, judged: readonly Judged[]): string[] {
  const known = engine.mutants.map(keyOf);
  const survivors = judged.filter(({ verdict }) => verdict !== 'killed').map(keyOf);
  const stale = EQUIVALENTS.flatMap(({ file, function: name, changes }) =>
    changes.map((change) => [file, name, change].join(' ')),
  ).filter((text) => !known.includes(text));
  return [
    ...judged
      .filter(({ verdict, why }) => verdict !== 'killed' && why === undefined)
      .map((mutant) => `${mutant.verdict}: ${describe(mutant)}`),
    // The same text may be in a function twice, and matter once.
    ...judged
      .filter(({ verdict, why }) => verdict === 'killed' && why !== undefined)
      .filter((mutant) => !survivors.includes(keyOf(mutant)))
      .map((mutant) => `argued, but ${mutant.by} notices: ${describe(mutant)}`),
    ...stale.map((text) => `argued, but there is no such mutant: ${text}`),
  ];
}

/** Runs the command line; returns the exit code. */
export async function main(args: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string' },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const startedAt = Date.now();
  const engine = new Engine(root);
  let chosen = engine.mutants.filter(
    ({ file }) => values.file === undefined || file === values.file,
  );
  if (values.sample !== undefined) {
    // In this order: another argument leaves the others of a sample as they are.
    const some = sampled(chosen, Number(values.sample), Number(values.seed));
    chosen = some.filter((mutant) => argumentFor(mutant) === undefined);
  }
  if (chosen.length === 0) {
    console.error(USAGE);
    return 2;
  }
  if (values.list) {
    for (const mutant of chosen) console.log(describe(mutant));
    return 0;
  }
  const judged = await judgeAll(engine, chosen);
  writeFileSync(
    join(root, 'build', 'mutants', 'engine.json'),
    `${JSON.stringify(judged, null, 1)}\n`,
  );
  const killed = judged.filter(({ verdict }) => verdict === 'killed').length;
  const argued = judged.filter(({ verdict, why }) => verdict !== 'killed' && why !== undefined);
  const found = problems(engine, judged);
  for (const problem of found) console.error(problem);
  const rest = judged.length - argued.length;
  const share = ((100 * killed) / rest).toFixed(1);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `${killed} of ${rest} mutants noticed, ${share} %; ${argued.length} more are argued to be equivalent; ${seconds} s`,
  );
  return found.length === 0 ? 0 : 1;
}
