// Packages against a unit with an identity: what it is not for, neither host nor device takes, and nothing is erased.
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { Begun, Header } from '../../protocol/index.js';
import { Lockstep } from '../conformance/lockstep.js';
import { built } from '../support/board.js';
import { iap } from '../support/iap.js';
import { expectDemo, expectDone, flash, tempDir } from './bench.js';
import { firstPowerUp, infoOf, productionLine, readFileUint8 } from './production-line.js';

describe('identity', () => {
  const PART = 'stm32f103xb';
  const UNIT = ['--product', 'PUMP-2', '--hardware', '2', '--serial', 'A0001', '--address', '7'];

  test('a unit that takes packages only can not leave with a plain image', async () => {
    const line = productionLine(PART);
    const args = ['--board', PART, '-o', join(tempDir().path, 'u.bin'), '--json'];
    expect(await iap('factory', line.app, ...UNIT, '--packages-only', ...args)).toMatchObject({
      code: 3,
      result: { code: 'IMAGE_PACKAGE_ONLY' },
    });
  });

  test('decides which packages a unit takes, before anything is erased', async () => {
    const line = productionLine(PART);
    const good = ['--product', 'PUMP-2', '--hardware', '1-3', '--version', '1.0.0'];
    const first = await line.pack('first.iap', line.app, ...good, '--security-counter', '5');
    const unit = await firstPowerUp(
      PART,
      await line.unit('u.bin', first, ...UNIT, '--packages-only'),
    );
    expect(await infoOf(unit)).toMatchObject({
      product: Buffer.from('PUMP-2'.padEnd(16, '\0')).toString('hex'),
      hardware: 2,
      serial: 'A0001',
      address: 7,
      packagesOnly: true,
      installed: { version: '1.0.0' },
    });
    await expectDemo(unit, 1);
    const before = await unit.flash();

    const later = ['--version', '1.1.0', '--security-counter', '5'];
    const wrong = {
      product: ['--product', 'PUMP-3', '--hardware', '2', ...later],
      hardware: ['--product', 'PUMP-2', '--hardware', '3-9', ...later],
      device: ['--product', 'PUMP-2', ...later, '--unique-id', '0123456789abcdef01234567'],
      any: [...later],
      counter: ['--product', 'PUMP-2', '--version', '1.1.0', '--security-counter', '4'],
    };
    const codes: Record<string, [number, string]> = {
      product: [3, 'IMAGE_WRONG_PRODUCT'],
      hardware: [3, 'IMAGE_WRONG_HARDWARE'],
      device: [3, 'IMAGE_WRONG_DEVICE'],
      any: [3, 'IMAGE_PACKAGE_ONLY'],
      // The host does not know the device's counter: the device itself refuses.
      counter: [5, 'REFUSED'],
    };
    for (const [name, args] of Object.entries(wrong)) {
      const file = await line.pack(`${name}.iap`, line.app2, ...args);
      const outcome = await flash(unit, file);
      const [code, error] = codes[name] ?? [];
      expect({ name, code: outcome.code, error: outcome.result?.code }).toEqual({
        name,
        code,
        error,
      });
    }
    expect(await flash(unit, line.app2)).toMatchObject({
      code: 3,
      result: { code: 'IMAGE_PACKAGE_ONLY' },
    });
    expect(Buffer.compare(await unit.flash(), before)).toBe(0);

    const right = await line.pack('right.iap', line.app2, '--product', 'PUMP-2', ...later);
    expectDone(await flash(unit, right));
    await expectDemo(unit, 2);
  });
});

test('a package that wants confirmation updates a running application, and one its bootloader lacks a part for leaves it', async () => {
  const line = productionLine('stm32f103xb');
  const unit = await firstPowerUp('stm32f103xb', await line.unit('unit.bin', line.app));
  await expectDemo(unit, 1);
  const version = ['--version', '2.0.0', '--hardware', '3-9'];
  const lacks = await line.pack('lacks.iap', line.app2, ...version, '--needs', 'SIGNATURE');
  expect(await flash(unit, lacks)).toMatchObject({
    code: 3,
    result: { code: 'IMAGE_NOT_CAPABLE' },
  });
  await expectDemo(unit, 1);

  const right = await line.pack('right.iap', line.app2, ...version, '--confirm', '--needs', 'BAUD');
  const update = await flash(unit, right);
  expectDone(update);
  expect(update.events.map(({ event }) => event)).toContain('entering');
  await expectDemo(unit, 2);
});

test('an application at another rate than its bootloader is updated while it runs', async () => {
  const line = productionLine('stm32f103xb');
  const identity = ['--product', 'PUMP-2', '--default-baud', '57600'];
  const unit = await firstPowerUp('stm32f103xb', await line.unit('u.bin', line.app, ...identity));
  await expectDemo(unit, 1); // at 115200
  expectDone(await flash(unit, line.app2, '--initial-baud', '115200'));
  await expectDemo(unit, 2);
});

test('the device itself refuses the wrong package, whatever its host thinks, and writes nothing', async () => {
  const part = 'stm32f103xb';
  const line = productionLine(part);
  const product = ['--product', 'PUMP-2'];
  const version = ['--version', '1.0.0'];
  const first = await line.pack(
    'f.iap',
    line.app,
    ...product,
    ...version,
    '--security-counter',
    '5',
  );
  const unit = await line.unit('u.bin', first, ...product, '--hardware', '2', '--packages-only');
  const board = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part,
    bootloader: unit,
  });
  onTestFinished(() => board.stop());
  const session = openSession(board.transport, { clock: board.clock });
  const device = await board.during(connect(session, { hold: true, wait: true }));

  const counter = ['--security-counter', '5'];
  const packages: [string, string[]][] = [
    ['WRONG_PRODUCT', ['--product', 'PUMP-3', ...version, ...counter]],
    ['PACKAGE_ONLY', [...version, ...counter]],
    ['WRONG_HARDWARE', [...product, '--hardware', '3-9', ...version, ...counter]],
    ['WRONG_HARDWARE', [...product, '--hardware', '0-1', ...version, ...counter]],
    [
      'WRONG_DEVICE',
      [...product, '--unique-id', '0123456789abcdef01234567', ...version, ...counter],
    ],
    ['ROLLBACK', [...product, ...version, '--security-counter', '4']],
    ['NOT_CAPABLE', [...product, '--needs', 'SIGNATURE', ...version, ...counter]],
  ];
  for (const [status, args] of packages) {
    const file = await line.pack('wrong.iap', line.app2, ...args);
    const header = readFileUint8(file).slice(0, Header.size);
    const refused: unknown = await board
      .during(device.begin(header, 0))
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'REFUSED', details: { status } });
  }
  expect(await board.command('counters')).toMatchObject({ flashOps: 0, state: 'running' });
  const right = await line.pack('right.iap', line.app2, ...product, ...version, ...counter);
  const begun = board.during(device.begin(readFileUint8(right).slice(0, Header.size), 0));
  expect(await begun).toMatchObject({ begun: Begun.STARTED });
});
