// @ts-check
// parts/*.json and boards/*.json → MEMORY blocks, the bootloader's board headers and CMake presets, the tables of parts of
// host and virtual board, and the power-cut exploration's of boards. With --check nothing is written.
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { emit, fail, readJson, root } from '../../scripts/generated.mjs';
import { clockOf } from './clocks.mjs';
import { kitHeader } from './kit-header.mjs';
import { driverEnableOf, usartOf } from './usarts.mjs';

const ajv = new Ajv({ allErrors: true });
const constants = new Map(
  readJson('protocol/protocol.json').constants.map((/** @type {any} */ c) => [
    c.name,
    Number(c.value),
  ]),
);

const MAILBOX_SIZE = 32; // bytes: what the structure mailbox adds up to; the C sources assert it
const IDENTITY_SIZE = 64; // bytes, as the mailbox's
const KEYS_SIZE = 320; // bytes, as the mailbox's
const PROTECTED = 4096; // bytes that one bit of write protection covers

/** @param {string} name @returns {number} */
function constant(name) {
  const value = constants.get(name);
  if (value === undefined) throw new Error(`protocol.json has no ${name}`);
  return value;
}

/** Every file of a folder, validated and by name.
 * @param {string} folder @param {string} schema @returns {Map<string, any>} */
function load(folder, schema) {
  const validate = ajv.compile(readJson(schema));
  const all = new Map();
  for (const file of readdirSync(resolve(root, folder)).sort()) {
    const value = readJson(`${folder}/${file}`);
    if (!validate(value)) fail(`${folder}/${file}`, validate.errors);
    if (`${value.name}.json` !== basename(file))
      throw new Error(`${folder}/${file}: its name is ${value.name}`);
    all.set(value.name, value);
  }
  return all;
}

/** @param {number} value */
const hex = (value) => `0x${value.toString(16).padStart(8, '0')}`;

/** @param {any} board @param {any} part */
function check(board, part) {
  /** @param {boolean} ok @param {string} what */
  const must = (ok, what) => {
    if (!ok) throw new Error(`bootloader-c/boards/${board.name}.json: ${what}`);
  };
  const base = Number(part.flash.base);
  const appBase = Number(board.appBase);
  const appEnd = Number(board.appEnd ?? base + part.flash.size);
  must(board.clock.hz <= part.maxClockHz, `${part.name} runs at ${part.maxClockHz} Hz at most`);
  const waitStates = Math.ceil(board.clock.hz / 24e6) - 1;
  must(
    board.clock.flashWaitStates === waitStates,
    `the flash needs ${waitStates} wait states at ${board.clock.hz} Hz`,
  );
  must(
    part.family !== 'stm32f1' || part.flash.size <= 512 * 1024,
    `${part.name} has two banks of flash, each with a controller of its own: this bootloader knows one`,
  );
  const clock = clockOf(part, board.clock, must);
  const usart = usartOf(part, board.usart, virtualBoard(part) ?? part.family, must);
  checkPins(board, part, must);
  must(
    appBase % part.flash.page === 0 && appEnd % part.flash.page === 0,
    'appBase and appEnd are whole pages',
  );
  const record = appBase - 2 * area;
  must(
    record % PROTECTED === 0 && record > base,
    `appBase is a multiple of ${PROTECTED}, with the bootloader and ${appBase - record} bytes of boot record below it`,
  );
  const table = 2 ** Math.ceil(Math.log2(4 * part.vectors));
  must(
    appBase % table === 0,
    `appBase is a multiple of ${table}, as the vector table of ${part.name} wants`,
  );
  must(
    appEnd > appBase && appEnd <= base + part.flash.size,
    'appEnd lies behind appBase, within the flash',
  );
  must(area % part.flash.page === 0, 'a record area is whole pages');
  must(
    board.ring - 256 >= constant('MIN_WINDOW'),
    `the ring leaves a window of ${constant('MIN_WINDOW')}`,
  );
  return { base, appBase, appEnd, record, clock, usart };
}

