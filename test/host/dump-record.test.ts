// What "iap dump-record" says, and what it does with files that are no dump.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { DUMP_RECORD, type DumpArguments } from '../../host/cli/commands/dump-record.js';
import { Output } from '../../host/cli/output.js';
import { buildIdentity } from '../../host/factory/identity.js';
import { headerFor } from '../../host/image/image.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { writeSRecord } from '../../host/image/s-record.js';
import { parseProduct } from '../../host/pack/description.js';
import { buildRecord } from '../../host/record/record.js';
import {
  APP_BASE,
  BOOTLOADER_BASE,
  IDENTITY_ADDRESS,
  RECORD_A_ADDRESS,
} from '../../protocol/index.js';
import { jsonLines } from '../support/cli.js';
import { appImage } from '../support/images.js';

const { handler: dumpRecord } = DUMP_RECORD;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const APP = appImage(3000);
const FLASH_SIZE = 48 * 1024;

/** Flash of a unit with this application; `change` does something to it. */
function flash(change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(FLASH_SIZE).fill(0xff);
  const put = (address: number, content: Uint8Array): void =>
    bytes.set(content, address - BOOTLOADER_BASE);
  put(BOOTLOADER_BASE + 200, new TextEncoder().encode('stm32f103xb'));
  put(IDENTITY_ADDRESS, buildIdentity({ product: parseProduct('PUMP-2'), serial: 'A0001' }));
  put(RECORD_A_ADDRESS, buildRecord(headerFor({ base: undefined, bytes: APP }, APP_BASE)));
  put(APP_BASE, APP);
  change(bytes);
  return bytes;
}

let files = 0;

async function run(
  content: Uint8Array | string,
  {
    name = 'flash.bin',
    json = false,
    ...args
  }: Partial<DumpArguments> & { name?: string; json?: boolean } = {},
): Promise<string> {
  const dump = join(folder, `${files++}-${name}`);
  writeFileSync(dump, content);
  let text = '';
  const out = { write: (piece: string) => (text += piece) };
  await dumpRecord({ dump, ...args }, { output: new Output(json, { out, error: out }) });
  return text;
}

async function refused(
  content: Uint8Array | string,
  args: Parameters<typeof run>[1] = {},
): Promise<IapError> {
  const error: unknown = await run(content, args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(IapError);
  return error as IapError;
}

test('a unit, in words', async () => {
  const text = await run(flash());
  expect(text).toMatch(/^board +stm32f103xb$/m);
  expect(text).toMatch(/^identity +product "PUMP-2" \(5055.*serial A0001/m);
  expect(text).toMatch(/^at power-up +the image is started: verified/m);
  expect(text).toMatch(
    /^installed +entry 1: 0\.0\.0, 3000 bytes, SHA-256 [0-9a-f]{64}; in flash: CRC-32 right/m,
  );
  expect(text).toMatch(/^area A +0x08007000, good, generation 1, 1 entries, 6 of 7 slots blank$/m);
  expect(text).toMatch(/^area B +0x08007800, blank$/m);
  expect(text).toMatch(/^ +1 {2}area A slot 0 .* TOUCHED VALID SEALED$/m);
});

test('the same from raw, Intel HEX and S-record, and with option bytes in it', async () => {
  const segments = [{ address: BOOTLOADER_BASE, bytes: flash() }];
  const options = { address: 0x1fff_f800, bytes: Uint8Array.of(0xa5, 0x5a) };
  const raw = await run(flash());
  expect(await run(writeIntelHex([...segments, options]), { name: 'flash.hex' })).toBe(raw);
  expect(await run(writeSRecord(segments), { name: 'flash.srec' })).toBe(raw);
  const above = flash().subarray(RECORD_A_ADDRESS - BOOTLOADER_BASE);
  const part = await run(above, { base: '0x08007000' });
  expect(part).toContain('not in the dump');
  expect(part).toContain('the image is started');
});

test('an image that is not all in the dump is not judged', async () => {
  const cut = flash().subarray(0, APP_BASE - BOOTLOADER_BASE + 2999);
  expect(await run(cut)).toMatch(/^at power-up +not known: .* not all of its 3000 bytes/m);
  const [result] = jsonLines(await run(cut, { json: true }));
  expect(result).toMatchObject({ ok: true, starts: null, stay: 'NONE', check: null, installed: 1 });
});

test('an image whose SHA-256 alone is wrong is started, and that is said', async () => {
  // The header's, with everything above it right
  const header = headerFor({ base: undefined, bytes: APP }, APP_BASE).with(52, 0);
  const text = await run(flash((bytes) => bytes.set(buildRecord(header), 0x7000)));
  expect(text).toMatch(/the image is started.*\n.*CRC-32 right, SHA-256 WRONG/);
});

test('half-programmed marks and broken slots are named', async () => {
  const text = await run(
    flash((bytes) => {
      const slot = 0x7000 + 20;
      bytes[slot + 264 + 4] = 0x34; // VALID
      bytes[slot + 264 + 5] = 0x12;
      bytes[slot + 288 + 3] = 0; // the next slot
    }),
  );
  expect(text).toContain('stays, IN_PROGRESS');
  expect(text).toContain('half-programmed: VALID reads 0x1234');
  expect(text).toMatch(/area A slot 1 at 0x08007134 does not count: not WRITTEN/);
});

describe('files that are no dump', () => {
  test.each<[string, Uint8Array | string, Parameters<typeof run>[1], RegExp]>([
    ['empty', new Uint8Array(), {}, /no flash in the dump/],
    [
      'too short',
      flash().subarray(0, 0x7800),
      {},
      /record is not in this dump.*0x08000000 to 0x080077FF/,
    ],
    ['from elsewhere', flash(), { base: '0x20000000' }, /no flash in the dump/],
    ['a base that is no number', flash(), { base: 'flash' }, /--base must be/],
    ['a board that is none', flash(), { board: 'x' }, /no board "x"/],
    ['cut-off HEX', ':0400', { name: 'a.hex' }, /line 1/],
    ['cut-off S-record', 'S31508', { name: 'a.srec' }, /line 1/],
  ])('%s', async (_, content, args, text) => {
    expect((await refused(content, args)).message).toMatch(text);
  });

  test('cut off anywhere: refused, or read', { timeout: 300_000 }, async () => {
    const whole = flash();
    for (let size = 1; size < whole.length; size += 1999) {
      const text = await run(whole.subarray(0, size)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(IapError);
        return (error as IapError).message;
      });
      expect(text).toMatch(
        size < 0x8000 ? /record is not in this dump/ : /at power-up +not known|started/,
      );
    }
  });
});
