// What happens after a reset, to the microsecond: board and host in lockstep, so that waiting costs nothing.
import { describe, expect, test } from 'vitest';
import {
  BaudRequest,
  BURST_START,
  Command,
  decode,
  encode,
  encodeFrame,
  FrameDecoder,
  HelloFlag,
  HelloRequest,
  HelloResponse,
  IDLE_MS,
  LISTEN_MS,
  Mode,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  RATE_IDLE_MS,
  RATE_PROOF_MS,
  RESPONSE_BIT,
  Status,
  Stay,
} from '../../protocol/index.js';
import {
  demoImage,
  demoLines,
  PART_NAMES,
  PARTS,
  type Part,
  type SteppedBoard,
} from '../support/board.js';
import { expectLines, installedFlash, powerUpStepped, tempDir } from './bench.js';

const LARGE = 96 * 1024; // or as large as the board takes
/** Beyond the window: start-up, a reset, the application's own start; the image is checked meanwhile... */
const START_MS = 20;
/** ... and once more by the pass that jumps [ms for 1 KiB]: 2.4 cycles a byte by the CRC unit, at 24 MHz; software takes 30 and more */
const CHECK_MS = 0.2;
/** 50 ms, and an answer of 240 bytes on the line [us] */
const ANSWER_US = 75_000;

const sizeOn = (part: Part): number => Math.min(LARGE, PARTS[part].appSize);

async function withApp(part: Part, allowed: 'faults'[] = []): Promise<SteppedBoard> {
  const flash = await installedFlash(part, 'large v1', demoImage(part, 1, sizeOn(part)));
  const file = tempDir().write('flash.bin', flash);
  return powerUpStepped(part, { flash: file, allowed });
}

let seq = 0;

/** The payload of the answer, if one comes within the time an idle bootloader may take */
async function exchange(
  board: SteppedBoard,
  type: number,
  payload: Uint8Array,
): Promise<Uint8Array | undefined> {
  seq = (seq + 1) & 0xff;
  await board.send(BURST_START);
  await board.send(encodeFrame({ address: 0, type, seq, payload }));
  const { bytes } = await board.run(ANSWER_US);
  for (const decoded of new FrameDecoder().push(bytes)) {
    if (decoded.kind !== 'frame') continue;
    const { frame } = decoded;
    if (frame.type === (type | RESPONSE_BIT) && frame.seq === seq) return frame.payload;
  }
  return undefined;
}

async function hello(board: SteppedBoard, hold = false): Promise<HelloResponse | undefined> {
  const flags = hold ? HelloFlag.HOLD : 0;
  const request = { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, flags, reserved: 0 };
  const answer = await exchange(board, Command.HELLO, encode(HelloRequest, request));
  return answer && decode(HelloResponse, answer);
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe.each(PART_NAMES)('%s', (part) => {
  const { listenMs } = PARTS[part];
  const latestMs = listenMs + START_MS + (sizeOn(part) / 1024) * CHECK_MS;

  test('nobody calls: not one byte from the bootloader, and the application after the window', async () => {
    const board = await withApp(part);
    for (const how of ['power', 'pin']) {
      if (how === 'pin') await board.command('reset');
      const from = await time(board);
      const first = await board.runUntilByte(5_000_000);
      const ms = (first.timeUs - from) / 1000;
      console.log(`${part}: the application's first byte ${ms.toFixed(1)} ms after ${how} reset`);
      expect(ms).toBeGreaterThan(listenMs);
      expect(ms).toBeLessThan(latestMs);
      const rest = await board.run(1_200_000);
      const output = text(first.bytes) + text(rest.bytes);
      // All of it is the application's.
      expect(output).toMatch(/^demo 1: tick \d+, [^\r]*\r\n/);
      const lines = demoLines(output);
      expect(lines).toHaveLength(3);
      expectLines(lines, 1, PARTS[part]);
      expect(lines[0]?.stay).toBe(Stay.NONE);
    }
  });

  test('HELLO without hold only asks: the application starts in time', async () => {
    const board = await withApp(part);
    await board.command('reset');
    const from = await time(board);
    await board.run(20_000);
    expect(await hello(board)).toMatchObject({ mode: Mode.BOOTLOADER });
    const first = await board.runUntilByte(5_000_000);
    expect((first.timeUs - from) / 1000).toBeLessThan(latestMs);
    await board.run(1_000_000);
    expect(await hello(board)).toMatchObject({ mode: Mode.APP });
  });

  // DMA of the F0 and F3 gets no byte with noise in it, and at the edge of the tolerance every one has.
  test.each([7_720_000, 8_280_000])('an oscillator of %i Hz is heard', async (hz) => {
    const board = powerUpStepped(part, { args: ['--hsi', `${hz}`] });
    await board.command(`rate ${PARTS[part].rate}`);
    await board.run(20_000);
    for (let i = 0; i < 10; i++) {
      expect(await hello(board)).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.NO_RECORD });
    }
  });

  test('a bit that has tipped in the application: it stays, says why, and never starts it', async () => {
    const board = await withApp(part);
    const address = `0x${(PARTS[part].appBase + 30_000).toString(16)}`;
    const { hex } = await board.command(`peek ${address} 2`);
    const word = Number.parseInt(String(hex), 16) ^ 0x0100;
    await board.command(`poke ${address} ${word.toString(16).padStart(4, '0')}`);
    await board.command('power cycle');
    expect((await board.run(1_000_000)).bytes).toHaveLength(0);
    expect(await hello(board)).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.IMAGE_BAD });
    // Put right again it starts at the next boot: nothing was written meanwhile.
    await board.command(`poke ${address} ${String(hex)}`);
    await board.command('power cycle');
    expectLines(demoLines(text((await board.run(2_000_000)).bytes)), 1, PARTS[part]);
    expect((await board.counters()).flashOps).toBe(0);
  });
});

