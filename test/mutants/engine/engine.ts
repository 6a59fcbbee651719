// The core with its mutants in it: written, built, and judged by the core's C tests.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Mutant, schemata } from './schemata.js';
import { parse } from './source.js';

const run = promisify(execFile);
const OUTPUT_BYTES = 1 << 26;
/** Tests that take longer are for those that all others miss [ms]. */
const QUICK_MS = 3000;

export interface Verdict {
  readonly verdict: 'killed' | 'survived' | 'unreached';
  /** The test that noticed; "-" if none did */
  readonly by: string;
}

/** quick: most tests. strict: all of them, and no byte beside an array is read or written. */
export type Judge = 'quick' | 'strict';

/** Only what differs is written, or everything would be built again. */
function write(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'latin1') !== text)
    writeFileSync(path, text, 'latin1');
}

/** The core with one of the two ways to trust an image, and the C tests of devices that have it */
interface Variant {
  /** Folder of its table of tests, and suffix of its judges */
  readonly name: string;
  readonly tests: RegExp;
  /** The file of the other way, which is not in it */
  readonly without: string;
}

const VARIANTS: readonly Variant[] = [
  { name: 'unsigned', tests: /^test_(?!signed_).*\.c$/, without: 'iap_trust_keys.c' },
  { name: 'signed', tests: /^test_signed_.*\.c$/, without: 'iap_trust_none.c' },
];

/** The C tests, each by its program's function and its name, as judge.c wants them */
function testTable(folder: string, tests: RegExp): string {
  const programs = readdirSync(folder).filter((name) => tests.test(name));
  const rows = programs.flatMap((program) => {
    const text = readFileSync(join(folder, program), 'utf8');
    const names = [...text.matchAll(/\bRUN\((\w+)\);/g)];
    return names.map(([, name]) => `    {"${name}", ${basename(program, '.c')}},`);
  });
  return [
    ...programs.map((program) => `int ${basename(program, '.c')}(void);`),
    'static const struct test tests[] = {',
    ...rows,
    '};\n',
  ].join('\n');
}

export class Engine {
  readonly #root: string;
  readonly #build: string;
  readonly mutants: readonly Mutant[];

  /** Writes the sources with all mutants in them. */
  constructor(root: string) {
    this.#root = root;
    this.#build = join(root, 'build', 'mutants', 'engine');
    const core = join(root, 'bootloader-c', 'core');
    const generated = join(root, 'bootloader-c', 'generated');
    const vendor = join(root, 'build', 'vendor');
    const bearssl = join(vendor, 'bearssl-0.6');
    const p256m = [join(root, 'bootloader-c', 'p256-m'), join(vendor, 'p256-m')];
    const includes = [core, generated, join(bearssl, 'inc'), join(bearssl, 'src'), ...p256m];
    const folder = join(this.#build, 'schemata');
    mkdirSync(folder, { recursive: true });
    const files = readdirSync(core).filter((name) => /\.[ch]$/.test(name));
    for (const name of readdirSync(folder)) if (!files.includes(name)) rmSync(join(folder, name));
    const all: Mutant[] = [];
    for (const file of files) {
      const { text, mutants } = schemata(file, parse(join(core, file), includes), all.length);
      write(join(folder, file), text);
      all.push(...mutants);
    }
    for (const { name, tests } of VARIANTS) {
      const table = testTable(join(root, 'test', 'bootloader'), tests);
      mkdirSync(join(this.#build, name), { recursive: true });
      write(
        join(this.#build, name, 'tests.generated.h'),
        `#define MUTANT_COUNT ${all.length}\n${table}`,
      );
    }
    this.mutants = all;
  }

  /** Verdicts by number; of both variants, the tests of the second see what those of the first left. */
  async judge(judge: Judge, mutants: readonly Mutant[]): Promise<Map<number, Verdict>> {
    const verdicts = new Map<number, Verdict>();
    for (const { name, without } of VARIANTS) {
      const open = mutants.filter(
        ({ number, file }) => file !== without && verdicts.get(number)?.verdict !== 'killed',
      );
      if (open.length === 0) continue;
      for (const [number, verdict] of await this.#judged(`${judge}-${name}`, judge, open))
        if (verdict.verdict !== 'unreached' || !verdicts.has(number)) verdicts.set(number, verdict);
    }
    return verdicts;
  }

  async #judged(
    program: string,
    judge: Judge,
    mutants: readonly Mutant[],
  ): Promise<Map<number, Verdict>> {
    const source = join(this.#root, 'test', 'mutants', 'engine');
    await run('cmake', ['-S', source, '-B', this.#build, '-G', 'Ninja']);
    await run('ninja', ['-C', this.#build, program], { maxBuffer: OUTPUT_BYTES });
    const limitMs = judge === 'quick' ? QUICK_MS : 0;
    const args = [String(availableParallelism()), String(limitMs)];
    const child = spawn(join(this.#build, program), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(mutants.map(({ number }) => number).join('\n'));
    let text = '';
    for await (const bytes of child.stdout) text += String(bytes);
    const verdicts = new Map<number, Verdict>();
    const lines = text.matchAll(/^(\d+) (killed|survived|unreached) (\S+)$/gm);
    for (const [, number, verdict, by = ''] of lines)
      verdicts.set(Number(number), { verdict: verdict as Verdict['verdict'], by });
    if (verdicts.size !== mutants.length)
      throw new Error(`${program} did not judge all: ${text.slice(-2000)}`);
    return verdicts;
  }
}
