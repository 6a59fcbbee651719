// What a file leaves out is said by every command that writes, before it writes: it is erased, and what was there is lost.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../host/check/inspect.js';
import { FACTORY } from '../../host/cli/commands/factory.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import { ISP_FACTORY } from '../../host/cli/commands/isp/factory.js';
import { ISP_WRITE } from '../../host/cli/commands/isp/write.js';
import { PACK } from '../../host/cli/commands/pack.js';
import type { Context } from '../../host/cli/link.js';
import { writeIntelHex } from '../../host/image/intel-hex.js';
import { writeSRecord } from '../../host/image/s-record.js';
import type { Segment } from '../../host/image/segments.js';
import { erasedBetween } from '../../host/isp/index.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Bench } from '../support/bench.js';
import { DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { elfOf } from '../support/elf.js';
import { FakeRom } from '../support/fake-rom.js';
import { appImage, bootloaderImage, tableImage } from '../support/images.js';
import { utf8 } from '../support/text-bytes.js';

const { handler: factory } = FACTORY;
const { handler: flash } = FLASH;
const { handler: ispFactory } = ISP_FACTORY;
const { handler: ispWrite } = ISP_WRITE;
const { handler: pack } = PACK;

const BASE = 0x0800_8000;
const LAST_PAGE = 0x0801_fc00;
const folder = mkdtempSync(join(tmpdir(), 'iap-gaps-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file that nobody is writing any more */
function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  utimesSync(path, 0, 0);
  return path;
}

const settings = { address: LAST_PAGE, bytes: Uint8Array.of(1, 2, 3, 4) };
const far = [{ address: BASE, bytes: tableImage(3000) }, settings];
describe('iap check', () => {
  const [code] = far;
  const forms: Readonly<Record<string, Uint8Array>> = {
    'far.hex': utf8(writeIntelHex(far)),
    'far.s37': utf8(writeSRecord(far)),
    'far.elf': elfOf(far.map((piece, i) => ({ ...piece, section: i === 0 ? '.text' : '.eeprom' }))),
  };

  test.each(Object.entries(forms))('%s', (name, bytes) => {
    const { ok, findings, facts } = inspect(bytes, { name });
    expect(ok).toBe(true);
    expect(facts?.size).toBe(LAST_PAGE + 4 - BASE);
    expect(findings).toMatchObject([
      {
        id: 'gap-filled',
        severity: 'warning',
        message: expect.stringContaining('nothing for 0x08008BB8 to 0x0801FBFF, 94280 bytes'),
        details: { address: 0x0800_8bb8, length: 94_280, gaps: 1 },
      },
    ]);
    const [hint] = findings.map((finding) => finding.hint);
    expect(hint).toContain(`(${name.endsWith('elf') ? '.eeprom, ' : ''}4 bytes at 0x0801FC00)`);
  });

  test.each([
    [1023, []],
    [1024, ['gap-filled']],
  ])('a gap of %i bytes', (gap, ids) => {
    const end = BASE + (code?.bytes.length ?? 0);
    const pieces = [...far.slice(0, 1), { ...settings, address: end + gap }];
    const { findings } = inspect(utf8(writeIntelHex(pieces)));
    expect(findings.map(({ id }) => id)).toEqual(ids);
  });

  test('two gaps are counted', () => {
    const pieces = [...far, { ...settings, address: BASE + 8192 }];
    const [{ message } = { message: '' }] = inspect(utf8(writeIntelHex(pieces))).findings;
    expect(message).toContain('nor for 1 more');
  });
});

const WARNING = /has nothing for 0x08008BB8 to 0x0801FBFF/;

test('iap flash says it before it changes anything', async () => {
  const image = file(
    'flash.hex',
    writeIntelHex([{ address: BASE, bytes: appImage(3000) }, settings]),
  );
  const { context, out, error } = session(new Bench());
  await flash({ ...DEFAULTS_OF_PORTS, image }, context).catch(() => {});
  expect(error.text).toMatch(WARNING);
  const json = session(new Bench(), { json: true });
  await flash({ ...DEFAULTS_OF_PORTS, image }, json.context).catch(() => {});
  expect(jsonLines(json.out.text).slice(0, 3)).toMatchObject([
    { event: 'found' },
    { event: 'warning', finding: 'gap-filled' },
    { event: 'comparing' },
  ]);
  expect(out.text).not.toBe('');
});

test('iap pack and iap factory', async () => {
  const image = file(
    'far.hex',
    writeIntelHex([{ address: BASE, bytes: appImage(3000) }, settings]),
  );
  const output = join(folder, 'out.iap');
  const packing = session(new Bench());
  await pack({ image, output, version: '1.0.0' }, packing.context);
  expect(packing.error.text).toMatch(WARNING);
  const making = session(new Bench());
  const args = {
    image,
    board: 'stm32f103xb',
    bootloader: file('bootloader.bin', bootloaderImage()),
    output: join(folder, 'unit.hex'),
    blankApp: false,
    recordOnly: false,
    writeProtect: false,
    packagesOnly: false,
    development: false,
  };
  await factory(args, making.context);
  expect(making.error.text).toMatch(WARNING);
});

describe('iap isp', () => {
  const ISP = {
    port: 'fake',
    baud: 115200,
    wait: false,
    verbose: false,
    json: true,
    lines: 'none',
    invertReset: false,
    invertBoot0: false,
    dtr: 'keep',
    rts: 'keep',
    ahead: false,
  } as const;

  /** Events up to the first erase */
  async function toldBefore(run: (context: Context) => Promise<void>): Promise<string[]> {
    const clock = new VirtualClock();
    const { context, out } = session({ clock, line: new FakeRom(clock) }, { json: true });
    await run(context).catch(() => {});
    const events = jsonLines(out.text);
    const erasing = events.findIndex(({ event }) => event === 'erasing');
    expect(erasing).toBeGreaterThan(0);
    return events
      .slice(0, erasing)
      .filter(({ event }) => event === 'warning')
      .map(({ message }) => String(message));
  }

  const two = (address: number): string =>
    file(
      'two.hex',
      writeIntelHex([
        { address: 0x0800_0000, bytes: new Uint8Array(16).fill(1) },
        { address, bytes: new Uint8Array(16).fill(2) },
      ]),
    );

  test('write: what is between two parts in one page is named', async () => {
    const args = { ...ISP, image: two(0x0800_0200), massErase: false, verify: true };
    const told = await toldBefore((context) => ispWrite(args, context));
    expect(told).toEqual([expect.stringContaining('what is at 0x08000010 to 0x080001FF, between')]);
    expect(await toldBefore((context) => ispWrite({ ...args, massErase: true }, context))).toEqual(
      [],
    );
  });

  test('factory', async () => {
    const pieces = [
      { address: 0x0800_0000, bytes: bootloaderImage() },
      { address: 0x0800_8010, bytes: Uint8Array.of(1) },
    ];
    const image = file('factory.hex', writeIntelHex(pieces));
    const args = {
      ...{ ...ISP, image, massErase: false, protectBootloader: false, protectRead: false },
      ...{ appBaud: 115200, start: false, secure: false, romOnly: false, yes: false },
    };
    const [told = ''] = await toldBefore((context) => ispFactory(args, context));
    expect(told).toContain('0x08001388 to 0x080017FF, 0x08008000 to 0x0800800F, between the parts');
  });

  const K = 1024;
  const at = (address: number, size: number): Segment => ({
    address: 0x0800_0000 + address,
    bytes: new Uint8Array(size),
  });
  test.each<[string, Segment[], [number, number][]]>([
    ['one part', [at(16, 16)], []],
    ['parts that meet', [at(0, 16), at(16, 16)], []],
    ['the alignment of a section', [at(0, 16), at(47, 16)], []],
    ['in one page', [at(0, 16), at(48, 16)], [[16, 32]]],
    [
      'in neighbouring pages',
      [at(0, 1000), at(K + 100, 16)],
      [
        [1000, 24],
        [K, 100],
      ],
    ],
    [
      'whole pages between them stay',
      [at(0, 1000), at(8 * K + 100, 16)],
      [
        [1000, 24],
        [8 * K, 100],
      ],
    ],
    ['whole pages alone', [at(0, 2 * K), at(8 * K, K)], []],
    ['not in flash', [at(0, 16), { address: 0x1fff_f800, bytes: new Uint8Array(16) }], []],
  ])('erased between: %s', (_what, segments, ranges) => {
    expect(erasedBetween(segments, K)).toEqual(
      ranges.map(([address, length]) => ({ address: 0x0800_0000 + address, length })),
    );
  });
});
