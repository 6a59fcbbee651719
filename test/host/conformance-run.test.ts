// A run of the conformance checks as a whole: how it finds a device, what it tells, and how it ends where something is missing.
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../host/conformance/checks/index.js';
import { copiedStream, storedStream } from '../../host/conformance/deflate.js';
import { LEAST_PAUSE_MS, noise, SMALLEST, testImage } from '../../host/conformance/image.js';
import { type Poll, stretches } from '../../host/conformance/polls.js';
import { REQUIREMENTS } from '../../host/conformance/requirements.js';
import { checkIds } from '../../host/conformance/run.js';
import {
  Capability,
  Command,
  decode,
  encode,
  encodeFrame,
  Header,
  HelloResponse,
  Mode,
  Status,
} from '../../protocol/index.js';
import { SpecimenBench } from '../support/specimen-bench.js';
import { answers, hello, speaks, upon } from '../support/specimen-faults.js';
import { refusal } from '../support/specimen-update.js';

describe('finding a device', () => {
  test('nobody answers: called for as long as it was told', async () => {
    const bench = new SpecimenBench();
    bench.device.alive = false;
    await expect(bench.conform({ findMs: 300, only: [] })).rejects.toMatchObject({
      name: 'Deviation',
      expected: 'an answer to HELLO from the bootloader',
      found: 'nothing within 300 ms',
    });
    expect(bench.clock.now()).toBeCloseTo(300, 0);
    expect(bench.calls).toEqual({ count: 15, everyMs: 20 });
  });

  test('on a pair it is called so seldom that each answer has its time', async () => {
    const bench = new SpecimenBench({ capabilities: Capability.HALF_DUPLEX });
    bench.device.alive = false;
    await expect(bench.conform({ findMs: 300, only: [] })).rejects.toThrow('nothing within 300 ms');
    expect(bench.calls.count).toBe(4);
    expect(bench.calls.everyMs).toBeGreaterThan(70);
  });

  test('longer than it may take to come back from another rate, unless told', async () => {
    const bench = new SpecimenBench();
    bench.device.alive = false;
    await expect(bench.conform({ only: [] })).rejects.toThrow('nothing within 6000 ms');
  });

  test('nobody answers until its power is switched', async () => {
    const bench = new SpecimenBench();
    bench.device.alive = false;
    const { left, device } = await bench.conform({ findMs: 300, only: [], power: bench.power });
    expect({ left, part: device.part }).toEqual({ left: 'unfinished', part: 'specimen' });
  });

  test('power does not help: that it is told', async () => {
    const bench = new SpecimenBench();
    bench.device.alive = false;
    bench.device.powerOn = () => {};
    const run = bench.conform({ findMs: 300, only: [], power: bench.power });
    await expect(run).rejects.toThrow('found nothing within 300 ms');
    expect(bench.clock.now()).toBeCloseTo(300 + 500 + 300, 0);
  });

  test.each([
    ['a line for each direction', Capability.BAUD],
    ['a pair', Capability.BAUD | Capability.HALF_DUPLEX],
  ])('its application runs, on %s: asked to leave', async (_, capabilities) => {
    const bench = new SpecimenBench({ capabilities });
    const { device } = bench;
    let app = true;
    hello(() => (app ? { mode: Mode.APP } : {}))(device);
    upon(({ type }) => {
      if (type === Command.ENTER) app = false;
    })(device);
    const { device: info } = await bench.conform({ only: [] });
    expect(info.mode).toBe(Mode.BOOTLOADER);
    expect(device.log.filter((name) => name === 'ENTER').length).toBeGreaterThan(0);
    expect(bench.line.checker.violations).toEqual([]);
  });

  test('what is no answer to HELLO is passed over', async () => {
    const bench = new SpecimenBench();
    let answered = 0;
    speaks((frame, bytes) => {
      answered++;
      if (answered === 1) return [bytes.fill(1, 1, 9)];
      if (answered === 2) return [encodeFrame({ ...frame, type: 0x89 })];
      if (answered === 3) return [encodeFrame({ ...frame, payload: new Uint8Array(9) })];
      return [bytes];
    })(bench.device);
    expect((await bench.conform({ only: [] })).left).toBe('unfinished');
  });

  test('the port is at another rate: the run begins and ends at its own', async () => {
    const bench = new SpecimenBench();
    await bench.check('baud-returns');
    expect(bench.line.rate).toBe(115_200);
  });

  test('a port that goes away ends the run', async () => {
    const bench = new SpecimenBench();
    bench.clock.after(150, () => bench.line.vanish());
    await expect(bench.conform()).rejects.toMatchObject({ code: 'PORT_LOST' });
  });
});

