// The facts of the app kit in an image: found wherever they are, believed only whole, held against the device.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import { checkImage } from '../../host/check/check-image.js';
import { inspect } from '../../host/check/inspect.js';
import { kitFacts, kitFinding, mailboxFinding } from '../../host/check/kit-facts.js';
import { boardInFlash } from '../../host/cli/board-in-flash.js';
import { factoryImage } from '../../host/factory/factory.js';
import type { Elf } from '../../host/image/elf.js';
import { loadBoard } from '../../host/node/board-file.js';
import { makePackage } from '../../host/pack/pack.js';
import { FlashDump } from '../../host/record/dump.js';
import { Capability, crc32, KIT_MAGIC, KitFacts, Mailbox, Mode } from '../../protocol/index.js';
import { bootloaderImage, tableImage } from '../support/images.js';
import { kitFactsOf, withKit } from '../support/wrong-images.js';

const BOARDS = readdirSync('bootloader-c/boards').map((file) => file.replace('.json', ''));

test.each(BOARDS)('%s: the header carries what its board file says', async (name) => {
  const board = await loadBoard(name);
  const [facts, ...more] = kitFacts(kitFactsOf(name));
  expect(more).toEqual([]);
  expect(facts).toMatchObject({
    board: name,
    part: board.part.name,
    appBase: board.appBase,
    appEnd: board.appEnd,
    pageSize: board.part.page,
    defaultRate: 115_200,
    usart: 1,
    capabilities: board.halfDuplex ? Capability.HALF_DUPLEX : 0,
  });
});

test.each(BOARDS)('%s: fits its own board and no other', async (name) => {
  const image = withKit(name);
  for (const other of BOARDS) {
    const board = await loadBoard(other);
    const { findings } = inspect(image, {}, { part: board.part, area: board });
    const kit = findings.filter(({ id }) => id === 'kit-other-board');
    expect(kit, `${name} for ${other}`).toHaveLength(name === other ? 0 : 1);
  }
});

/** Those of a kit before the line was in them */
function firstFacts(board: string): Uint8Array {
  const first = kitFactsOf(board).slice(0, 76);
  const view = new DataView(first.buffer);
  view.setUint16(6, first.length, true);
  view.setUint32(72, crc32(first.subarray(0, 72)), true);
  return first;
}

