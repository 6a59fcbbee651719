// What the line for tests of others notes of a host: each breach of docs/protocol.md, and nothing that is right.
import { describe, expect, test } from 'vitest';
import { concat } from '../../host/base/bytes.js';
import { WireChecker } from '../../host/testing/wire-checker.js';
import {
  BURST_START,
  Command,
  DataFlag,
  DataRequest,
  encode,
  encodeFrame,
  type Frame,
  RESPONSE_BIT,
} from '../../protocol/index.js';

const { ASK } = DataFlag;

/** A host on a line that is watched, which counts its frames */
class Host {
  readonly checker = new WireChecker();
  seq = 250;

  frame(type: number, payload: Uint8Array = new Uint8Array(), address = 0): Frame {
    return { address, type, seq: this.seq++ & 0xff, payload };
  }

  data(number: number, flags = 0, size = 10, address = 0): Frame {
    const body = new Uint8Array(size);
    return this.frame(Command.DATA, encode(DataRequest, { number, flags, body }), address);
  }

  burst(...frames: Frame[]): this {
    this.checker.burst(concat([BURST_START, ...frames.map(encodeFrame)]));
    return this;
  }

  answered({ type, ...frame }: Frame): this {
    this.checker.answered({ ...frame, type: type | RESPONSE_BIT });
    return this;
  }

  /** Since the last look */
  get violations(): string[] {
    return this.checker.violations.splice(0);
  }
}

/** Encoded, with its delimiter [bytes] */
const HELLO_SIZE = 4 + 9;

describe('a burst', () => {
  test('begins with a delimiter and has frames in it, which are kept', () => {
    const host = new Host();
    const [hello, boot] = [host.frame(Command.HELLO, new Uint8Array(4)), host.frame(Command.BOOT)];
    host.burst(hello, boot);
    expect(host.violations).toEqual([]);
    expect(host.checker.sent).toEqual([hello, boot]);
    expect([Command.HELLO, Command.BAUD].map((type) => host.checker.count(type))).toEqual([1, 0]);
  });

  test('without one is noted', () => {
    const host = new Host();
    host.checker.burst(encodeFrame(host.frame(Command.BOOT)));
    expect(host.violations).toEqual(['a burst without a delimiter first']);
  });

  test.each([
    ['cobs', Uint8Array.of(9, 1, 0)],
    ['short', Uint8Array.of(3, 1, 1, 0)],
    ['crc', Uint8Array.of(8, 1, 1, 1, 1, 1, 1, 1, 0)],
  ])('of what is no frame is noted: %s', (reason, bytes) => {
    const host = new Host();
    host.checker.burst(concat([BURST_START, bytes]));
    expect(host.violations).toEqual([`the host sent what is no frame: ${reason}`]);
    expect(host.checker.sent).toEqual([]);
  });
});

describe('seq', () => {
  test('counts up, over 255 too', () => {
    const host = new Host();
    for (let i = 0; i < 10; i++) host.burst(host.frame(Command.HELLO));
    expect(host.violations).toEqual([]);
  });

  test.each([
    ['the same again', -1],
    ['one left out', 1],
    ['one back', -2],
  ])('%s is noted', (_, by) => {
    const host = new Host();
    host.burst(host.frame(Command.HELLO));
    host.seq += by;
    host.burst(host.frame(Command.HELLO));
    expect(host.violations).toEqual(['a seq used again or skipped']);
    host.burst(host.frame(Command.HELLO));
    expect(host.violations).toEqual([]);
  });

  test('of another host program begins anywhere', () => {
    const host = new Host();
    host.burst(host.frame(Command.HELLO));
    host.checker.newHost();
    host.seq = 7;
    host.burst(host.frame(Command.HELLO));
    expect(host.violations).toEqual([]);
  });
});

describe('DATA', () => {
  test('asks in the last frame of a burst', () => {
    const host = new Host();
    host.burst(host.data(0), host.data(1), host.data(2, ASK));
    expect(host.violations).toEqual([]);
    host.burst(host.data(3, ASK), host.data(4));
    expect(host.violations).toEqual(['a burst that ends without asking']);
  });

  test('has numbers that go on, or back; not ahead', () => {
    const host = new Host();
    for (const number of [65_534, 65_535, 0, 65_534, 65_535]) host.burst(host.data(number, ASK));
    expect(host.violations).toEqual([]);
    host.burst(host.data(1, ASK));
    expect(host.violations).toEqual(['frame number 1 after 65535']);
    host.burst(host.data(2, ASK));
    expect(host.violations).toEqual([]);
  });

  test('that only asks has any number', () => {
    const host = new Host();
    host.burst(host.data(5, ASK), host.data(900, ASK, 0), host.data(6, ASK));
    expect(host.violations).toEqual([]);
  });

  test('begins anywhere after BEGIN', () => {
    const host = new Host();
    host.burst(host.data(900, ASK), host.frame(Command.BEGIN), host.data(0, ASK));
    expect(host.violations).toEqual([]);
    host.burst(host.frame(Command.END), host.data(9, ASK));
    expect(host.violations).toEqual(['frame number 9 after 0']);
  });

  test.each([
    [127, []],
    [128, ['too many unanswered']],
  ])('of %i frames that nobody answered', (count, noted) => {
    const host = new Host();
    for (let i = 0; i < count; i++) host.burst(host.data(i, ASK));
    expect(host.violations).toEqual(noted);
  });

  test('calls are not counted where nobody answers', () => {
    const host = new Host();
    for (let i = 0; i < 200; i++) host.burst(host.frame(Command.HELLO));
    expect(host.violations).toEqual([]);
  });

  test('an answer is for all before it; one that comes twice or late for nothing more', () => {
    const host = new Host();
    const frames = Array.from({ length: 100 }, (_, i) => host.data(i, ASK));
    for (const frame of frames) host.burst(frame);
    host.answered(frames[60] as Frame).answered(frames[3] as Frame);
    for (let i = 100; i < 188; i++) host.burst(host.data(i, ASK));
    expect(host.violations).toEqual([]);
    host.burst(host.data(188, ASK));
    expect(host.violations).toEqual(['too many unanswered']);
  });

  test('an answer is to a frame of its type and its seq, the newest', () => {
    const host = new Host();
    const first = host.data(0, ASK);
    host.burst(first);
    for (let i = 1; i < 100; i++) host.burst(host.data(i, ASK));
    host.answered({ ...first, type: Command.HELLO }).answered({ ...first, seq: 249 });
    for (let i = 100; i < 127; i++) host.burst(host.data(i, ASK));
    expect(host.violations).toEqual([]);
    host.burst(host.data(127, ASK));
    expect(host.violations).toEqual(['too many unanswered']);
  });

  test('of another host program: nothing of the earlier one is on its way', () => {
    const host = new Host();
    host.checker.window = 400;
    const old = host.data(0, ASK, 300);
    host.burst(old);
    host.checker.newHost();
    for (let i = 0; i < 3; i++) host.burst(host.data(1 + i, ASK, 110));
    expect(host.violations).toEqual([]);
    host.answered(old).burst(host.data(4, ASK, 100));
    expect(host.violations).toEqual(['window overrun']);
  });
});

