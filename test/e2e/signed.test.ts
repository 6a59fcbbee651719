// Devices that take signed images alone, from the factory into the field: the real bootloader on the virtual board.
// IAP_SIGNED=full tries every single-bit flip of a header on each core, which takes hours.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  BeginRequest,
  Command,
  decode,
  encode,
  encodeFrame,
  FrameDecoder,
  HelloRequest,
  HelloResponse,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  Refusal,
  Status,
} from '../../protocol/index.js';
import { built, demoImage, type Part, type SteppedBoard } from '../support/board.js';
import { SignedUnit } from '../support/signed-unit.js';
import { expectDemo, expectDone, flash, powerUp, powerUpStepped } from './bench.js';

/** One of each core, and the slow F1 */
const CORES = [
  'stm32f030x8',
  'stm32f100xb',
  'stm32f103xb',
  'stm32f303xc',
] as const satisfies readonly Part[];
const FULL = process.env.IAP_SIGNED === 'full';
const HEADER_BITS = 8 * 256;
/** In a sample every so manieth bit is turned: of the header's middle, where no field has a meaning, and of r and s. */
const SAMPLE_STEP = 211;
/** No answer takes longer, in the board's time. */
const LONGEST_US = 30_000_000;
const IDLE_US = 100_000;
/** linker/bootloader.ld has so much for the stack where signatures are verified [bytes]. */
const STACK = 1792;
const RAM_PIECE = 2048;
const PAINT = 'a5';

describe.each(CORES)('%s', (part) => {
  test('takes what its keys signed, one after the other', async () => {
    const unit = new SignedUnit(part);
    const board = await powerUp(part, { load: unit.flash() });
    const one = unit.package(demoImage(part, 1));
    expectDone(await flash(board, one));
    await expectDemo(board, 1);
    const again = await flash(board, one);
    expectDone(again);
    expect(again.result).toMatchObject({ changed: false, boot: 'started' });
    expectDone(await flash(board, unit.package(demoImage(part, 2), 2)));
    await expectDemo(board, 2);
  });

  test('refuses everything else, and the running application goes on', async () => {
    const unit = new SignedUnit(part);
    const board = await powerUp(part, { load: unit.flash() });
    expectDone(await flash(board, unit.package(demoImage(part, 1))));
    await expectDemo(board, 1);
    const { flashOps } = await board.counters();
    const stranger = new SignedUnit(part);
    for (const image of [stranger.package(demoImage(part, 2)), demoImage(part, 2)]) {
      const { result } = await flash(board, image);
      expect(result).toMatchObject({ ok: false });
    }
    expect((await board.counters()).flashOps).toBe(flashOps);
    await expectDemo(board, 1);
  });

  test(
    'a header with a bit turned over is refused, and nothing is written',
    async () => {
      const unit = new SignedUnit(part);
      const board = powerUpStepped(part, { load: unit.flash() });
      const device = await Bare.call(board);
      const header = unit.header(demoImage(part, 1));
      for (let bit = 0; bit < HEADER_BITS; bit += FULL ? 1 : SAMPLE_STEP) {
        const turned = header.slice();
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { status } = decode(Refusal, await device.begin(turned));
        expect([bit, status]).toEqual([
          bit,
          expect.toSatisfy((s: number) => s >= Status.BAD_HEADER),
        ]);
      }
      expect((await board.counters()).flashOps).toBe(0);
      expect((await device.begin(header))[0]).toBe(Status.OK);
    },
    FULL ? 36_000_000 : 600_000,
  );

  test('verifies within the time that it announces, and keeps to its stack', async () => {
    const unit = new SignedUnit(part);
    const board = powerUpStepped(part, { load: unit.flash() });
    const { bssEnd, stackTop } = symbols(part);
    await board.run(1000);
    // Where the stack is at work already, the paint is not seen.
    for (let at = bssEnd; at < stackTop - 512; at += RAM_PIECE) {
      const size = Math.min(RAM_PIECE, stackTop - 512 - at);
      await board.command(`poke ${at} ${PAINT.repeat(size)}`);
    }
    const device = await Bare.call(board);
    const begun = device.us;
    expect((await device.begin(unit.header(demoImage(part, 1))))[0]).toBe(Status.OK);
    const ms = (device.us - begun) / 1000;
    let painted = '';
    for (let at = bssEnd; at < stackTop - 512; at += RAM_PIECE) {
      const size = Math.min(RAM_PIECE, stackTop - 512 - at);
      painted += String((await board.command(`peek ${at} ${size}`)).hex);
    }
    const untouched = /^(?:a5)*/.exec(painted)?.[0].length ?? 0;
    const stack = stackTop - bssEnd - untouched / 2;
    console.log(
      `${part}: BEGIN of a signed image ${ms.toFixed(0)} ms of ${device.info.beginMs}, ${stack} bytes of stack, ${stackTop - bssEnd} are there`,
    );
    expect(ms).toBeLessThan(device.info.beginMs / 1.5);
    expect(stack).toBeLessThanOrEqual(STACK - 256);
  });
});

function symbols(part: Part): { readonly bssEnd: number; readonly stackTop: number } {
  const elf = built('build', part, 'bootloader-signed.elf');
  const text = execFileSync('arm-none-eabi-nm', [elf], { encoding: 'utf8' });
  const at = (name: string): number =>
    Number.parseInt(new RegExp(`^([0-9a-f]+) . ${name}$`, 'm').exec(text)?.[1] ?? '', 16);
  return { bssEnd: at('link_bss_end'), stackTop: at('link_stack_top') };
}

/** One request after the other, in the board's own time */
class Bare {
  us = 0;
  readonly info: HelloResponse;
  readonly #board: SteppedBoard;
  #seq = 0;

  private constructor(board: SteppedBoard, info: HelloResponse) {
    this.#board = board;
    this.info = info;
  }

  /** Calls in the listening window. */
  static async call(board: SteppedBoard): Promise<Bare> {
    const hello = encode(HelloRequest, {
      ...{ major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, flags: 1, reserved: 0 },
    });
    await board.run(20_000);
    const first = new Bare(board, undefined as unknown as HelloResponse);
    const info = decode(HelloResponse, await first.ask(Command.HELLO, hello));
    const device = new Bare(board, info);
    device.us = first.us;
    return device;
  }

  begin(header: Uint8Array): Promise<Uint8Array> {
    return this.ask(Command.BEGIN, encode(BeginRequest, { flags: 0, header }));
  }

  /** The payload of the answer */
  async ask(type: number, payload: Uint8Array): Promise<Uint8Array> {
    this.#seq = (this.#seq + 1) & 0xff;
    await this.#board.send(encodeFrame({ address: 0, type, seq: this.#seq, payload }));
    const decoder = new FrameDecoder();
    const sent = this.us;
    while (this.us - sent < LONGEST_US) {
      const { timeUs, bytes } = await this.#board.runUntilByte(IDLE_US);
      this.us = timeUs;
      const [found] = decoder.push(bytes);
      if (found?.kind === 'frame') return found.frame.payload;
    }
    throw new Error('no answer');
  }
}