/** Threshold below which flash is not erased [mV]; 0: nothing is looked at. @param {any} board @param {any} part */
function supplyOf({ name, supplyMv }, { name: partName, pvd = true }) {
  if (supplyMv && !pvd)
    throw new Error(
      `bootloader-c/boards/${name}.json: supplyMv is ${supplyMv}, and ${partName} has no voltage detector: leave it out`,
    );
  return (supplyMv === undefined && pvd ? 2700 : supplyMv) ?? 0;
}

/** Lines of board.h for a half-duplex pair. @param {any} board @param {string} family whose USARTs the part has */
function halfDuplex({ rs485, usart }, family) {
  if (!rs485) return '#define BOARD_HALF_DUPLEX 0\n#define BOARD_DE_BY_USART 0';
  const { de, activeHigh, turnRoundMs } = rs485;
  const alternate = driverEnableOf(family, usart.instance, de);
  return `#define BOARD_HALF_DUPLEX 1
#define BOARD_DE_BY_USART ${alternate === undefined ? 0 : 1}
#define BOARD_DE_PORT ${portOf(de)}u
#define BOARD_DE_PIN ${bitOf(de)}u
#define BOARD_DE_FUNCTION ${alternate ?? 0}u
#define BOARD_DE_ACTIVE_HIGH ${activeHigh ? 1 : 0}
#define BOARD_TURN_ROUND_MS ${turnRoundMs}u`;
}

/** Port 0 is GPIOA. @param {string} pin */
const portOf = (pin) => 'ABCDEF'.indexOf(pin[1] ?? '');
/** @param {string} pin */
const bitOf = (pin) => Number(pin.slice(2));

/** RM0008 9.3.5: nothing else drives them while AFIO_MAPR.SWJ_CFG is as after a reset. */
const DEBUG_PINS = ['PA13', 'PA14', 'PA15', 'PB3', 'PB4'];

/** @param {any} board @param {any} part @param {(ok: boolean, what: string) => void} must */
function checkPins({ usart, rs485, button, pins = [], watchdogPin }, part, must) {
  const { ports = 'ABCDE' } = part;
  const wired = [usart.tx, usart.rx, rs485?.de, button?.pin];
  const used = [...wired, ...pins.map((/** @type {any} */ p) => p.pin)];
  const named = [...used, watchdogPin].filter((pin) => pin !== undefined);
  for (const [i, pin] of named.entries()) {
    must(
      part.family !== 'stm32f1' || !DEBUG_PINS.includes(pin),
      `${pin} of an STM32F1 belongs to the debugger, also where JTAG is not used: take another pin`,
    );
    must(ports.includes(pin[1]), `${part.name} has no ${pin}: its ports are ${ports}`);
    must(named.indexOf(pin) === i, `${pin} is named twice`);
  }
}

/** A Cortex-M0 takes its vectors from the start of SRAM, once an application runs; others have a VTOR. @param {any} part */
function vectorsInSram(part) {
  if (part.core !== 'cortex-m0') return 0;
  const words = constant('VECTOR_WORDS_M0');
  if (part.vectors !== words)
    throw new Error(`bootloader-c/parts/${part.name}.json: the bootloader copies ${words} vectors`);
  return 4 * words;
}

const modelled = readJson('bootloader-c/part.schema.json').properties.virtualBoard.enum;

/** The family as which the virtual board runs a part, null: not at all. @param {any} part @returns {string | null} */
function virtualBoard(part) {
  const { name, family, virtualBoard = family } = part;
  if (!modelled.includes(virtualBoard))
    throw new Error(
      `bootloader-c/parts/${name}.json: the virtual board has no ${family}: "virtualBoard" names a family like it (${modelled.filter(Boolean).join(', ')}), or is null`,
    );
  return virtualBoard;
}

// What the protocol calls default must be what the rule says: record areas, identity and keys lie below APP_BASE.
const area = constant('RECORD_AREA_SIZE');
if (
  constant('RECORD_A_ADDRESS') !== constant('APP_BASE') - 2 * area ||
  constant('RECORD_B_ADDRESS') !== constant('APP_BASE') - area ||
  constant('IDENTITY_ADDRESS') !== constant('RECORD_A_ADDRESS') - IDENTITY_SIZE ||
  constant('KEYS_ADDRESS') !== constant('IDENTITY_ADDRESS') - KEYS_SIZE ||
  constant('BOOTLOADER_BASE') + constant('BOOTLOADER_SIZE') !== constant('RECORD_A_ADDRESS')
)
  throw new Error('protocol.json: record, identity and keys do not lie below APP_BASE');