// On the part with the slowest clock, whose idle seconds cost least.
test('a button held at reset keeps the bootloader, but does not park the product', async () => {
  const board = await withApp('stm32f100xb');
  await board.run(1_000_000);
  await board.command('button press');
  await board.command('reset');
  const from = await time(board);
  expect((await board.run(2_000_000)).bytes).toHaveLength(0);
  expect(await hello(board)).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.BUTTON });

  // HELLO without hold does not count: it leaves when its idle time is over, the button still down.
  const first = await board.runUntilByte(20_000_000);
  const ms = (first.timeUs - from) / 1000;
  expect(ms).toBeGreaterThan(IDLE_MS);
  expect(ms).toBeLessThan(IDLE_MS + LISTEN_MS + START_MS);
  const rest = await board.run(20_000_000);
  const lines = demoLines(text(first.bytes) + text(rest.bytes));
  expectLines(lines, 1);
  expect(lines.length).toBeGreaterThan(38); // it goes on
  expect(lines[0]?.stay).toBe(Stay.BUTTON);
  expect(await hello(board)).toMatchObject({ mode: Mode.APP, stay: Stay.BUTTON });
});

test('HELLO with hold in the window keeps it, and only as long as it is repeated', async () => {
  const board = await withApp('stm32f100xb');
  await board.command('reset');
  await board.run(20_000);
  expect(await hello(board, true)).toMatchObject({ mode: Mode.BOOTLOADER });
  await board.run(6_000_000);
  expect(await hello(board, true)).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.HOST });
  const from = await time(board);
  const first = await board.runUntilByte(20_000_000);
  expect((first.timeUs - from) / 1000).toBeGreaterThan(IDLE_MS - 100);
  expect((first.timeUs - from) / 1000).toBeLessThan(IDLE_MS + LISTEN_MS + START_MS);
  const lines = demoLines(text(first.bytes) + text((await board.run(1_000_000)).bytes));
  expectLines(lines, 1);
  expect(lines[0]?.stay).toBe(Stay.HOST);
});

test('a changed rate is given up after a second without proof, and after three seconds of silence', async () => {
  const board = await withApp('stm32f100xb');
  for (const proven of [false, true]) {
    await board.command('rate 115200');
    await board.command('reset');
    await board.run(20_000);
    expect(await hello(board, true)).toBeDefined();
    expect((await exchange(board, Command.BAUD, encode(BaudRequest, { rate: 921_600 })))?.[0]).toBe(
      Status.OK,
    );
    await board.command('rate 921600');
    if (proven) expect(await hello(board, true)).toBeDefined();
    await board.run((proven ? RATE_IDLE_MS : RATE_PROOF_MS) * 1000 - 200_000);
    expect((await board.counters()).baud).toBeGreaterThan(900_000);
    await board.run(250_000);
    await board.command('rate 115200');
    expect(await hello(board)).toMatchObject({ mode: Mode.BOOTLOADER, stay: Stay.HOST });
  }
});

async function time(board: SteppedBoard): Promise<number> {
  return (await board.counters()).virtualTimeUs;
}
