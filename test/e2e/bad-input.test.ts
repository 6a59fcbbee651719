// What goes wrong in the field: each its own message and exit code, and nothing written.
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { headerFor } from '../../host/image/image.js';
import {
  APP_BASE,
  Command,
  crc32,
  decode,
  encode,
  encodeFrame,
  FrameDecoder,
  Header,
  IDENTITY_ADDRESS,
  IDENTITY_MAGIC,
  Identity,
  Signature,
} from '../../protocol/index.js';
import { type Board, built, demoImage } from '../support/board.js';
import type { Outcome } from '../support/iap.js';
import { Stranger } from '../support/stranger.js';
import {
  calling,
  expectDemo,
  expectDone,
  expectStarted,
  flash,
  on,
  powerUp,
  start,
  tempDir,
  untilCounters,
} from './bench.js';

const part = 'stm32f103xb';
const QUICK = ['--timeout', '600'] as const;

function expectFailure(
  outcome: Outcome,
  exitCode: number,
  code: string,
  ...said: (string | RegExp)[]
): void {
  const { result } = outcome;
  expect({ exitCode: outcome.code, ok: result?.ok, code: result?.code }).toEqual({
    exitCode,
    ok: false,
    code,
  });
  for (const what of said) expect(`${result?.message}\n${result?.hint}`).toMatch(what);
  expect(outcome.stderr).toBe('');
}

async function stranger(onBytes?: Parameters<typeof Stranger.open>[0]): Promise<Stranger> {
  const there = await Stranger.open(onBytes);
  onTestFinished(() => there.close());
  return there;
}

function flashAt(port: string, ...args: string[]): Promise<Outcome> {
  const image = built('build', part, 'demo-v1.hex');
  return start('flash', image, '--port', port, '--json', ...args).done;
}

describe('port', () => {
  test('absent', async () => {
    expectFailure(
      await flashAt('/dev/ttyUSB97'),
      4,
      'PORT_NOT_FOUND',
      '/dev/ttyUSB97',
      'iap ports',
    );
  });

  test('not given', async () => {
    const image = built('build', part, 'demo-v1.hex');
    expectFailure(await start('flash', image, '--json').done, 2, 'PORT_NOT_GIVEN', '--port');
  });

  test('not a serial port', async () => {
    const file = tempDir().write('file', 'text');
    expectFailure(await flashAt(file), 4, 'PORT_FAILED', file);
  });

  test('held by another iap, which goes on undisturbed', async () => {
    const board = await powerUp(part, { args: ['--power', 'off'], allowed: ['state'] });
    const first = await calling(board, built('build', part, 'demo-v1.hex'));
    expectFailure(await flashAt(board.port), 4, 'PORT_BUSY', board.port, 'in use');
    await board.command('power on');
    await expectStarted(first);
    await expectDemo(board, 1);
  });
});

describe('nobody we know', () => {
  test('a device without power', async () => {
    const board = await powerUp(part, { args: ['--power', 'off'], allowed: ['state'] });
    const outcome = await flashAt(board.port, ...QUICK);
    expectFailure(outcome, 4, 'NO_ANSWER', 'nothing was received', 'check power, cable');
  });

  test('a silent line', async () => {
    expectFailure(await flashAt((await stranger()).port, ...QUICK), 4, 'NO_ANSWER');
  });

  test('the log of another program', async () => {
    const there = await stranger();
    const timer = setInterval(() => there.say('[12.345] sensor 3: 21.5 C\r\n'), 10);
    onTestFinished(() => clearInterval(timer));
    expectFailure(await flashAt(there.port, ...QUICK), 4, 'NOT_OUR_DEVICE', 'sensor 3');
  });

  test('binary garbage, with and without delimiters', async () => {
    const there = await stranger((bytes, say) =>
      say(bytes.map((byte, i) => (byte * 7 + i * 31) & 0xff)),
    );
    expectFailure(await flashAt(there.port, ...QUICK), 4, 'NOT_OUR_DEVICE');
  });

  test('an echo: TX and RX connected', async () => {
    const there = await stranger((bytes, say) => say(bytes));
    expectFailure(await flashAt(there.port, ...QUICK), 4, 'ECHO', 'echoes');
  });

  test('a device of a later protocol: the host stops there', async () => {
    const seen = new Set<number>();
    const decoder = new FrameDecoder();
    const there = await stranger((bytes, say) => {
      for (const decoded of decoder.push(bytes)) {
        if (decoded.kind !== 'frame') continue;
        const { type, seq } = decoded.frame;
        seen.add(type);
        // Only the first three bytes keep their meaning.
        say(encodeFrame({ address: 0, type: type | 0x80, seq, payload: Uint8Array.of(0, 2, 0) }));
      }
    });
    expectFailure(await flashAt(there.port, ...QUICK), 4, 'PROTOCOL_VERSION', /2/);
    expect([...seen]).toEqual([Command.HELLO]);
  });

  test('the wrong rate', async () => {
    const board = await powerUp(part, { allowed: ['overruns'] });
    const outcome = await flashAt(board.port, '--initial-baud', '9600', ...QUICK);
    expect(outcome.code).toBe(4);
    expect(['NO_ANSWER', 'NOT_OUR_DEVICE']).toContain(outcome.result?.code);
    expect((await board.counters()).flashOps).toBe(0);
  });
});