const parts = load('bootloader-c/parts', 'bootloader-c/part.schema.json');
const boards = load('bootloader-c/boards', 'bootloader-c/board.schema.json');
const files = new Map();
const banner = (/** @type {string} */ source) =>
  `Generated from ${source} by bootloader-c/generate/generate.mjs. Do not edit.`;

for (const board of boards.values()) {
  const part = parts.get(board.part);
  if (!part) throw new Error(`bootloader-c/boards/${board.name}.json: no part ${board.part}`);
  const { base, appBase, appEnd, record, clock, usart } = check(board, part);
  const source = `bootloader-c/boards/${board.name}.json and bootloader-c/parts/${part.name}.json`;
  const mailbox = constant('MAILBOX_ADDRESS');
  const ram = Number(part.ram.base);
  const ramEnd = ram + part.ram.size;
  const high = mailbox + MAILBOX_SIZE;
  const identity = record - IDENTITY_SIZE;
  const keys = identity - KEYS_SIZE;
  const low = ram + vectorsInSram(part);

  files.set(
    `bootloader-c/generated/memory/${board.name}.ld`,
    `/* ${banner(source)} */

/* VECTORS is where a Cortex-M0 has the vectors of a running application, and empty on other cores. The mailbox is at the
   same address on every part and so cuts the RAM of the larger ones in two. */
MEMORY
{
    BOOT (rx)      : ORIGIN = ${hex(base)}, LENGTH = ${hex(keys - base)}
    KEYS (r)       : ORIGIN = ${hex(keys)}, LENGTH = ${hex(KEYS_SIZE)}
    IDENTITY (r)   : ORIGIN = ${hex(identity)}, LENGTH = ${hex(IDENTITY_SIZE)}
    APP (rx)       : ORIGIN = ${hex(appBase)}, LENGTH = ${hex(appEnd - appBase)}
    VECTORS (rw)   : ORIGIN = ${hex(ram)}, LENGTH = ${hex(low - ram)}
    LOW_RAM (rw)   : ORIGIN = ${hex(low)}, LENGTH = ${hex(mailbox - low)}
    MAILBOX (rw)   : ORIGIN = ${hex(mailbox)}, LENGTH = ${hex(MAILBOX_SIZE)}
    HIGH_RAM (rw)  : ORIGIN = ${hex(high)}, LENGTH = ${hex(ramEnd - high)}
}
REGION_ALIAS("RAM", ${ramEnd - high > mailbox - low ? 'HIGH_RAM' : 'LOW_RAM'})
REGION_ALIAS("NOINIT", LOW_RAM)
`,
  );

  const button = board.button;
  files.set(
    `bootloader-c/generated/bootloader/${board.name}/board.h`,
    `// ${banner(source)}
#ifndef IAP_BOARD_H
#define IAP_BOARD_H

#define BOARD_PART "${part.name}"
#define BOARD_FLASH_BASE ${hex(base)}u
#define BOARD_FLASH_SIZE ${hex(part.flash.size)}u
#define BOARD_PAGE_SIZE ${part.flash.page}u
#define BOARD_ERASE_MS ${part.flash.eraseMs ?? 40}u // of a page, at most
#define BOARD_PROGRAM_US ${part.flash.programUs ?? 70}u // of a half-word, at most
#define BOARD_RAM_BASE ${hex(ram)}u
#define BOARD_RAM_END ${hex(ramEnd)}u
#define BOARD_APP_BASE ${hex(appBase)}u
#define BOARD_APP_END ${hex(appEnd)}u
#define BOARD_UNIQUE_ID ${hex(Number(part.uniqueId))}u

#define BOARD_CLOCK_HZ ${board.clock.hz}u
#define BOARD_HSE_HZ ${clock.hseHz}u // 0: none, the PLL runs from HSI / 2
#define BOARD_HSE_BYPASS ${clock.bypass ? 1 : 0}
#define BOARD_HSE_DIVIDER ${clock.divider}u
#define BOARD_PLL_MULTIPLIER ${clock.multiplier}u
#define BOARD_HSI_CLOCK_HZ ${clock.hsiHz}u // where HSE does not start
#define BOARD_HSI_MULTIPLIER ${clock.hsiMultiplier}u // of HSI / 2
#define BOARD_FLASH_WAIT_STATES ${board.clock.flashWaitStates}u

#define BOARD_USART ${usart.instance}u
#define BOARD_USART_BASE ${hex(usart.base)}u
#define BOARD_USART_APB ${usart.apb}
#define BOARD_USART_CLOCK_BIT ${usart.clockBit}u // in RCC_APBxENR
#define BOARD_USART_CLOCK_DIVIDER ${usart.divider}u // of the core clock
#define BOARD_USART_CHANNEL ${usart.channel}u // of DMA1, reception
#define BOARD_USART_IRQ ${usart.irq}u
#define BOARD_USART_REMAP ${usart.remap}u // AFIO_MAPR
#define BOARD_TX_PORT ${portOf(board.usart.tx)}u // 0 is GPIOA
#define BOARD_TX_PIN ${bitOf(board.usart.tx)}u
#define BOARD_TX_FUNCTION ${usart.txFunction}u
#define BOARD_RX_PORT ${portOf(board.usart.rx)}u
#define BOARD_RX_PIN ${bitOf(board.usart.rx)}u
#define BOARD_RX_FUNCTION ${usart.rxFunction}u
#define BOARD_DMA_SELECT ${usart.dmaSelect}u // of its reception in DMA1_CSELR; 0: there is none
#define BOARD_RATE ${board.usart.rate}u
#define BOARD_MAX_RATE ${board.usart.maxRate}u
${halfDuplex(board, virtualBoard(part) ?? part.family)}
#define BOARD_HAS_BUTTON ${button ? 1 : 0}
${
  button
    ? `#define BOARD_BUTTON_PORT ${portOf(button.pin)}u
#define BOARD_BUTTON_PIN ${bitOf(button.pin)}u
#define BOARD_BUTTON_ACTIVE_HIGH ${button.activeHigh ? 1 : 0}
`
    : ''
}
// Outputs from the start on: X(port, pin, level)
#define BOARD_PINS(X)${(board.pins ?? []).map((/** @type {any} */ p) => ` X(${portOf(p.pin)}u, ${bitOf(p.pin)}u, ${p.high ? 1 : 0}u)`).join('')}
#define BOARD_HAS_WATCHDOG_PIN ${board.watchdogPin ? 1 : 0}
#define BOARD_WATCHDOG_PORT ${board.watchdogPin ? portOf(board.watchdogPin) : 0}u
#define BOARD_WATCHDOG_PIN ${board.watchdogPin ? bitOf(board.watchdogPin) : 0}u

#define BOARD_SUPPLY_MV ${supplyOf(board, part)}u // below it flash is not erased; 0: not looked at

#define BOARD_VERIFY_AT_BOOT ${board.verifyAtBoot ? 1 : 0} // hash and signature, by the bootloader for signed images

#define BOARD_LISTEN_MS ${board.listenMs}u
#define BOARD_IDLE_MS ${board.idleMs}u
#define BOARD_TRIALS ${board.trials}u
#define BOARD_MAX_PAYLOAD ${board.maxPayload}u
#define BOARD_RING_SIZE ${board.ring}u

#endif
`,
  );
}