describe('the window', () => {
  /** On the wire, encoded, with its delimiter and the one before its burst [bytes] */
  const sizeOf = (body: number): number => body + 3 + 9;

  test.each([
    [0, []],
    [1, ['window overrun']],
  ])('holds all that is unanswered, and %i bytes more are noted', (more, noted) => {
    const host = new Host();
    host.checker.window = 2 * (1 + sizeOf(100));
    host.burst(host.data(0, ASK, 100)).burst(host.data(1, ASK, 100 + more));
    expect(host.violations).toEqual(noted);
  });

  test('has room again for what was answered', () => {
    const host = new Host();
    host.checker.window = 2 * (1 + sizeOf(100));
    const frames = [0, 1, 2].map((number) => host.data(number, ASK, 100));
    const [first, second, third] = frames as [Frame, Frame, Frame];
    host.burst(first).burst(second).answered(first).burst(third);
    expect(host.violations).toEqual([]);
    host.burst(host.data(3, ASK, 0));
    expect(host.violations).toEqual(['window overrun']);
  });

  test('counts what is no DATA, too', () => {
    const host = new Host();
    host.checker.window = 1 + HELLO_SIZE + 1 + sizeOf(100);
    host.burst(host.frame(Command.HELLO, new Uint8Array(4))).burst(host.data(0, ASK, 101));
    expect(host.violations).toEqual(['window overrun']);
  });

  test.each([
    [0, []],
    [1, ['more than a quarter window without asking']],
  ])('is asked about once a quarter; %i bytes more are noted', (more, noted) => {
    const host = new Host();
    host.checker.window = 4 * (1 + 2 * sizeOf(100));
    host.burst(host.data(0, 0, 100), host.data(1, 0, 100 + more), host.data(2, ASK, 100));
    expect(host.violations).toEqual(noted);
    // From the frame that asked
    host.burst(host.data(3, 0, 100), host.data(4, 0, 99), host.data(5, ASK, 1));
    expect(host.violations).toEqual([]);
  });

  test.each([Command.HELLO, Command.PAGES])('any other request (%i) asks as well', (type) => {
    const host = new Host();
    host.checker.window = 4 * (1 + 2 * sizeOf(100));
    host.burst(host.data(0, 0, 100), host.frame(type), host.data(1, 0, 190), host.data(2, ASK, 9));
    expect(host.violations).toEqual([]);
  });

  test('nobody has said: none', () => {
    const host = new Host();
    for (let i = 0; i < 50; i++)
      host.burst(host.data(2 * i, 0, 900), host.data(2 * i + 1, ASK, 900));
    expect(host.violations).toEqual([]);
  });
});

describe('on a half-duplex pair', () => {
  test('a burst asks in its last frame alone, however long it is', () => {
    const host = new Host();
    host.checker.halfDuplex = true;
    host.checker.window = 400;
    host.burst(host.data(0, 0, 100), host.data(1, 0, 100), host.data(2, ASK, 100));
    expect(host.violations).toEqual([]);
    host.burst(host.data(3, ASK, 1), host.data(4, ASK, 1));
    expect(host.violations).toEqual(['a burst that asks before its end']);
  });
});

describe('where several devices share the line', () => {
  function shared(): Host {
    const host = new Host();
    host.checker.shared = true;
    host.checker.window = 400;
    return host;
  }

  test('what goes to all asks nobody, and is not counted', () => {
    const host = shared();
    for (let i = 0; i < 20; i++) host.burst(host.data(7 * i, 0, 300));
    expect(host.violations).toEqual([]);
    host.burst(host.data(0, ASK));
    expect(host.violations).toEqual(['all devices asked at once']);
  });

  test('who is asked by its address may be asked whatever is on its way', () => {
    const host = shared();
    host.burst(host.data(0, 0, 350)).burst(host.data(0, ASK, 0, 3));
    expect(host.violations).toEqual([]);
    host.burst(host.data(0, ASK, 350, 3));
    expect(host.violations).toEqual(['window overrun']);
  });
});