describe('our device among noise', () => {
  test('an application that prints all the time is updated all the same', async () => {
    const board = await powerUp(part);
    expectDone(await flash(board, demoImage(part, 1)));
    for (const version of [2, 1] as const) {
      expectDone(await flash(board, demoImage(part, version)));
      await expectDemo(board, version, 1);
    }
  });
});

/** An identity block as the factory writes it */
function identity(flags = 0xff): ReadonlyMap<number, Uint8Array> {
  const block = encode(Identity, {
    magic: IDENTITY_MAGIC,
    product: product(1),
    hardware: 3,
    address: 0,
    flags,
    defaultRate: 0xffff_ffff,
    serial: 'SN-0042',
    reserved: new Uint8Array(16).fill(0xff),
    crc32: 0,
  });
  new DataView(block.buffer).setUint32(60, crc32(block.subarray(0, 60)), true);
  return new Map([[IDENTITY_ADDRESS, block]]);
}

function product(id: number): Uint8Array {
  return new Uint8Array(16).fill(id);
}

/** A package of the demo with some fields of its header changed */
function packageOf(changes: Partial<Header>, image = demoImage(part, 1)): Uint8Array {
  const plain = decode(Header, headerFor({ base: APP_BASE, bytes: image }, APP_BASE));
  const file = new Uint8Array(Header.size + image.length);
  file.set(encode(Header, { ...plain, ...changes }));
  file.set(image, Header.size);
  return file;
}

/** Runs it, and sees that nothing was erased or written. */
async function refused(
  board: Board,
  image: Uint8Array | string,
  ...args: string[]
): Promise<Outcome> {
  const { flashOps } = await board.counters();
  const outcome = await flash(board, image, ...args);
  expect((await board.counters()).flashOps).toBe(flashOps);
  return outcome;
}

