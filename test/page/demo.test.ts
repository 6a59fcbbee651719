// The demo device: it fits what it is given, and has something else at first.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../host/device/connect.js';
import type { DeviceInfo } from '../../host/device/device.js';
import { openSession } from '../../host/device/open.js';
import type { Image } from '../../host/image/image.js';
import { imageOf, loadFile } from '../../host/image/load.js';
import { makePackage } from '../../host/pack/pack.js';
import { update } from '../../host/update/update.js';
import { DemoDevice, demoFirmware } from '../../host/web/demo.js';
import { deviceFacts } from '../../host/web/device-facts.js';
import { checkedFirmware } from '../../host/web/firmware.js';
import { APP_BASE, Capability, decode, encode, Header, Mode } from '../../protocol/index.js';
import { appImage } from '../support/images.js';
import { kitFactsOf } from '../support/wrong-images.js';
import { startTime, waited } from './virtual-time.js';

afterEach(() => {
  vi.useRealTimers();
});

async function ask(device: DemoDevice, image: Image): Promise<DeviceInfo> {
  const transport = device.open(image);
  const session = openSession(transport, {});
  let info: DeviceInfo | undefined;
  let failed: unknown;
  connect(session, { hold: false }).then(
    (met) => {
      info = met.info;
    },
    (error: unknown) => {
      failed = error;
    },
  );
  await waited(() => info ?? failed);
  session.close();
  await transport.close();
  if (!info) throw failed;
  return info;
}

function met(image: Image): Promise<DeviceInfo> {
  startTime();
  return ask(new DemoDevice(), image);
}

/** Its bootloader, which says what it can do */
async function entered(image: Image): Promise<DeviceInfo> {
  startTime();
  const work = update(new DemoDevice().open(image), image, {});
  for (;;) {
    let step: Awaited<ReturnType<typeof work.next>> | undefined;
    const stepped = work.next().then((next) => {
      step = next;
    });
    await waited(() => step);
    await stepped;
    if (step?.done !== false) throw new Error('it was never in its bootloader');
    if (step.value.event !== 'found' || step.value.device.mode === Mode.APP) continue;
    void work.return(undefined as never);
    return step.value.device;
  }
}

const plain = (base?: number): Image => ({ base, bytes: appImage(3000, 1, base) });
/** Of a bootloader; an application does not tell it */
const ALWAYS = Capability.BAUD | Capability.CONFIRM | Capability.SIGNATURE;

test('for an image that says nothing of itself: any product, and an old application that runs', async () => {
  const info = await met(plain());
  expect(info).toMatchObject({
    mode: Mode.APP,
    part: 'demo',
    serial: 'DEMO-0001',
    appBase: APP_BASE,
    appEnd: APP_BASE + 240 * 2048,
  });
  expect(deviceFacts(info)).toMatchObject({
    running: 'application',
    installed: { version: '1.0.0', size: 40_000, complete: true },
  });
  expect(deviceFacts(info)).not.toHaveProperty('product');
});

test('where the image is linked', async () => {
  expect(await met(plain(0x0801_0000))).toMatchObject({
    appBase: 0x0801_0000,
    appEnd: 0x0801_0000 + 240 * 2048,
  });
});

test('its bootloader changes the rate, waits for a confirmation and takes signed images', async () => {
  expect((await entered(plain())).capabilities).toBe(ALWAYS);
});

describe('for a package', () => {
  const product = new TextEncoder().encode('PUMP-2'.padEnd(16, '\0'));
  const uniqueId = new Uint8Array(12).fill(5);
  const packed = (more: object = {}): Image => {
    const version = { major: 1, minor: 4, patch: 0, build: 0 };
    const file = makePackage(plain(), { version, product, hardware: { min: 3, max: 5 }, ...more });
    return imageOf(loadFile(file, { name: 'a.iap' }));
  };

  test('of its product, of the first board', async () => {
    const facts = deviceFacts(await met(packed()));
    expect(facts).toMatchObject({ product: 'PUMP-2', hardware: 3 });
    expect(facts.uniqueId).not.toBe('05'.repeat(12));
    expect(facts.uniqueId).not.toBe('00'.repeat(12));
  });

  test('for one single device: that one', async () => {
    expect(deviceFacts(await met(packed({ uniqueId }))).uniqueId).toBe('05'.repeat(12));
  });

  test('can do what it needs, but for what a fake device has no means for', async () => {
    const needs = Capability.HALF_DUPLEX | Capability.DEFLATE | Capability.DICTIONARY;
    const image = packed();
    const header = decode(Header, image.header as Uint8Array);
    const needing = encode(Header, { ...header, capabilities: needs });
    expect((await met({ ...image, header: needing })).capabilities).toBe(Capability.HALF_DUPLEX);
  });
});

test('for an image with the app kit: the part and the area that it was made for', async () => {
  const facts = kitFactsOf('stm32f030x8-24k');
  const bytes = appImage(3000);
  bytes.set(facts, 1000);
  const info = await met({ base: 0x0800_6000, bytes });
  expect(info).toMatchObject({
    part: 'stm32f030x8',
    pageSize: 1024,
    appBase: 0x0800_6000,
    appEnd: 0x0800_f800,
  });
  // The old application has half of the area at most.
  expect(deviceFacts(info).installed?.size).toBe(0x9800 / 2);
});

test('it is the same one whenever its port is opened', async () => {
  startTime();
  const device = new DemoDevice();
  const first = await ask(device, plain());
  const second = await ask(device, plain(0x0801_0000));
  expect(second.appBase).toBe(first.appBase);
  expect(deviceFacts(second)).toEqual(deviceFacts(first));
});

test('firmware for it is right, and the same each time', () => {
  const { firmware } = checkedFirmware(demoFirmware(), 'demo.bin');
  expect(firmware).toMatchObject({ format: 'binary', size: 60_000, warnings: [] });
  expect(demoFirmware()).toEqual(demoFirmware());
  const counts = new Set(demoFirmware().subarray(400));
  expect(counts.size).toBe(256);
});
