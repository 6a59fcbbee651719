// The boards there are: bootloader-c/boards, with what their parts are. A new board is tested without a change here, unless the
// virtual board has no family that is like its part's.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LINK_OPTIONS } from '../../host/cli/options.js';
import { BOOTLOADER_BASE } from '../../protocol/index.js';

/** Boards that tests name. Each is called as its part, but for one with another APP_BASE. */
export type Part =
  | 'stm32f030x8'
  | 'stm32f030x8-24k'
  | 'stm32f030x8-rs485'
  | 'stm32f072xb'
  | 'stm32f100xb'
  | 'stm32f103xb'
  | 'stm32f103xe'
  | 'stm32f103xe-rs485'
  | 'stm32f303xc';

export interface BoardFacts {
  /** Options of the virtual board that make its part this board */
  readonly options: readonly string[];
  /** Its line is a half-duplex pair */
  readonly pair: boolean;
  /** Name of the silicon */
  readonly part: string;
  /** Family as which the virtual board runs it */
  readonly family: string;
  readonly core: string;
  readonly flashSize: number;
  readonly pageSize: number;
  readonly ramSize: number;
  /** Default and highest rate [baud] */
  readonly rate: number;
  readonly maxRate: number;
  /** Listening window */
  readonly listenMs: number;
  readonly appBase: number;
  /** Bytes of the largest application */
  readonly appSize: number;
  /** Address of the vectors that are in force while an application runs */
  readonly vectors: number;
}

interface PartFile {
  readonly family: string;
  readonly virtualBoard?: string | null;
  readonly core: string;
  readonly flash: { readonly size: number; readonly page: number };
  readonly ram: { readonly base: string; readonly size: number };
}

interface BoardFile {
  readonly name: Part;
  readonly part: string;
  readonly usart: { readonly instance: number; readonly rate: number; readonly maxRate: number };
  readonly rs485?: { readonly de: string; readonly activeHigh: boolean };
  readonly clock: { readonly hse?: { readonly hz: number } };
  readonly listenMs: number;
  readonly appBase: string;
  readonly appEnd: string | null;
}

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));

/** A board on a half-duplex pair: the pin that enables its driver */
function enableOptions({ rs485 }: BoardFile): string[] {
  return rs485 ? ['--de', `${rs485.de}:${rs485.activeHigh ? 'high' : 'low'}`] : [];
}

function load(file: string): [Part, BoardFacts][] {
  const board = read('bootloader-c', 'boards', file) as BoardFile;
  const part = read('bootloader-c', 'parts', `${board.part}.json`) as PartFile;
  const { core, flash, ram, virtualBoard: family = part.family } = part;
  if (family === null) return [];
  const appBase = Number(board.appBase);
  const appEnd = Number(board.appEnd ?? BOOTLOADER_BASE + flash.size);
  const facts = {
    options: [
      ...['--app-base', board.appBase, '--uart', `${board.usart.instance}`],
      ...(board.clock.hse ? ['--hse', `${board.clock.hse.hz}`] : []),
      ...enableOptions(board),
    ],
    pair: board.rs485 !== undefined,
    part: board.part,
    family,
    core,
    flashSize: flash.size,
    pageSize: flash.page,
    ramSize: ram.size,
    rate: board.usart.rate,
    maxRate: board.usart.maxRate,
    listenMs: board.listenMs,
    appBase,
    appSize: appEnd - appBase,
    // A Cortex-M0 has no vector table offset register: SRAM is shown at address 0.
    vectors: core === 'cortex-m0' ? Number(ram.base) : appBase,
  };
  return [[board.name, facts]];
}

export const PARTS = Object.fromEntries(
  readdirSync(join('bootloader-c', 'boards')).sort().flatMap(load),
) as Readonly<Record<Part, BoardFacts>>;

/** Those with a wire each way, on which an application may print */
export const PART_NAMES = (Object.keys(PARTS) as Part[]).filter((name) => !PARTS[name].pair);

/** Those on a half-duplex pair */
export const PAIRS = (Object.keys(PARTS) as Part[]).filter((name) => PARTS[name].pair);
export const BOARD_NAMES: readonly Part[] = [...PART_NAMES, ...PAIRS];

/** Options of the virtual board that make its part this board */
export function boardOptions(name: Part): string[] {
  return [...PARTS[name].options];
}

/** Options of the command that make it find this board: none on a wire at the command's own default rate */
export function hostOptions(name: Part): string[] {
  const { rate, pair } = PARTS[name];
  return [
    ...(rate === LINK_OPTIONS['initial-baud'].default ? [] : ['--initial-baud', `${rate}`]),
    ...(pair ? ['--half-duplex'] : []),
  ];
}