for (const board of boards.values()) {
  const source = `bootloader-c/boards/${board.name}.json`;
  const header = kitHeader(board, parts.get(board.part), constant, banner(source));
  files.set(`bootloader-c/generated/app/${board.name}/iap_board.h`, header);
}

for (const { name, flash } of parts.values())
  if ((flash.eraseMs === undefined) !== (flash.programUs === undefined))
    throw new Error(`bootloader-c/parts/${name}.json: eraseMs and programUs come together`);

const rows = [...parts.values()].flatMap((part) => {
  const family = virtualBoard(part);
  if (family === null) return [];
  return `    {"${part.name}", BOARD_FAMILY_${family.slice(5).toUpperCase()}, BOARD_CORE_${part.core.slice(7).toUpperCase()}, ${hex(part.flash.size)}u, ${part.flash.page}u, ${hex(part.ram.size)}u, ${part.romBootloaderId.toLowerCase()}u, ${hex(Number(part.flashSizeRegister))}u, ${hex(Number(part.uniqueId))}u, ${part.maxClockHz}u, ${part.ccm?.size ?? 0}u, ${part.backupRegisters ?? 0}u, ${part.flash.eraseMs ?? 0}u, ${part.flash.programUs ?? 0}u, ${part.pvd ?? true}},`;
});
/** @param {string | undefined} pin @param {boolean} activeHigh */
function exploredPin(pin, activeHigh) {
  return pin ? `${portOf(pin)}, ${bitOf(pin)}, ${activeHigh}` : '-1, 0, false';
}
/** @param {any} board */
function exploredRow({ name, part, appBase, listenMs, idleMs, trials, button, rs485 }) {
  const pins = `${exploredPin(button?.pin, button?.activeHigh)}, {${exploredPin(rs485?.de, rs485?.activeHigh)}}`;
  return `    {"${name}", "${part}", ${hex(Number(appBase))}u, ${listenMs}u, ${idleMs}u, ${trials}u, ${pins}},`;
}