describe('image', () => {
  test('what is no application for this device', async () => {
    const board = await powerUp(part);
    const file = (name: string, bytes: Uint8Array | string): string => board.dir.write(name, bytes);
    const bootloader = new Uint8Array(readFileSync(built('build', part, 'bootloader.bin')));

    expectFailure(await refused(board, file('empty.bin', '')), 3, 'IMAGE_EMPTY', 'empty');
    expectFailure(await refused(board, file('short.bin', 'abcd')), 3, 'IMAGE_EMPTY');
    expectFailure(
      await refused(board, '/no/such/image.hex'),
      3,
      'IMAGE_UNREADABLE',
      '/no/such/image.hex',
    );
    expectFailure(
      await refused(board, built('build', part, 'bootloader.elf')),
      3,
      'IMAGE_WRONG_ADDRESS',
      '0x08000000',
      '0x08008000',
      'FLASH ORIGIN',
    );
    expectFailure(
      await refused(board, file('boot.bin', bootloader)),
      3,
      'IMAGE_WRONG_ADDRESS',
      '0x08000000',
      '0x08008000',
    );
    expectFailure(
      await refused(board, demoImage(part, 1), '--base', '0x08004000'),
      3,
      'IMAGE_WRONG_ADDRESS',
      '0x08004000',
    );
    expectFailure(
      await refused(board, file('noise.bin', new Uint8Array(5000).fill(0x55))),
      3,
      'IMAGE_VECTORS',
      '0x55555555',
    );
    const hex = readFileSync(built('build', part, 'demo-v1.hex'), 'latin1');
    expectFailure(
      await refused(board, file('cut.hex', hex.replace(/:10800000(..)/, ':10800000FF'))),
      3,
      'IMAGE_FORMAT',
    );
    const damaged = packageOf({});
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    expectFailure(await refused(board, file('damaged.iap', damaged)), 3, 'IMAGE_FORMAT', 'damaged');

    // And after all this it takes a good one, of an odd size.
    expectDone(await flash(board, demoImage(part, 1, 5001)));
    await expectDemo(board, 1);
  });

  test('a package for another product, hardware or device', async () => {
    const board = await powerUp(part, { load: identity() });
    const mine = { product: product(1), hardwareMin: 2, hardwareMax: 4 };
    expectFailure(
      await refused(board, packageOf({ ...mine, product: product(2) })),
      3,
      'IMAGE_WRONG_PRODUCT',
      '02020202',
      '01010101',
    );
    expectFailure(
      await refused(board, packageOf({ ...mine, hardwareMin: 4 })),
      3,
      'IMAGE_WRONG_HARDWARE',
      'revision 3',
      '4 to 4',
    );
    expectFailure(
      await refused(board, packageOf({ ...mine, hardwareMax: 2 })),
      3,
      'IMAGE_WRONG_HARDWARE',
      'revision 3',
    );
    expectFailure(
      await refused(board, packageOf({ ...mine, uniqueId: new Uint8Array(12).fill(9) })),
      3,
      'IMAGE_WRONG_DEVICE',
    );
    expectFailure(
      await refused(board, packageOf({ ...mine, loadAddress: 0x0800_4000 })),
      3,
      'IMAGE_WRONG_ADDRESS',
      '0x08004000',
    );
    expectFailure(
      await refused(board, packageOf({ ...mine, capabilities: 0x80 })),
      3,
      'IMAGE_NOT_CAPABLE',
    );

    expectDone(await flash(board, packageOf(mine)));
    await expectDemo(board, 1);
    // The running application knows its board too: it is not even asked to leave.
    const before = await board.counters();
    expectFailure(
      await refused(board, packageOf({ ...mine, product: product(2) }, demoImage(part, 2))),
      3,
      'IMAGE_WRONG_PRODUCT',
    );
    expect((await board.counters()).resets).toEqual(before.resets);
  });

  test('a signed image for a device that can not check signatures', async () => {
    const board = await powerUp(part);
    const signed = packageOf({ signatureAlgorithm: Signature.ECDSA_P256 });
    expectFailure(await refused(board, signed), 3, 'IMAGE_NOT_CAPABLE', 'signed');
    expectDone(await flash(board, packageOf({})));
    await expectDemo(board, 1);
  });

  test('a plain image for a device that takes only packages', async () => {
    const board = await powerUp(part, { load: identity(0xfe) });
    expectFailure(await refused(board, demoImage(part, 1)), 3, 'IMAGE_PACKAGE_ONLY', 'package');
    expectDone(await flash(board, packageOf({ product: product(1) })));
    await expectDemo(board, 1);
  });
});

describe('refused by the device itself, which the host can not know before', () => {
  test('a security counter below the installed one', async () => {
    const board = await powerUp(part);
    expectDone(await flash(board, packageOf({ securityCounter: 7 })));
    await untilCounters(board, ({ uartTx }) => uartTx > 0);
    await expectDemo(board, 1);
    const rollback = await refused(board, packageOf({ securityCounter: 6 }, demoImage(part, 2)));
    expectFailure(rollback, 5, 'REFUSED', /7/);
    // Still there, and still good.
    expectDone(await on(board, 'boot'));
    await expectDemo(board, 1);
  });
});
