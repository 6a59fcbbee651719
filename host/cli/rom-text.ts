// A part in its ROM bootloader, in words and for JSON.
import { hex32, hexBytes } from '../base/text.js';
import type { Segment, Span } from '../image/segments.js';
import { chipOf, partNamesOf } from '../isp/chips.js';
import { commandName, type RomInfo, rangesOf, SECTOR } from '../isp/index.js';

/** For example: STM32F10x high density (stm32f103xe), ROM bootloader 2.2, 512 KB of flash */
export function romLine(info: RomInfo): string {
  const flash = info.flashSize === undefined ? '' : `, ${info.flashSize / 1024} KB of flash`;
  const closed = info.readProtected ? ', read-out protected' : '';
  return `${partText(info)}, ROM bootloader ${versionText(info.version)}${flash}${closed}`;
}

function partText({ pid, chip }: RomInfo): string {
  const id = `0x${pid.toString(16)}`;
  if (!chip) return `unknown part ${id}`;
  const names = partNamesOf(pid);
  return names.length === 0 ? chip.name : `${chip.name} (${names.join(', ')})`;
}

function versionText(version: number): string {
  return `${version >> 4}.${version & 15}`;
}

export function romTable(info: RomInfo): string[] {
  const { chip, optionBytes, uniqueId, flashSize } = info;
  const unknown = info.readProtected ? '(read-out protected)' : '(not readable)';
  const rows: [string, string][] = [
    ['part', partText(info)],
    ['product id', `0x${info.pid.toString(16)}`],
    ['ROM bootloader', versionText(info.version)],
    ['commands', info.commands.map(commandName).join(', ')],
    ['flash', flashSize === undefined ? unknownSize(info) : `${flashSize / 1024} KB`],
    ['page', chip === undefined ? '(unknown)' : `${chip.pageSize} bytes`],
    ['unique id', uniqueId === undefined ? unknown : hexBytes(uniqueId)],
    ['read-out', info.readProtected ? 'protected' : 'open'],
    ['write protection', optionBytes === undefined ? unknown : sectorsText(info)],
    ['option bytes', optionBytes === undefined ? unknown : optionText(optionBytes)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(18)} ${value}`);
}

/** A register that can be read may say nothing: 0xFFFF on some copies. */
function unknownSize({ readProtected, optionBytes }: RomInfo): string {
  if (readProtected) return '(read-out protected)';
  return optionBytes === undefined ? '(not readable)' : '(the part does not say)';
}

function sectorsText(info: RomInfo): string {
  const sectors = info.optionBytes?.protectedSectors ?? [];
  if (sectors.length === 0) return 'none';
  const ranges = protectedRanges(info);
  const where = ranges.length === 0 ? '' : ` (${rangesText(ranges)})`;
  return `sectors of ${SECTOR / 1024} KB: ${sectors.join(', ')}${where}`;
}

/** Empty if how much flash there is can not be read */
export function protectedRanges({ optionBytes, flashSize }: RomInfo): Span[] {
  return optionBytes && flashSize ? rangesOf(optionBytes.protectedSectors, flashSize) : [];
}

export function placesOf(segments: readonly Segment[]): Span[] {
  return segments.map(({ address, bytes }) => ({ address, length: bytes.length }));
}

/** For example: 0x08000000 to 0x08006FFF */
export function rangesText(ranges: readonly Span[]): string {
  return ranges
    .map(({ address, length }) => `${hex32(address)} to ${hex32(address + length - 1)}`)
    .join(', ');
}

function optionText({ values, whole }: NonNullable<RomInfo['optionBytes']>): string {
  return `${hexBytes(values)}${whole ? '' : ' (a complement is wrong: not written to its end)'}`;
}

export function romJson(info: RomInfo): object {
  const { optionBytes, uniqueId, flashSize, chip } = info;
  return {
    pid: info.pid,
    name: chipOf(info.pid)?.name ?? null,
    parts: partNamesOf(info.pid),
    version: versionText(info.version),
    commands: info.commands,
    flashSize: flashSize ?? null,
    pageSize: chip?.pageSize ?? null,
    uniqueId: uniqueId === undefined ? null : hexBytes(uniqueId),
    readProtected: info.readProtected,
    protectedSectors: optionBytes?.protectedSectors ?? null,
    protectedRanges: optionBytes && flashSize ? protectedRanges(info) : null,
    optionBytes: optionBytes === undefined ? null : hexBytes(optionBytes.values),
    optionBytesWhole: optionBytes?.whole ?? null,
  };
}
