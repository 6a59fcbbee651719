// iap check as a shell sees it: one line for a good image, every finding for any other, exit codes, JSON.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { built } from '../support/board.js';
import { iap, jsonLines } from '../support/cli.js';
import { tableImage } from '../support/images.js';
import { WRONG_IMAGES } from '../support/wrong-images.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = ['elf', 'hex', 'bin'].map((ending) =>
  built('build', 'stm32f103xb', `demo-v1.${ending}`),
);

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function wrong(name: string): string {
  const found = WRONG_IMAGES.find((image) => image.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return written(name, found.file());
}

test('good images: a line for each, then what was assumed', async () => {
  const { code, out, error } = await iap(['check', ...GOOD, '--board', 'stm32f103xb']);
  const lines = out.trimEnd().split('\n');
  for (const [i, path] of GOOD.entries()) {
    expect(lines[i]).toMatch(
      new RegExp(
        `^${path}: ok, \\d+ bytes at 0x08008000, \\d+ of 96 pages, \\d+ bytes free from 0x0800[89A-F]\\w{3}, .*CRC-32 [0-9a-f]{8}, SHA-256 [0-9a-f]{64}$`,
      ),
    );
  }
  expect(lines.slice(3).every((line) => line.startsWith('assumed: '))).toBe(true);
  expect(error).toBe('');
  expect(code).toBe(0);
  const [elf = ''] = GOOD;
  const alone = await iap(['check', elf, '--board', 'stm32f103xb']);
  expect(alone.out.trimEnd().split('\n').length).toBe(1);
});

test('every finding of every image is told, with what to do, and the others are checked all the same', async () => {
  const images = [wrong('code-first.bin'), join(folder, 'absent.bin'), ...GOOD, wrong('start.elf')];
  const { code, out, error } = await iap(['check', ...images, '--part', 'stm32f103xb']);
  expect(out).toMatch(/code-first\.bin: 2 errors, .*\n {2}error stack-outside-ram: .*\n/);
  expect(out).toContain('  error reset-outside: ');
  expect(out).toMatch(/absent\.bin: 1 error\n {2}error unreadable: /);
  expect(out).toContain('start.elf: 1 error');
  expect(out).toContain(
    '    GCC, CubeIDE: in the .ld file, MEMORY: FLASH (rx) : ORIGIN = 0x08008000, LENGTH = 96K',
  );
  expect(out).toContain(
    '    Keil:         Options for Target, Target: IROM1 Start 0x08008000, Size 0x18000',
  );
  expect(out).toContain('    IAR:          Linker, Config, Edit: .intvec start');
  for (const path of GOOD) expect(out).toContain(`${path}: ok`);
  expect(error).toContain('3 of 6 images can not be used');
  expect(code).toBe(3);
});

test('a warning is told and does not fail', async () => {
  const { code, out } = await iap(['check', wrong('system-init.elf'), '--part', 'stm32f103xb']);
  expect(out).toMatch(/system-init\.elf: ok, 1 warning, /);
  expect(out).toContain(
    '  warning vtor-elsewhere: code at 0x08008046 sets SCB->VTOR to 0x08000000',
  );
  expect(code).toBe(0);
});

describe('--json', () => {
  test('an event for each image, then the result', async () => {
    const images = [wrong('start.elf'), GOOD[0] ?? ''];
    const { code, out, error } = await iap([
      'check',
      ...images,
      '--board',
      'stm32f103xb',
      '--json',
    ]);
    const [first, second, result, ...more] = jsonLines(out);
    expect(first).toMatchObject({
      event: 'image',
      path: images[0],
      ok: false,
      format: 'elf',
      base: 0x0800_0000,
      findings: [
        {
          id: 'wrong-address',
          severity: 'error',
          found: 'linked at 0x08000000',
          expected: 'linked at 0x08008000',
          fixes: { gcc: expect.any(String), keil: expect.any(String), iar: expect.any(String) },
          details: { base: 0x0800_0000, appBase: 0x0800_8000 },
        },
      ],
    });
    expect(second).toMatchObject({
      ok: true,
      findings: [],
      assumed: [],
      pages: { size: 1024, total: 96 },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(result).toMatchObject({
      event: 'result',
      ok: false,
      code: 'CHECK_FAILED',
      exitCode: 3,
      details: { images: 2, rejected: 1 },
    });
    expect(more).toEqual([]);
    expect(error).toBe('');
    expect(code).toBe(3);
  });

  test('all good', async () => {
    const { code, out } = await iap(['check', ...GOOD, '--json']);
    expect(jsonLines(out).at(-1)).toEqual({ event: 'result', ok: true, images: 3, warnings: 0 });
    expect(code).toBe(0);
  });
});

test('a raw binary is where --base says', async () => {
  const path = written('app.bin', tableImage());
  expect((await iap(['check', path, '--base', '0x08008000'])).code).toBe(0);
  const { code, out } = await iap(['check', path, '--base', '0x08004000']);
  expect(out).toContain(
    'the file puts the image at 0x08004000, but its vectors are for 0x08008000',
  );
  expect(code).toBe(3);
});

test('--base does not move a file that has addresses', async () => {
  const hex = writeIntelHex([{ address: 0x0800_8000, bytes: tableImage() }]);
  const path = written('app.hex', new TextEncoder().encode(hex));
  expect((await iap(['check', path, '--base', '0x08008000'])).code).toBe(0);
  for (const command of [['check'], ['verify', '--port', 'absent']]) {
    const { code, error } = await iap([...command, path, '--base', '0x08004000']);
    expect(error).toContain('--base 0x08004000 is for raw binaries');
    expect(code).toBe(2);
  }
});

test('packages are held against --product and --hardware', async () => {
  const path = wrong('other-product.iap');
  const args = ['check', path, '--part', 'stm32f103xb'];
  expect((await iap(args)).out).toMatch(/: ok, version 1\.4\.0, 1000 bytes/);
  expect((await iap([...args, '--product', 'P', '--hardware', '2'])).code).toBe(0);
  const other = await iap([...args, '--product', 'PUMP-2', '--hardware', '3']);
  expect(other.out).toContain('error wrong-product: the package is for product "P"');
  expect(other.out).toContain('error wrong-hardware: the package is for hardware revisions 1 to 2');
  expect(other.code).toBe(3);
});

test.each([
  [[], 'something is missing: iap check <images..>'],
  [['x.bin', '--part', 'stm32f103xb', '--board', 'stm32f103xb'], 'mutually exclusive'],
  [['x.bin', '--part', 'stm32z'], 'there is no part "stm32z"; there are gd32f103xb, stm32f030x8'],
  [['x.bin', '--board', '../parts/x'], 'there is no board'],
  [['x.bin', '--base', 'here'], '--base must be a whole number'],
  [['x.bin', '--hardware', '-1'], '--hardware must be a whole number'],
  [['x.bin', '--product', 'a product with a name that is too long'], 'the product id must be'],
])('usage: %j', async (args, text) => {
  const { code, error, out } = await iap(['check', ...args]);
  expect(error).toContain(text);
  expect(out).toBe('');
  expect(code).toBe(2);
});

test('a name that would control the terminal does not', async () => {
  const path = written('x\x1b[31m\ny.bin', tableImage(400));
  const { out } = await iap(['check', path]);
  expect(out).not.toContain('\x1b');
  expect(out.split('\n')[0]).toContain('x?[31m?y.bin: ok');
});
