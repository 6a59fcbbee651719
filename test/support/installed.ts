// The package as a user has it: the tarball in an empty folder, with what npm would install beside it, and no compiler in PATH.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');

/** Another Node.js to run it with than that of the tests */
const NODE = process.env.IAP_NODE ?? process.execPath;

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>
  >;
}

export class Installed {
  readonly folder = mkdtempSync(join(tmpdir(), 'iap-installed-'));
  readonly package = join(this.folder, 'node_modules', 'stm32-iap');
  readonly main = join(this.package, 'dist', 'iap', 'main.js');
  readonly env: NodeJS.ProcessEnv = { PATH: join(this.folder, 'bin'), HOME: this.folder };

  constructor() {
    mkdirSync(join(this.folder, 'bin'));
    symlinkSync(NODE, join(this.folder, 'bin', 'node'));
    // Without scripts: what it would build is what this checkout has built.
    const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', this.folder];
    const said = execFileSync('npm', packing, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [packed] = JSON.parse(said) as [{ readonly filename: string }];
    mkdirSync(this.package, { recursive: true });
    const tarball = join(this.folder, packed.filename);
    execFileSync('tar', ['-xzf', tarball, '-C', this.package, '--strip-components=1']);
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
    for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
      if (path === '' || dev === true || devOptional === true) continue;
      cpSync(join(root, path), join(this.folder, path), { recursive: true });
    }
  }

  /** Runs a program of the folder; returns what it said. */
  node(...args: string[]): string {
    return execFileSync(NODE, args, { cwd: this.folder, env: this.env, encoding: 'utf8' });
  }

  /** The result of one command */
  iap(...args: string[]): Record<string, unknown> {
    const said = this.node(this.main, ...args, '--json').trim();
    return JSON.parse(said.split('\n').at(-1) ?? '') as Record<string, unknown>;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