describe('what counts as facts', () => {
  const facts = kitFactsOf('stm32f103xb');

  test.each([0, 4, 400, 1000])('anywhere at a multiple of 4: %i', (at) => {
    const image = new Uint8Array(at + facts.length);
    image.set(facts, at);
    expect(kitFacts(image)).toHaveLength(1);
  });

  test('not with any byte changed, nor cut off', () => {
    for (let i = 0; i < facts.length; i++) {
      const byte = facts[i] ?? 0;
      expect(kitFacts(facts.with(i, byte ^ 1))).toEqual([]);
      expect(kitFacts(facts.slice(0, i))).toEqual([]);
    }
  });

  test('a later format with more fields is read as far as this one goes', () => {
    const later = new Uint8Array(facts.length + 8);
    later.set(facts.subarray(0, -4));
    const view = new DataView(later.buffer);
    view.setUint16(4, 2, true);
    view.setUint16(6, later.length, true);
    view.setUint32(later.length - 4, crc32(later.subarray(0, -4)), true);
    expect(kitFacts(later)).toMatchObject([{ format: 2, board: 'stm32f103xb' }]);
  });

  test('the first kits say nothing of their line, so it is not judged', () => {
    for (const board of ['stm32f103xe', 'stm32f103xe-rs485']) {
      const first = firstFacts(board);
      const crc = new DataView(first.buffer).getUint32(72, true);
      expect(kitFacts(first)).toMatchObject([{ board, capabilities: 0, crc32: crc }]);
      for (const halfDuplex of [true, false]) {
        expect(kitFinding(kitFacts(first), { part: 'stm32f103xe', halfDuplex })).toBeUndefined();
      }
      expect(kitFinding(kitFacts(first), { part: 'stm32f103xb' })?.id).toBe('kit-other-board');
    }
  });

  /** Of any size, with the right CRC */
  const ofSize = (size: number, from = facts): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes.set(from.subarray(0, size - 4));
    const view = new DataView(bytes.buffer);
    view.setUint16(6, size, true);
    view.setUint32(size - 4, crc32(bytes.subarray(0, -4)), true);
    return bytes;
  };

  test.each([
    [72, 0],
    [75, 0],
    [76, 1],
    [80, 1],
    [1024, 1],
    [1028, 0],
  ])('of %i bytes: %i', (size, count) => {
    const image = new Uint8Array(2000);
    image.set(ofSize(size), 40);
    expect(kitFacts(image)).toHaveLength(count);
    expect(kitFacts(ofSize(size))).toHaveLength(count);
  });

  test('not with another magic word, whatever its CRC', () => {
    expect(kitFacts(ofSize(80, facts.with(1, 0)))).toEqual([]);
  });

  test('not within a word, nor where another word begins like it', () => {
    for (const at of [1, 2, 3]) {
      const image = new Uint8Array(200);
      image.set(facts, at);
      expect(kitFacts(image)).toEqual([]);
    }
    const image = new Uint8Array(400).fill(facts[0] ?? 0);
    image.set(facts, 100);
    image.set(ofSize(76), 240);
    expect(kitFacts(image)).toHaveLength(2);
  });

  test('an image full of magic words takes no time', () => {
    // Format and size: every one claims the most that is looked at.
    const words = new Uint32Array(120 * 1024).map((_, i) =>
      i % 2 === 0 ? KIT_MAGIC : 0x0400_0001,
    );
    const image = new Uint8Array(words.buffer);
    const start = performance.now();
    expect(kitFacts(image)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test('an image that carries another one for another board is not blamed for it', () => {
  const image = withKit('stm32f103xb');
  image.set(kitFactsOf('stm32f072xb'), 300);
  expect(kitFinding(kitFacts(image), { part: 'stm32f103xb' })).toBeUndefined();
  expect(kitFinding(kitFacts(image), { part: 'stm32f303xc' })?.id).toBe('kit-other-board');
});

describe('what differs', () => {
  const all = kitFacts(withKit('stm32f103xb'));

  test('is told, each by its name', () => {
    const other = {
      ...{ part: 'stm32f072xb', appBase: 0x0800_6000, appEnd: 0x0801_0000, pageSize: 2048 },
      halfDuplex: true,
    };
    const wanted = [
      ...['part stm32f072xb', 'first address 0x08006000', 'end of the application area 0x08010000'],
      ...['pages of 2048', 'line a half-duplex pair'],
    ];
    expect(kitFinding(all, other)).toMatchObject({
      id: 'kit-other-board',
      severity: 'error',
      code: 'IMAGE_WRONG_HARDWARE',
      message: expect.stringMatching(
        /^the app kit in it is compiled for board stm32f103xb: part stm32f103xb instead of stm32f072xb, first address 0x08008000 instead of/,
      ),
      found: 'board stm32f103xb',
      expected: wanted.join(', '),
      hint: expect.stringMatching('compile the application with iap_board.h'),
      details: {
        ...{ board: 'stm32f103xb', part: 'stm32f103xb', appBase: 0x0800_8000 },
        ...{ appEnd: 0x0802_0000, pageSize: 1024 },
      },
    });
  });

  test('is nothing of what is not known', () => {
    expect(kitFinding(all, {})).toBeUndefined();
    expect(kitFinding(all, { part: '' })).toBeUndefined();
    expect(kitFinding([], { part: 'stm32f072xb' })).toBeUndefined();
    const same = { part: 'stm32f103xb', appBase: 0x0800_8000, appEnd: 0x0802_0000, pageSize: 1024 };
    expect(kitFinding(all, { ...same, halfDuplex: false })).toBeUndefined();
    expect(kitFinding(all, { ...same, halfDuplex: 'unsaid' })).toBeUndefined();
  });

  test('is a warning if all of it was never said', () => {
    const pair = kitFacts(withKit('stm32f103xe-rs485'));
    expect(kitFinding(pair, { halfDuplex: 'unsaid' })).toMatchObject({
      severity: 'warning',
      expected: 'line a wire each way',
      hint: expect.stringMatching(/^right if the device is on a pair/),
    });
    const both = { halfDuplex: 'unsaid', pageSize: 1024 } as const;
    expect(kitFinding(pair, both)).toMatchObject({ severity: 'error' });
  });
});

describe('an update', () => {
  const bootloader = { base: 0x0800_0000, bytes: bootloaderImage(5000, 'stm32f103xe') };
  const device = {
    part: 'stm32f103xb',
    appBase: 0x0800_8000,
    appEnd: 0x0802_0000,
    pageSize: 1024,
    product: new Uint8Array(16),
    hardware: 0,
    identityFlags: 0xff,
    uniqueId: new Uint8Array(12),
    capabilities: 0,
  };
  const refusal = (board: string, mode: number): IapError => {
    const image = { base: 0x0800_8000, bytes: withKit(board) };
    try {
      checkImage(image, { ...device, mode });
    } catch (error) {
      if (error instanceof IapError) return error;
    }
    throw new Error('it was taken');
  };

  test('takes the image for the device, and one without facts', () => {
    for (const bytes of [withKit('stm32f103xb'), tableImage()])
      expect(() => checkImage({ base: 0x0800_8000, bytes }, device)).not.toThrow();
    // A bootloader that does not say its part
    const bytes = withKit('stm32f103xb');
    expect(() => checkImage({ base: 0x0800_8000, bytes }, { ...device, part: '' })).not.toThrow();
  });

  test('refuses an image whose kit is for another board, before anything is changed', () => {
    const { code, message } = refusal('stm32f072xb', Mode.BOOTLOADER);
    expect(code).toBe('IMAGE_WRONG_HARDWARE');
    expect(message).toBe(
      'the app kit in it is compiled for board stm32f072xb: part stm32f072xb instead of stm32f103xb, pages of 2048 instead of 1024',
    );
  });

  test.each([
    [
      'stm32f103xe',
      Capability.HALF_DUPLEX,
      Mode.BOOTLOADER,
      'line a wire each way instead of a half-duplex pair',
    ],
    [
      'stm32f103xe',
      Capability.HALF_DUPLEX,
      Mode.APP,
      'line a wire each way instead of a half-duplex pair',
    ],
    // An application may have forgotten to say so, and so may a bootloader that is older: below.
    ['stm32f103xe-rs485', 0, Mode.APP, undefined],
    ['stm32f103xe-rs485', 0, Mode.BOOTLOADER, undefined],
    ['stm32f103xe-rs485', Capability.HALF_DUPLEX, Mode.BOOTLOADER, undefined],
    ['stm32f103xe', 0, Mode.BOOTLOADER, undefined],
  ])(
    'of %s for a device that says capabilities %i in mode %i: %s',
    (board, capabilities, mode, said) => {
      const image = { base: 0x0800_8000, bytes: withKit(board) };
      const large = { ...device, part: 'stm32f103xe', appEnd: 0x0808_0000, pageSize: 2048 };
      const check = (): unknown => checkImage(image, { ...large, capabilities, mode });
      if (said === undefined) expect(check).not.toThrow();
      else expect(check).toThrow(`the app kit in it is compiled for board ${board}: ${said}`);
    },
  );

  test('warns of an image for a pair where the bootloader does not say that it is on one', () => {
    const image = { base: 0x0800_8000, bytes: withKit('stm32f103xe-rs485') };
    const large = { ...device, part: 'stm32f103xe', appEnd: 0x0808_0000, pageSize: 2048 };
    const told = (capabilities: number, mode: number): unknown =>
      checkImage(image, { ...large, capabilities, mode }).map(({ id, severity }) => [id, severity]);
    expect(told(0, Mode.BOOTLOADER)).toEqual([['kit-other-board', 'warning']]);
    expect(told(0, Mode.APP)).toEqual([]);
    expect(told(Capability.HALF_DUPLEX, Mode.BOOTLOADER)).toEqual([]);
    // Whatever else differs is an error all the same.
    const other = { ...large, part: 'stm32f103xb', capabilities: 0, mode: Mode.BOOTLOADER };
    expect(() => checkImage(image, other)).toThrow(/part .* line a half-duplex pair/);
    expect(() => checkImage(image, { ...large, halfDuplex: false })).toThrow(/line a half-duplex/);
  });

  test('of a wire each way is refused where the bootloader is on a pair, and may be allowed', () => {
    const image = { base: 0x0800_8000, bytes: withKit('stm32f103xe') };
    const large = { ...device, part: 'stm32f103xe', appEnd: 0x0808_0000, pageSize: 2048 };
    const pair = { ...large, capabilities: Capability.HALF_DUPLEX, mode: Mode.BOOTLOADER };
    expect(() => checkImage(image, pair)).toThrow(/line a wire each way/);
    expect(checkImage(image, pair, ['kit-other-board'])).toMatchObject([{ allowed: true }]);
  });

  test('pack takes it without a board and for its own, and refuses it for another', async () => {
    const image = { base: 0x0800_8000, bytes: withKit('stm32f103xb') };
    const description = { version: { major: 1, minor: 0, patch: 0, build: 0 } };
    expect(() => makePackage(image, description)).not.toThrow();
    for (const name of ['stm32f103xb', 'stm32f072xb']) {
      const board = await loadBoard(name);
      expect(() => makePackage(image, description, board)).not.toThrow(); // "iap pack" looks first
      const { ok } = inspect(image.bytes, { base: image.base }, { part: board.part, area: board });
      expect(ok).toBe(name === 'stm32f103xb');
    }
  });

  test.each(['stm32f103xe', 'stm32f103xe-rs485'])(
    '%s: a unit of the factory, too',
    async (name) => {
      const app = { base: 0x0800_8000, bytes: withKit(name) };
      for (const other of ['stm32f103xe', 'stm32f103xe-rs485']) {
        const board = await loadBoard(other);
        const make = (): unknown => factoryImage({ board, bootloader, app });
        if (name === other) expect(make).not.toThrow();
        else expect(make).toThrow(/: line a .* instead of a /);
      }
    },
  );

  test('says whom it has asked, if that was an application', () => {
    expect(refusal('stm32f072xb', Mode.APP).hint).toContain('its bootloader says');
    expect(refusal('stm32f072xb', Mode.BOOTLOADER).hint).not.toContain('its bootloader says');
  });
});

describe('a copy of flash', () => {
  const flashWith = (app: Uint8Array): FlashDump => {
    const bytes = new Uint8Array(0x8000 + 1000).fill(0xff);
    bytes.set(new TextEncoder().encode('stm32f103xe'), 0x200);
    bytes.set(app, 0x8000);
    return new FlashDump(0x0800_0000, bytes);
  };

  test.each(['stm32f103xe', 'stm32f103xe-rs485'])('is of %s, says the kit', async (name) => {
    expect(await boardInFlash(flashWith(withKit(name)))).toMatchObject({ name });
  });

  test('says nothing of its line without a kit', async () => {
    const board = await boardInFlash(flashWith(tableImage()));
    expect(board).toMatchObject({ name: 'stm32f103xe' });
    expect(board).not.toHaveProperty('halfDuplex');
  });
});

describe('the mailbox', () => {
  test.each([
    { stack: 0x2000_2000, over: true },
    { stack: 0x2000_1fe8, over: true },
    { stack: 0x2000_1fe0, over: false },
    { stack: 0x2000_5000, over: false },
  ])('under a stack that begins at $stack: $over', async ({ stack, over }) => {
    const { part } = await loadBoard('stm32f103xb');
    const ids = (image: Uint8Array): string[] =>
      inspect(image, {}, { part }).findings.map(({ id }) => id);
    expect(ids(withKit('stm32f103xb', stack))).toEqual(over ? ['mailbox-overlap'] : []);
    // Nobody reads a mailbox without the kit.
    expect(ids(tableImage(1000, 0x0800_8000, { 0: stack }))).toEqual([]);
  });
});

describe('the mailbox, by the ELF file', () => {
  const MAILBOX = 0x2000_1fe0;
  const found = (address: number, size: number): unknown => {
    const section = { name: '.bss', type: 8, flags: 2, offset: 0, address, size };
    return mailboxFinding(withKit('stm32f103xb', 0x2000_1000), {
      sections: [section],
    } as unknown as Elf);
  };

  test.each([
    ['all of it', MAILBOX - 16, 100, '0x20001FD0 to 0x20002034'],
    ['its first byte', MAILBOX - 4, 5, '0x20001FDC to 0x20001FE1'],
    ['its last byte', MAILBOX + Mailbox.size - 1, 4, '0x20001FFF to 0x20002003'],
  ])('variables over %s', (_, address, size, range) => {
    expect(found(address, size)).toMatchObject({
      id: 'mailbox-overlap',
      severity: 'warning',
      code: 'IMAGE_VECTORS',
      message: expect.stringContaining(`variables from ${range} lie over the mailbox`),
      found: 'RAM in use at 0x20001FE0',
    });
  });

  test.each([
    ['before it', MAILBOX - 4, 4],
    ['behind it', MAILBOX + Mailbox.size, 4],
  ])('not variables %s', (_, address, size) => {
    expect(found(address, size)).toBeUndefined();
  });

  test('nor its neighbours of the stack', () => {
    const stack = (address: number): unknown =>
      mailboxFinding(withKit('stm32f103xb', address), undefined);
    for (const address of [MAILBOX, MAILBOX + Mailbox.size + 8]) {
      expect(stack(address)).toBeUndefined();
    }
    for (const address of [MAILBOX + 8, MAILBOX + Mailbox.size]) {
      expect(stack(address)).toMatchObject({
        id: 'mailbox-overlap',
        message: expect.stringMatching(/^the stack, which begins at/),
      });
    }
  });
});

test('its size is a promise', () => {
  expect(KitFacts.size).toBe(80);
});
