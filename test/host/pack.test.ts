// Packages: what is written, in which words a mistake is refused, and that nothing gets in that no device would take.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { PACK, type PackArguments } from '../../host/cli/commands/pack.js';
import { Output } from '../../host/cli/output.js';
import { loadImage } from '../../host/image/load.js';
import { nameText, parseName, textOf } from '../../host/image/names.js';
import { parseVersion, versionText } from '../../host/image/version.js';
import { parseProduct } from '../../host/pack/description.js';
import { APP_BASE, Capability, decode, Header, ImageFlag } from '../../protocol/index.js';
import { jsonLines } from '../support/cli.js';
import { appImage } from '../support/images.js';

const { handler: pack } = PACK;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const app = file('app.bin', appImage(1001));

async function refused(run: () => unknown): Promise<IapError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof IapError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

interface Packed {
  readonly bytes: Uint8Array;
  readonly header: Header;
  readonly text: string;
  readonly warnings: string;
}

async function packed(args: Partial<PackArguments>, json = false): Promise<Packed> {
  const output = join(folder, 'out.iap');
  let text = '';
  let warnings = '';
  const out = { write: (piece: string) => (text += piece) };
  const error = { write: (piece: string) => (warnings += piece) };
  const options = { image: app, output, ...args };
  await pack(options, { output: new Output(json, { out, error }) });
  const bytes = new Uint8Array(readFileSync(output));
  return { bytes, header: decode(Header, bytes), text, warnings };
}

describe('identifiers', () => {
  test('are text, padded with zero, or hex digits for every byte', () => {
    expect(Buffer.from(parseProduct('Pumpe Ü')).toString('utf8')).toBe('Pumpe Ü'.padEnd(15, '\0'));
    expect(parseProduct('00112233445566778899AABBccddeeff')[15]).toBe(0xff);
    // One digit fewer is text, and too long.
    expect(() => parseProduct('00112233445566778899AABBccddeef')).toThrow(/"0011.*has 31/);
    expect(() => parseProduct('')).toThrow(/it is empty/);
    expect(() => parseProduct('a\u0007b')).toThrow(/can not be printed/);
    expect(() => parseProduct('Überlange Produktnummer')).toThrow(/1 to 16 bytes or 32 hex digits/);
  });

  test('are printed both ways, if they are text', () => {
    expect(nameText(parseProduct('PUMP-2'))).toBe('"PUMP-2" (50554d502d3200000000000000000000)');
    expect(nameText(parseProduct('00112233445566778899aabbccddeeff'))).toBe(
      '00112233445566778899aabbccddeeff',
    );
  });

  test('any text that fits comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        let bytes: Uint8Array;
        try {
          bytes = parseName('it', text, 20);
        } catch (error) {
          expect(error).toBeInstanceOf(IapError);
          return;
        }
        expect(textOf(bytes)).toBe(text);
      }),
    );
  });

  test('any bytes are written in some way, without control characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(nameText(bytes)).not.toMatch(/\p{C}/u);
        expect(nameText(bytes)).toContain(Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});

test('versions', () => {
  for (const text of ['0.0.0', '1.4.0', '1.4.0+17', '65535.65535.65535+65535']) {
    expect(versionText(parseVersion(text))).toBe(text);
  }
  for (const text of [
    '',
    '1',
    '1.4',
    'v1.4.0',
    '1.4.0-rc1',
    '1.4.65536',
    '1.4.0+65536',
    '1.4.0+',
  ]) {
    expect(() => parseVersion(text)).toThrow(/MAJOR\.MINOR\.PATCH/);
  }
});