describe('what a run tells', () => {
  test('each check in its order, once, with its time', async () => {
    const bench = new SpecimenBench();
    const only = ['gap', 'noise', 'hello'];
    const { results, device, left, ms } = await bench.conform({ only });
    expect(results.map(({ id, verdict, requirements }) => [id, verdict, requirements])).toEqual([
      ['noise', 'pass', ['B-1']],
      ['hello', 'pass', ['B-20']],
      ['gap', 'pass', ['B-33']],
    ]);
    expect({ address: device.address, left }).toEqual({ address: 17, left: 'unfinished' });
    const spent = results.reduce((sum, result) => sum + result.ms, 0);
    expect(spent).toBeGreaterThan(1000);
    expect(ms).toBeGreaterThan(spent);
    expect(ms).toBeLessThan(bench.clock.now() + 1);
    expect(results.every((result) => Object.keys(result).length === 5)).toBe(true);
  });

  test('the newest frames before a failure, cut to what can be read', async () => {
    const bench = new SpecimenBench();
    answers(Command.END, () => refusal(Status.NO_SESSION))(bench.device);
    const { frames = [] } = await bench.check('update');
    expect(frames).toHaveLength(8);
    expect(frames.at(-1)).toMatch(/^<- [0-9a-f]+00$/);
    const long = frames.filter((line) => line.includes('…'));
    expect(long.length).toBeGreaterThan(0);
    for (const line of long) expect(line).toMatch(/^(->|<-) [0-9a-f]{80}… \(\d+ bytes\)$/);
    for (const line of frames) expect(line).toMatch(/^(->|<-) [0-9a-f]{2,80}/);
  });

  test('every frame, and what is none, as it passes', async () => {
    const bench = new SpecimenBench();
    const lines: string[] = [];
    speaks((frame, bytes) => (frame.seq === 7 ? [Uint8Array.of(9, 9, 0), bytes] : [bytes]))(
      bench.device,
    );
    await bench.conform({ only: [], trace: (line) => lines.push(line) });
    expect(lines[0]).toMatch(/^ {4}0\.0000 {2}-> 00[0-9a-f]+00$/);
    expect(lines.some((line) => /^ {4}0\.\d{4} {2}<- [0-9a-f]+… \(\d+ bytes\)$/.test(line))).toBe(
      true,
    );
    expect(
      lines.filter((line) => line.endsWith('<- 2 bytes that are no frame (cobs)')),
    ).toHaveLength(1);
  });

  test('a device that is lost is looked for only a second from then on', async () => {
    const bench = new SpecimenBench();
    const { device } = bench;
    upon(({ type }) => {
      if (type === Command.PAGES) device.alive = false;
    })(device);
    const { results, left } = await bench.conform({ only: ['silent', 'hello', 'gap'] });
    expect(results.map(({ verdict, found }) => [verdict, found])).toEqual([
      ['fail', 'nothing'],
      ['fail', 'nothing within 6000 ms'],
      ['fail', 'nothing within 1000 ms'],
    ]);
    expect(left).toBe('unknown');
  });

  test('a device that comes back is checked on', async () => {
    const bench = new SpecimenBench();
    const { device, clock } = bench;
    let fallen = false;
    upon(({ type }) => {
      if (type !== Command.PAGES || fallen) return;
      fallen = true;
      device.alive = false;
      clock.after(9000, () => {
        device.powerOn();
      });
    })(device);
    const { results, left } = await bench.conform({
      only: ['silent', 'hello', 'gap', 'update'],
    });
    expect(results.map(({ verdict }) => verdict)).toEqual(['fail', 'fail', 'pass', 'pass']);
    expect(left).toBe('unfinished');
  });

  test('a fault during a check fails it, one that was there before does not', async () => {
    const bench = new SpecimenBench();
    bench.device.stay = 8;
    hello(() => ({ stay: 8 }))(bench.device);
    expect(await bench.check('cobs-forms')).toMatchObject({ verdict: 'pass' });
  });

  test('the counter that images need is learned from a refusal', async () => {
    const bench = new SpecimenBench();
    bench.device.update.floor = 7;
    expect(await bench.check('update')).toMatchObject({ verdict: 'pass' });
    expect(
      decode(Header, bench.device.update.installed?.header ?? new Uint8Array()).securityCounter,
    ).toBe(7);
  });

  test('a device that answers the first BEGIN with nothing is checked all the same', async () => {
    const bench = new SpecimenBench();
    answers(Command.BEGIN, (payload, _, count) => (count === 1 ? undefined : payload))(
      bench.device,
    );
    expect(await bench.check('update')).toMatchObject({ verdict: 'pass' });
  });

  test('pages that are too small for the images of the checks', async () => {
    const bench = new SpecimenBench();
    hello(() => ({ pageSize: 128 }))(bench.device);
    const { results, left } = await bench.conform({ only: ['gap'] });
    expect(results[0]).toMatchObject({
      verdict: 'not testable',
      reason: 'the images of the checks need pages of 256 bytes',
    });
    expect(left).toBe('unknown');
  });

  test('it leaves an unfinished image, which nothing starts', async () => {
    const bench = new SpecimenBench();
    await bench.conform({ only: [] });
    const { installed, bootable } = bench.device.update;
    const { version, imageSize } = decode(Header, installed?.header ?? new Uint8Array());
    expect({ valid: installed?.valid, bootable, build: version.build, imageSize }).toEqual({
      valid: false,
      bootable: false,
      build: 100,
      imageSize: 256 + 8,
    });
  });

  test('a device that takes no page is left as nobody knows', async () => {
    const bench = new SpecimenBench();
    answers(Command.DATA, () => refusal(Status.SUPPLY_LOW))(bench.device);
    expect((await bench.conform({ only: [] })).left).toBe('unknown');
  });
});

