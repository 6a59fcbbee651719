// What is known of parts and boards: the JSON files of bootloader-c/, held against their schemas. Pure.
import { parseJson } from '../base/json.js';

export type Core = 'cortex-m0' | 'cortex-m3' | 'cortex-m4';

/** Addresses from `from` up to, not including, `to` */
export interface AddressRange {
  readonly from: number;
  readonly to: number;
}

/** A microcontroller (bootloader-c/part.schema.json) */
export interface Part {
  readonly name: string;
  readonly family: string;
  readonly core: Core;
  readonly flash: AddressRange;
  /** Bytes erased at once */
  readonly page: number;
  readonly ram: AddressRange;
  /** Core-coupled RAM, where the part has some */
  readonly ccm?: AddressRange;
  /** Words of the vector table, the stack pointer included */
  readonly vectors: number;
}

/** A part that this package knows without its file */
export interface KnownPart extends Part {
  /** Product id that its ROM bootloader tells (AN2606) */
  readonly pid: number;
  /** Addresses of the flash size [KB, 16 bits] and of the 96-bit unique id */
  readonly flashSizeRegister: number;
  readonly uniqueId: number;
}

/** A part on a board, and where its bootloader has applications (bootloader-c/board.schema.json) */
export interface Board {
  readonly name: string;
  readonly part: Part;
  readonly appBase: number;
  /** First address behind the application area */
  readonly appEnd: number;
  /** Clock of the bootloader's UART [Hz] and its highest rate [baud] */
  readonly clockHz: number;
  readonly maxRate: number;
  /** Pins of that UART; undefined for a board that does not say */
  readonly pins?: { readonly tx: string; readonly rx: string };
  /** Trial boots of an image that wants confirmation */
  readonly trials: number;
  /** Its line is a half-duplex pair, with a driver that it switches; missing where that is not known */
  readonly halfDuplex?: boolean;
}

interface Memory {
  readonly base: string;
  readonly size: number;
}

interface PartText {
  readonly name: string;
  readonly family: string;
  readonly core: Core;
  readonly flash: Memory & { readonly page: number };
  readonly ram: Memory;
  readonly ccm?: Memory;
  readonly vectors: number;
}

interface BoardText {
  readonly name: string;
  readonly part: string;
  readonly clock: { readonly hz: number };
  readonly usart: {
    readonly instance: number;
    readonly tx: string;
    readonly rx: string;
    readonly maxRate: number;
  };
  readonly appBase: string;
  readonly appEnd: string | null;
  readonly trials: number;
  readonly rs485?: object;
}

/**
 * @param file its name, for errors
 * @throws IapError DESCRIPTION_WRONG
 */
export function parsePart(text: string, file: string, schema: object): Part {
  const { name, family, core, flash, ram, ccm, vectors } = parseJson<PartText>(text, file, schema);
  return {
    name,
    family,
    core,
    flash: rangeOf(flash),
    page: flash.page,
    ram: rangeOf(ram),
    ...(ccm ? { ccm: rangeOf(ccm) } : {}),
    vectors,
  };
}

/**
 * @param file its name, for errors
 * @param partOf gives the part of this name
 * @throws IapError DESCRIPTION_WRONG
 */
export async function parseBoard(
  text: string,
  file: string,
  schema: object,
  partOf: (name: string) => Promise<Part>,
): Promise<Board> {
  const board = parseJson<BoardText>(text, file, schema);
  const part = await partOf(board.part);
  return {
    name: board.name,
    part,
    appBase: Number(board.appBase),
    appEnd: board.appEnd === null ? part.flash.to : Number(board.appEnd),
    // APB1, where USART2 and 3 are, is half as fast but on the STM32F0 (bootloader-c/generate/usarts.mjs).
    clockHz:
      board.usart.instance > 1 && part.core !== 'cortex-m0' ? board.clock.hz / 2 : board.clock.hz,
    maxRate: board.usart.maxRate,
    pins: { tx: board.usart.tx, rx: board.usart.rx },
    trials: board.trials,
    halfDuplex: board.rs485 !== undefined,
  };
}

function rangeOf({ base, size }: Memory): AddressRange {
  return { from: Number(base), to: Number(base) + size };
}