const explored = [...boards.values()].filter(
  (board) => virtualBoard(parts.get(board.part)) !== null,
);
files.set(
  'test/board/parts.generated.h',
  `// ${banner('bootloader-c/parts/*.json')}
// Rows of struct board_part: name, family, core, flash, page and RAM size, device id, address of the flash size
// register, address of the unique id, highest clock, CCM size, backup registers, longest erase [ms] and half-word [us] (0:
// the family's), whether there is a PVD.
${rows.join('\n')}
`,
);

/** @param {{ base: string, size: number }} memory */
const range = ({ base, size }) => `{ from: ${hex(Number(base))}, to: ${hex(Number(base) + size)} }`;

const known = [...parts.values()].map(
  (part) => `  {
    name: '${part.name}',
    family: '${part.family}',
    core: '${part.core}',
    flash: ${range(part.flash)},
    page: ${part.flash.page},
    ram: ${range(part.ram)},
${part.ccm ? `    ccm: ${range(part.ccm)},\n` : ''}    vectors: ${part.vectors},
    pid: ${part.romBootloaderId.toLowerCase()},
    flashSizeRegister: ${hex(Number(part.flashSizeRegister))},
    uniqueId: ${hex(Number(part.uniqueId))},
  },`,
);
files.set(
  'host/parts/parts.generated.ts',
  `// ${banner('bootloader-c/parts/*.json')}
import type { KnownPart } from './parts.js';

/** The parts of this package, for whoever can not read its files */
export const PARTS: readonly KnownPart[] = [
${known.join('\n')}
];
`,
);

files.set(
  'test/explore/boards.generated.h',
  `// ${banner('bootloader-c/boards/*.json')}
// Rows of the boards that are explored: name, part, APP_BASE, listening window [ms], idle time-out [ms], trial boots, port and
// number of the button's pin and its active level, the same of the pin that enables the driver of a half-duplex pair; none: -1.
${explored.map(exploredRow).join('\n')}
`,
);

const toolchain = {
  name: 'cross',
  hidden: true,
  generator: 'Ninja',
  binaryDir: `\${sourceDir}/../build/\${presetName}`,
  toolchainFile: `\${sourceDir}/arm-none-eabi.cmake`,
};
const names = [...boards.keys()];
const presets = {
  version: 6,
  configurePresets: [
    toolchain,
    ...names.map((name) => ({ name, inherits: 'cross', cacheVariables: { BOARD: name } })),
  ],
  buildPresets: names.map((name) => ({ name, configurePreset: name })),
};
files.set('bootloader-c/CMakePresets.json', `${JSON.stringify(presets, null, 2)}\n`);

emit(files);
