// The command line: makes the mutants, builds them, judges them, reports.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { EQUIVALENTS, type Equivalent } from './equivalents.js';
import { type Mutant, schemata } from './schemata.js';
import { parse } from './source.js';

const USAGE = `test/mutants/engine.mjs [--sample N --seed S] [--file NAME] [--fast] [--list]
  --sample N     so many mutants, chosen by --seed S (1)
  --file NAME    only those of one file, for example iap_page.c
  --number N     only one, by its number in the report
  --fast         without tests that take longer than 100 ms
  --list         only list them`;
const FAST_MS = 100;

interface Verdict {
  readonly verdict: 'killed' | 'survived' | 'unreached';
  /** The test that noticed */
  readonly by: string;
}

function writeIfNew(path: string, text: string): void {
  // Only what differs is written, or everything would be built again.
  if (!existsSync(path) || readFileSync(path, 'latin1') !== text) writeFileSync(path, text, 'latin1');
}

/** Names of the C tests, by program */
function testsOf(folder: string): string {
  const programs = readdirSync(folder).filter((name) => /^test_.*\.c$/.test(name));
  const names = programs.map((program) => basename(program, '.c'));
  const rows = programs.flatMap((program, i) => {
    const text = readFileSync(join(folder, program), 'utf8');
    return [...text.matchAll(/\bRUN\((\w+)\)/g)].map(([, test]) => `    {"${test}", ${names[i]}},`);
  });
  const declarations = names.map((name) => `int ${name}(void);`);
  return [...declarations, 'static const struct test tests[] = {', ...rows, '};', ''].join('\n');
}

class Engine {
  readonly #root: string;
  readonly #build: string;
  readonly mutants: readonly Mutant[];

  constructor(root: string) {
    this.#root = root;
    this.#build = join(root, 'build', 'mutants', 'engine');
    const folder = join(this.#build, 'schemata');
    const core = join(root, 'bootloader-c', 'core');
    const bearssl = join(root, 'build', 'vendor', 'bearssl-0.6');
    const includes = [core, join(bearssl, 'inc'), join(bearssl, 'src')];
    mkdirSync(folder, { recursive: true });
    const files = readdirSync(core).filter((name) => name.endsWith('.c'));
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.c') && !files.includes(name)) rmSync(join(folder, name));
    }
    const all: Mutant[] = [];
    for (const file of files) {
      const { text, mutants } = schemata(file, parse(join(core, file), includes), all.length);
      writeIfNew(join(folder, file), text);
      all.push(...mutants);
    }
    const tests = testsOf(join(root, 'test', 'bootloader'));
    const count = `#define MUTANT_COUNT ${all.length}\n`;
    writeIfNew(join(folder, 'tests.generated.h'), count + tests);
    this.mutants = all;
  }

  async build(): Promise<void> {
    const source = join(this.#root, 'test', 'mutants', 'engine');
    await promisify(execFile)('cmake', ['-S', source, '-B', this.#build, '-G', 'Ninja']);
    await promisify(execFile)('ninja', ['-C', this.#build, 'judge'], { maxBuffer: 1 << 26 });
  }

  /** Verdicts by number */
  async judge(mutants: readonly Mutant[], limitMs: number): Promise<Map<number, Verdict>> {
    const args = [String(availableParallelism()), String(limitMs)];
    const child = spawn(join(this.#build, 'judge'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(mutants.map(({ number }) => number).join('\n'));
    let text = '';
    for await (const bytes of child.stdout) text += String(bytes);
    const verdicts = new Map<number, Verdict>();
    for (const [, number, verdict, by = ''] of text.matchAll(/^(\d+) (killed|survived|unreached) (\S+)$/gm))
      verdicts.set(Number(number), { verdict: verdict as Verdict['verdict'], by });
    if (verdicts.size !== mutants.length) throw new Error(text.slice(-2000));
    return verdicts;
  }
}

function sampled(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const rest = [...mutants];
  let state = seed >>> 0 || 1;
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return rest.splice(state % rest.length, 1)[0] as Mutant;
  });
}

const fits =
  (mutant: Mutant) =>
  ({ file, function: name, from, to }: Equivalent): boolean =>
    file === mutant.file && name === mutant.function && from === mutant.from && to === mutant.to;

/** Runs the command line; returns the exit code. */
export async function main(args: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      file: { type: 'string' },
      number: { type: 'string' },
      fast: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const engine = new Engine(root);
  let chosen = engine.mutants.filter(
    ({ file, number }) =>
      (values.file === undefined || file === values.file) &&
      (values.number === undefined || number === Number(values.number)),
  );
  if (values.sample !== undefined) chosen = sampled(chosen, Number(values.sample), Number(values.seed));
  if (chosen.length === 0) {
    console.error(USAGE);
    return 2;
  }
  if (values.list) {
    for (const { number, file, line, operator, from, to } of chosen)
      console.log(`${number} ${file}:${line} ${operator}: ${from} → ${to}`);
    return 0;
  }
  const startedAt = Date.now();
  await engine.build();
  const builtAt = Date.now();
  const verdicts = await engine.judge(chosen, values.fast ? FAST_MS : 0);
  const judgedAt = Date.now();
  const argued = chosen.filter((mutant) => EQUIVALENTS.some(fits(mutant)));
  const killed = chosen.filter(({ number }) => verdicts.get(number)?.verdict === 'killed');
  const left = chosen.filter((mutant) => !killed.includes(mutant) && !argued.includes(mutant));
  for (const { number, file, line, function: name, operator, from, to } of left)
    console.log(
      `${verdicts.get(number)?.verdict} ${number} bootloader-c/core/${file}:${line} ${name} ${operator}: ${from} → ${to}`,
    );
  console.log(
    `${killed.length} of ${chosen.length - argued.filter((m) => !killed.includes(m)).length} killed; built in ${(builtAt - startedAt) / 1000} s, judged in ${(judgedAt - builtAt) / 1000} s`,
  );
  writeFileSync(
    join(root, 'build', 'mutants', 'engine.json'),
    JSON.stringify(chosen.map((m) => ({ ...m, ...verdicts.get(m.number) })), null, 1),
  );
  return left.length === 0 ? 0 : 1;
}
void execFileSync;