describe('a package', () => {
  test('has what was said, and the image as it was', async () => {
    const { header, bytes } = await packed({
      version: '1.4.0+17',
      product: 'PUMP-2',
      hardware: '2-5',
      confirm: true,
      securityCounter: 9,
      needs: 'baud',
      buildId: 'b6f1147',
      uniqueId: '00112233445566778899aabb',
    });
    expect(header).toMatchObject({
      version: { major: 1, minor: 4, patch: 0, build: 17 },
      product: parseProduct('PUMP-2'),
      hardwareMin: 2,
      hardwareMax: 5,
      flags: ImageFlag.CONFIRM,
      capabilities: Capability.BAUD | Capability.CONFIRM,
      securityCounter: 9,
      loadAddress: APP_BASE,
      imageSize: 1001,
    });
    expect(textOf(header.buildId)).toBe('b6f1147');
    expect(bytes.subarray(Header.size)).toEqual(appImage(1001));
    expect(loadImage(bytes).bytes).toEqual(appImage(1001));
  });

  test('is the same each time, from options or from a file', async () => {
    const from = file(
      'pump.json',
      JSON.stringify({ product: 'PUMP-2', hardware: [2, 5], version: '1.0.0', securityCounter: 3 }),
    );
    const options = { product: 'PUMP-2', hardware: '2-5', version: '1.0.0', securityCounter: 3 };
    const { bytes } = await packed(options);
    expect((await packed({ from })).bytes).toEqual(bytes);
    expect((await packed({ from })).bytes).toEqual(bytes);
    // An option wins.
    const other = await packed({ from, version: '1.0.1', hardware: '7' });
    expect(other.header).toMatchObject({ version: { patch: 1 }, hardwareMin: 7, hardwareMax: 7 });
    expect(other.header.product).toEqual(parseProduct('PUMP-2'));
  });

  test('says what it is, and that it is for any product if it is', async () => {
    const { text, warnings } = await packed({ version: '1.0.0', product: 'PUMP-2', hardware: '3' });
    expect(text).toMatch(/^product +"PUMP-2" \(5055/m);
    expect(text).toMatch(/^hardware +revision 3$/m);
    expect(warnings).toBe('');
    const any = await packed({ version: '1.0.0' });
    expect(any.warnings).toContain('every device takes this package');
    const told = jsonLines((await packed({ version: '1.0.0' }, true)).text);
    expect(told.map(({ event }) => event)).toEqual(['warning', 'result']);
    const { text: json } = await packed({ version: '1.0.0', product: 'PUMP-2' }, true);
    expect(jsonLines(json).at(-1)).toMatchObject({
      event: 'result',
      ok: true,
      version: '1.0.0',
      product: Buffer.from(parseProduct('PUMP-2')).toString('hex'),
    });
  });
});

describe('refused', () => {
  test.each([
    [{}, 'USAGE', /needs a version/],
    [{ version: '1.x' }, 'USAGE', /MAJOR/],
    [{ version: '1.0.0', hardware: '5-2' }, 'USAGE', /first hardware revision, 5, is above/],
    [{ version: '1.0.0', hardware: '65536' }, 'USAGE', /0 to 65535/],
    [{ version: '1.0.0', hardware: 'x' }, 'USAGE', /FIRST-LAST/],
    [{ version: '1.0.0', needs: 'BAUD,TEA' }, 'USAGE', /"TEA"; there are BAUD, CONFIRM/],
    [{ version: '1.0.0', uniqueId: '12' }, 'USAGE', /24 hex digits/],
    [{ version: '1.0.0', board: 'stm32x' }, 'USAGE', /there are .*stm32f103xb/],
    [{ version: '1.0.0', output: '/nonexistent/x.iap' }, 'FILE_UNWRITABLE', /can not be written/],
    [{ version: '1.0.0', from: '/nonexistent' }, 'FILE_UNREADABLE', /can not be read/],
  ] as [Partial<PackArguments>, string, RegExp][])('%j', async (args, code, text) => {
    const error = await refused(() => packed(args));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(text);
  });

  test('an image that no device would start', async () => {
    const version = '1.0.0';
    const elsewhere = file('low.bin', appImage(500, 1, 0x0800_0000));
    const address = await refused(() => packed({ version, image: elsewhere }));
    expect(address.code).toBe('IMAGE_WRONG_ADDRESS');
    expect(address.hint).toContain('--board');
    const text = file('text.bin', 'no vector table in here, just words');
    expect((await refused(() => packed({ version, image: text }))).code).toBe('IMAGE_FORMAT');
    const large = file('large.bin', appImage(96 * 1024 + 1));
    await packed({ version, image: large });
    const error = await refused(() => packed({ version, image: large, board: 'stm32f103xb' }));
    expect(error.code).toBe('IMAGE_TOO_LARGE');
  });

  test('a package of a package', async () => {
    const image = file('a.iap', (await packed({ version: '1.0.0' })).bytes);
    expect((await refused(() => packed({ version: '2.0.0', image }))).message).toContain('already');
  });

  test.each([
    ['{', /is no JSON/],
    ['[]', /it must be object, found \[\]/],
    ['{"version":"1.0.0","produkt":"x"}', /"produkt" is not known in it; known are product,/],
    [
      '{"version":"1"}',
      /version must be a version of numbers up to 65535, such as "1.4.0" or "1.4.0\+17", found "1"/,
    ],
    [
      '{"version":"1.0.0","hardware":"2"}',
      /hardware must be a hardware revision, or \[first, last\].*found "2"/,
    ],
    [
      '{"version":"1.0.0","securityCounter":1.5}',
      /securityCounter must be a whole number .* found 1.5/,
    ],
    ['{"version":"1.0.0","confirm":"yes"}', /confirm must be true or false.*found "yes"/],
    ['{"version":"1.0.0","uniqueId":"zz"}', /uniqueId must be the 24 hex digits/],
  ])('description %s', async (json, text) => {
    const error = await refused(() => packed({ from: file('bad.json', json) }));
    expect(error.code).toBe('DESCRIPTION_WRONG');
    expect(error.message).toMatch(text);
    expect(error.message).not.toMatch(/\n/);
    // Each thing once, however the schema says it
    expect(error.message.match(/found/g)?.length ?? 1).toBe(1);
  });

  test('any JSON is taken or refused in one line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => {
        const error = await refused(async () => {
          await packed({ from: file('any.json', json) });
          throw new IapError('USAGE', 'taken');
        });
        expect(error.message).not.toMatch(/\n|undefined|\[object/);
      }),
      { numRuns: 50 },
    );
  });
});
