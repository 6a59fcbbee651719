// Where units are made: keys, signed packages and first images, as typed.
import { join } from 'node:path';
import { demoImage, type Part } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDone, tempDir } from './bench.js';

/** Keys without passphrases, packages and a unit's image, in a folder of their own */
export class House {
  readonly #folder = tempDir();
  readonly part: Part;

  constructor(part: Part) {
    this.part = part;
  }

  path(name: string): string {
    return join(this.#folder.path, name);
  }

  async keys(): Promise<void> {
    for (const name of ['root', 'release', 'spare']) {
      expectDone(
        await iap('keys', 'new', '--unencrypted', '-o', this.path(`${name}.pem`), '--json'),
      );
      const proof = this.path(`${name}.proof`);
      expectDone(await iap('keys', 'prove', this.path(`${name}.pem`), '-o', proof, '--json'));
    }
  }

  /** A signed package of the demo application */
  async package(version: 1 | 2, key: string, ...more: string[]): Promise<string> {
    const number = ['root', 'release', 'spare'].indexOf(key);
    const image = this.#folder.write(`v${version}.bin`, demoImage(this.part, version));
    const path = this.path(`v${version}-${key}.iap`);
    const about = ['--product', 'PUMP-2', '--version', `${version}.0.0`, '--key-id', `${number}`];
    expectDone(await iap('pack', image, '-o', path, ...about, ...more, '--json'));
    expectDone(await iap('sign', path, '--key', this.path(`${key}.pem`), '--json'));
    return path;
  }

  async unit(app: string): Promise<string> {
    const keys = ['root', 'release', 'spare'].flatMap((name) => [
      `--${name}-key`,
      this.path(`${name}.pub`),
    ]);
    const proofs = ['root', 'spare'].flatMap((name) => ['--proof', this.path(`${name}.proof`)]);
    const about = ['--board', this.part, '--product', 'PUMP-2', '--hardware', '1'];
    const path = this.path('unit.hex');
    expectDone(await iap('factory', app, '-o', path, ...about, ...keys, ...proofs, '--json'));
    return path;
  }
}
