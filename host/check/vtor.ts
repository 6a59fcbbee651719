// Code that moves the vector table: SystemInit of many projects sets VTOR to the start of flash, where the bootloader's vectors are.
import { hex32 } from '../base/text.js';
import { FLASH_BASE } from '../image/areas.js';
import type { AddressRange } from '../parts/parts.js';
import type { Finding } from './finding.js';
import type { Store } from './thumb-cpu.js';

export function vtorFindings(
  stores: readonly Store[],
  appBase: number,
  rams: readonly AddressRange[],
): Finding[] {
  return stores.flatMap(({ at, value }) => {
    if (value === appBase) return [];
    if (value === undefined) return [unknown(at, appBase)];
    if (rams.some(({ from, to }) => value >= from && value < to)) return [];
    return [elsewhere(at, value, appBase)];
  });
}

function elsewhere(at: number, value: number, appBase: number): Finding {
  const bootloader = value === FLASH_BASE || value === 0;
  return {
    ...common(appBase),
    id: 'vtor-elsewhere',
    message: `code at ${hex32(at)} sets SCB->VTOR to ${hex32(value)}; the vector table is at ${hex32(appBase)}${bootloader ? ', so the first interrupt would run into the bootloader' : ''}`,
    found: `SCB->VTOR = ${hex32(value)} at ${hex32(at)}`,
    details: { at, value, appBase },
  };
}

function unknown(at: number, appBase: number): Finding {
  return {
    ...common(appBase),
    id: 'vtor-unknown',
    message: `code at ${hex32(at)} sets SCB->VTOR to a value that can not be told from the code; it must be ${hex32(appBase)}, or a copy of the table in RAM`,
    found: `SCB->VTOR is computed at ${hex32(at)}`,
    details: { at, appBase },
  };
}

function common(
  appBase: number,
): Pick<Finding, 'severity' | 'code' | 'expected' | 'hint' | 'fixes'> {
  const offset = `0x${(appBase - FLASH_BASE).toString(16).toUpperCase()}`;
  const define = `#define VECT_TAB_OFFSET ${offset} in system_stm32xxxx.c`;
  return {
    // Code that is never run does no harm, and that can not be told.
    severity: 'warning',
    code: 'IMAGE_VECTORS',
    expected: `SCB->VTOR = ${hex32(appBase)}, or left as the bootloader sets it`,
    hint: `set VECT_TAB_OFFSET to ${offset} for SystemInit, or take the line with SCB->VTOR out: the bootloader has set it`,
    fixes: {
      gcc: `${define}, with USER_VECT_TAB_ADDRESS defined where the file asks for it`,
      keil: define,
      iar: define,
    },
  };
}