test('ids are those of the checks, each once, and each covers requirements that there are', () => {
  expect(checkIds()).toEqual(CHECKS.map(({ id }) => id));
  expect(new Set(checkIds()).size).toBe(checkIds().length);
  const covered = new Set(CHECKS.flatMap(({ requirements }) => requirements));
  const open = Object.entries(REQUIREMENTS).filter(([, why]) => why === undefined);
  expect([...covered].sort()).toEqual(open.map(([number]) => number).sort());
});

describe('a stretch of polls', () => {
  const polls = (answered: string): Poll[] =>
    Array.from(answered, (char, i) => ({
      at: 10 * i,
      seq: i,
      answer: char === '+' ? new Uint8Array() : undefined,
    }));
  const stretch = (
    answered: boolean,
    first: number,
    last: number,
    before: number | undefined,
    after: number | undefined,
  ) => ({ answered, first, last, before, after });

  test.each([
    ['', []],
    ['+', [stretch(true, 0, 0, undefined, undefined)]],
    ['--', [stretch(false, 0, 10, undefined, undefined)]],
    [
      '++-+++',
      [
        stretch(true, 0, 10, undefined, 20),
        stretch(false, 20, 20, 10, 30),
        stretch(true, 30, 50, 20, undefined),
      ],
    ],
  ])('%s', (answered, expected) => {
    expect(stretches(polls(answered))).toEqual(expected);
  });
});

test('images are silent longer than a poll takes, and fit into any page from 256 bytes on', () => {
  const info = decode(HelloResponse, new SpecimenBench().device.hello());
  expect(LEAST_PAUSE_MS).toBeGreaterThan(40);
  expect(SMALLEST).toBeLessThan(256 - 4);
  const { bytes, header } = testImage(info, 3, { seed: 5 });
  expect(bytes).toHaveLength(SMALLEST + 4);
  expect(decode(Header, header)).toMatchObject({ securityCounter: 3, imageSize: SMALLEST + 4 });
  expect(encode(Header, decode(Header, header))).toEqual(header);
  expect(testImage(info, 3, { seed: 6 }).bytes).not.toEqual(bytes);
});

describe('streams of the checks are as RFC 1951 has them', () => {
  test.each([1, 1000, 0xffff])('%i bytes stored', (size) => {
    const bytes = noise(3, size);
    expect(new Uint8Array(inflateRawSync(storedStream(bytes)))).toEqual(bytes);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 9, 13, 256, 257, 1024, 24_577, 32_768])(
    'copied from %i back',
    (distance) => {
      const dictionary = noise(5, 32_768);
      for (const size of [
        3, 4, 5, 6, 7, 8, 9, 10, 255, 257, 258, 259, 260, 261, 262, 264, 516, 1024,
      ]) {
        const expected = Uint8Array.from(
          { length: size },
          (_, i) => dictionary[32_768 - distance + (i % distance)] ?? 0,
        );
        const stream = copiedStream(distance, size);
        expect(new Uint8Array(inflateRawSync(stream, { dictionary }))).toEqual(expected);
      }
    },
  );
});
