// A copy of the bootloader that is broken, built and mended again. Only what changes is built.
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Part } from '../support/boards.js';
import { broken, type Edit } from './mutant.js';

const run = promisify(execFile);
/** The part with small pages, so that flash is written fast */
export const PART: Part = 'stm32f103xb';

export type Bootloader = 'bootloader' | 'bootloader-signed';

/** A copy of what is built, with links to what is not broken. */
export class Tree {
  readonly root: string;
  readonly #original: string;
  readonly #built = new Set<string>();

  constructor(root: string) {
    this.#original = root;
    this.root = join(root, 'build', 'mutants', 'tree');
    mkdirSync(join(this.root, 'bootloader-c'), { recursive: true });
    const source = join(root, 'bootloader-c');
    const copy = join(this.root, 'bootloader-c');
    // Only what differs is written, or everything would be built again.
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      const [from, to] = [join(source, name), join(copy, name)];
      if (statSync(from).isDirectory()) mkdirSync(to, { recursive: true });
      else if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to)))
        copyFileSync(from, to);
    }
    // A source that is gone would still be built.
    for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
      if (!existsSync(join(source, name)))
        rmSync(join(copy, name), { recursive: true, force: true });
    }
    for (const name of ['linker', 'build']) {
      if (!existsSync(join(this.root, name))) symlinkSync(join(root, name), join(this.root, name));
    }
  }

  /** Breaks places; returns how to mend them. */
  apply(edits: readonly Edit[]): () => void {
    const before = new Map<string, string>();
    const after = new Map<string, string>();
    for (const edit of edits) {
      const path = join(this.root, 'bootloader-c', edit.file);
      const text = after.get(path) ?? readFileSync(path, 'utf8');
      if (!before.has(path)) before.set(path, text);
      after.set(path, broken(text, edit));
    }
    const write = (texts: ReadonlyMap<string, string>): void => {
      for (const [path, text] of texts) writeFileSync(path, text);
    };
    write(after);
    return () => write(before);
  }

  /** Program of the core's tests that has this test */
  async coreProgram(test: string): Promise<string> {
    const folder = join(this.#original, 'test', 'bootloader');
    const source = readdirSync(folder).find(
      (name) =>
        /^test_.*\.c$/.test(name) &&
        readFileSync(join(folder, name), 'utf8').includes(`RUN(${test});`),
    );
    if (!source) throw new Error(`no C test is called ${test}`);
    const program = source.replace(/^test_(.*)\.c$/, 'test-$1');
    const build = join(this.#original, 'build', 'mutants', 'core');
    const core = join(this.root, 'bootloader-c', 'core');
    await this.#configure(build, ['-S', folder, '-B', build, '-G', 'Ninja', `-DCORE=${core}`]);
    await run('ninja', ['-C', build, program]);
    return join(build, program);
  }

  /** One of the targets of bootloader-c */
  async bootloader(target: Bootloader = 'bootloader', board: Part = PART): Promise<string> {
    const build = join(this.#original, 'build', 'mutants', board);
    const source = join(this.root, 'bootloader-c');
    const toolchain = join(source, 'arm-none-eabi.cmake');
    await this.#configure(build, [
      ...['-S', source, '-B', build, '-G', 'Ninja'],
      ...[`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`, `-DBOARD=${board}`],
    ]);
    await run('ninja', ['-C', build, target]);
    return join(build, `${target}.bin`);
  }

  async explore(): Promise<string> {
    const build = join(this.#original, 'build', 'explore');
    const source = join(this.#original, 'test', 'explore');
    await this.#configure(build, ['-S', source, '-B', build, '-G', 'Ninja']);
    await run('ninja', ['-C', build, 'explore']);
    return join(build, 'explore');
  }

  async #configure(build: string, args: readonly string[]): Promise<void> {
    if (this.#built.has(build)) return;
    await run('cmake', args);
    this.#built.add(build);
  }
}
