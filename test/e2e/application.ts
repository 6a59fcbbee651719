// An application that answers the host, on a board in lockstep.
import { readFileSync } from 'node:fs';
import { factoryImage } from '../../host/factory/factory.js';
import { loadImage } from '../../host/image/load.js';
import { loadBoard } from '../../host/node/board-file.js';
import {
  BOOTLOADER_BASE,
  BURST_START,
  Command,
  decode,
  encode,
  encodeFrame,
  FrameDecoder,
  HelloRequest,
  HelloResponse,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
} from '../../protocol/index.js';
import {
  bootloaderFile,
  type Mistake,
  PARTS,
  type Part,
  type SteppedBoard,
} from '../support/board.js';
import { powerUpStepped, tempDir } from './bench.js';

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** The flash of a unit as the factory makes it, with this application */
export async function factoryFlash(board: Part, elf: string): Promise<Uint8Array> {
  const regions = factoryImage({
    board: await loadBoard(board),
    bootloader: loadImage(read(bootloaderFile(board)), { base: BOOTLOADER_BASE }),
    app: loadImage(read(elf)),
  });
  const whole = new Uint8Array(PARTS[board].flashSize).fill(0xff);
  for (const { address, bytes } of regions) whole.set(bytes, address - BOOTLOADER_BASE);
  return whole;
}

/** Such a unit, when it has started its application */
export async function started(
  board: Part,
  elf: string,
  allowed: readonly Mistake[] = ['overruns'],
): Promise<SteppedBoard> {
  const stepped = powerUpStepped(board, {
    flash: tempDir().write('flash.bin', await factoryFlash(board, elf)),
    allowed,
  });
  await stepped.run(400_000);
  return stepped;
}

export async function ask(
  board: SteppedBoard,
  command: number,
  payload: Uint8Array = new Uint8Array(),
) {
  await board.send(BURST_START);
  await board.send(encodeFrame({ address: 0, type: command, seq: 1, payload }));
}

export async function hello(
  board: SteppedBoard,
  waitUs = 100_000,
): Promise<HelloResponse | undefined> {
  const request = { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, flags: 0, reserved: 0 };
  await ask(board, Command.HELLO, encode(HelloRequest, request));
  const [answer] = answersIn((await board.run(waitUs)).bytes);
  return answer && decode(HelloResponse, answer);
}

/** The payloads of all frames in what came */
export function answersIn(bytes: Uint8Array): Uint8Array[] {
  return new FrameDecoder()
    .push(bytes)
    .flatMap((decoded) => (decoded.kind === 'frame' ? [decoded.frame.payload] : []));
}

/** What the application prints meanwhile */
export async function printed(board: SteppedBoard): Promise<string> {
  return Buffer.from((await board.run(200_000)).bytes).toString('latin1');
}

/** What a host at another rate sends: to the device, noise with framing errors */
export async function wrongRate(board: SteppedBoard): Promise<void> {
  await board.command('rate 9600');
  await board.send(new Uint8Array(40).map((_, i) => 37 * i));
  await board.run(200_000);
  await board.command('rate device');
}
