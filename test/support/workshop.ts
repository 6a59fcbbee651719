// A copy of what a porter edits, with boards and parts that this project does not ship: generated and built as his would be.
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
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COPIED = [
  'bootloader-c',
  'linker',
  'protocol/protocol.json',
  'scripts/generated.mjs',
  'test/board',
];

/** A JSON file of bootloader-c/boards or bootloader-c/parts, and what is different. */
type Change = Readonly<Record<string, unknown>>;

interface PartSchema {
  readonly properties: { readonly family: { readonly enum: string[] } };
}

/** Copies what differs only, so that little is built again. */
function mirror(from: string, to: string): void {
  if (statSync(from).isDirectory()) {
    for (const name of readdirSync(from)) mirror(join(from, name), join(to, name));
  } else if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to))) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
}

export class Workshop {
  readonly root: string;

  constructor(name: string) {
    const project = resolve('.');
    this.root = join(project, 'build', 'workshop', name);
    // Without those that were added last time
    for (const kind of ['boards', 'parts'])
      rmSync(this.#folder(kind), { recursive: true, force: true });
    for (const path of COPIED) mirror(join(project, path), join(this.root, path));
    const vendor = join(this.root, 'build', 'vendor');
    mkdirSync(dirname(vendor), { recursive: true });
    if (!existsSync(vendor)) symlinkSync(join(project, 'build', 'vendor'), vendor);
  }

  #folder(kind: string): string {
    return join(this.root, 'bootloader-c', kind);
  }

  /** A file like another one of its folder. */
  add(kind: 'boards' | 'parts', name: string, like: string, change: Change): void {
    const folder = this.#folder(kind);
    const original = JSON.parse(readFileSync(join(folder, `${like}.json`), 'utf8')) as object;
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...original, ...change, name }));
  }

  /** A family whose port is a copy of another one's. Folders are in bootloader-c/ports. */
  addFamily(name: string, folder: string, likeFolder: string): void {
    const ports = join(this.root, 'bootloader-c', 'ports');
    mirror(join(ports, likeFolder), join(ports, folder));
    const path = join(this.root, 'bootloader-c', 'part.schema.json');
    const schema = JSON.parse(readFileSync(path, 'utf8')) as PartSchema;
    schema.properties.family.enum.push(name);
    writeFileSync(path, JSON.stringify(schema));
  }

  /** What the generator says, and whether it went through. */
  async generate(): Promise<{ ok: boolean; text: string }> {
    try {
      await run(process.execPath, ['bootloader-c/generate/generate.mjs'], { cwd: this.root });
      return { ok: true, text: '' };
    } catch (error) {
      return { ok: false, text: (error as { stderr: string }).stderr };
    }
  }

  async bootloader(board: string, target = 'bootloader'): Promise<string> {
    await this.#build('bootloader-c', board, target, ['--preset', board]);
    return join(this.root, 'build', board, `${target}.bin`);
  }

  async virtualBoard(): Promise<string> {
    const options = ['-B', 'build/board', '-G', 'Ninja', '-DBUILD_TESTING=OFF'];
    await this.#build('test/board', 'board', 'iap-board', options);
    return join(this.root, 'build', 'board', 'iap-board');
  }

  async #build(
    source: string,
    folder: string,
    target: string,
    options: readonly string[],
  ): Promise<void> {
    const build = join(this.root, 'build', folder);
    await run('cmake', ['-S', source, ...options], { cwd: this.root });
    await run('ninja', ['-C', relative(this.root, build), target], { cwd: this.root });
  }
}
