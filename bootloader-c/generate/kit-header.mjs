// @ts-check
// A board as an application's kit knows it: iap_board.h, a name that no header of CMSIS has.
import { crc32 } from 'node:zlib';
import { readJson } from '../../scripts/generated.mjs';

/** Of the app kit, as IAP_VERSION_* is the bootloader's */
const VERSION = { kit_major: 0, kit_minor: 1, kit_patch: 0 };
const SIZES = { u8: 1, u16: 2, u32: 4 };

/** The structure's bytes; its last field is the CRC-32 of the others.
 * @param {{fields: any[]}} layout @param {Record<string, string | number>} values */
function encode({ fields }, values) {
  const size = (/** @type {any} */ field) =>
    field.size ?? SIZES[/** @type {keyof SIZES} */ (field.type)];
  const out = Buffer.alloc(fields.reduce((sum, field) => sum + size(field), 0));
  let at = 0;
  for (const field of fields) {
    const value = { ...values, size: out.length, crc32: crc32(out.subarray(0, at)) }[field.name];
    if (value === undefined) throw new Error(`no value for ${field.name}`);
    if (typeof value === 'string') out.write(value.slice(0, field.size), at, 'latin1');
    else out.writeUIntLE(value, at, size(field));
    at += size(field);
  }
  return out;
}

/** What an application on a half-duplex pair says in HELLO, how long it waits before it answers, and what it drives the pair by.
 * @param {any} rs485 */
const halfDuplex = ({ de, activeHigh, turnRoundMs }) => `
// On a half-duplex pair: said in HELLO, and waited for after the last byte received.
#define IAP_BOARD_CAPABILITIES  IAP_CAPABILITY_HALF_DUPLEX
#define IAP_BOARD_TURN_ROUND_MS ${turnRoundMs}u

// ${de}, the driver's enable, by its names in CMSIS; its USART may switch it instead.
#define IAP_BOARD_DE_PORT        GPIO${de[1]}
#define IAP_BOARD_DE_PIN         ${de.slice(2)}u
#define IAP_BOARD_DE_ACTIVE_HIGH ${activeHigh ? 1 : 0}
`;

/** @param {any} board @param {any} part @param {(name: string) => number} constant @param {string} banner */
export function kitHeader(board, part, constant, banner) {
  const { structs, flags } = readJson('protocol/protocol.json');
  const named = (/** @type {any[]} */ list, /** @type {string} */ wanted) =>
    list.find(({ name }) => name === wanted);
  const layout = named(structs, 'kit_facts');
  const halfDuplexBit = named(named(flags, 'capability').values, 'HALF_DUPLEX').bit;
  const appEnd = Number(board.appEnd ?? Number(part.flash.base) + part.flash.size);
  const facts = encode(layout, {
    magic: constant('KIT_MAGIC'),
    format: constant('KIT_FORMAT'),
    part: part.name,
    board: board.name,
    app_base: Number(board.appBase),
    app_end: appEnd,
    page_size: part.flash.page,
    unique_id: Number(part.uniqueId),
    default_rate: board.usart.rate,
    usart: board.usart.instance,
    capabilities: board.rs485 ? 1 << halfDuplexBit : 0,
    ...VERSION,
  });
  const bytes = [...facts].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const lines = [];
  for (let i = 0; i < bytes.length; i += 12) lines.push(bytes.slice(i, i + 12).join(', '));
  const address = (/** @type {number} */ value) => `0x${value.toString(16).padStart(8, '0')}u`;
  return `// ${banner}
//
// What an application of board ${board.name} tells its kit: facts for struct iap_app_config, which
// iap check, pack and flash find in the image and hold against the board it is meant for.
#ifndef IAP_KIT_BOARD_H
#define IAP_KIT_BOARD_H

#define IAP_BOARD_APP_BASE ${address(Number(board.appBase))}
#define IAP_BOARD_APP_END  ${address(appEnd)}
#define IAP_BOARD_RATE     ${board.usart.rate}u // of the bootloader after a reset [baud]
#define IAP_BOARD_USART    ${board.usart.instance}
${board.rs485 ? halfDuplex(board.rs485) : ''}
// Structure kit_facts of docs/protocol.md
#define IAP_BOARD_FACTS \\
    { \\
        ${lines.join(', \\\n        ')} \\
    }

#endif
`;
}
