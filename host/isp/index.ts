// Programming parts through ST's ROM bootloader (AN3155): the part of the library for factories and for rescue.

export { Work } from '../base/work.js';
/** @deprecated its name is Span */
export type { Span, Span as Range } from '../image/segments.js';
export type { ControlLines } from '../link/transport.js';
export type { BlockSizes } from './block-size.js';
export type { ByteReader } from './byte-reader.js';
export type { Family } from './chips.js';
export { type Chip, chipOf, MEMORY, SECTOR, SECTORS } from './chips.js';
export { commandName, RomCommand } from './commands.js';
export { type EnterOptions, enter, reset } from './enter.js';
export { checkErased, erase, eraseAll, erasePages } from './erase.js';
export { erasedBetween } from './erased-between.js';
export type { RomEvent, RomPhase, RomWork } from './events.js';
export type { KnownPart, RomFacts } from './facts.js';
export { goTo } from './go.js';
export { pagesOfSegments } from './image.js';
export { type LineStep, released, resetSequence, WIRINGS, type Wiring } from './lines.js';
export { type OptionBytes, rangesOf, sectorsOf } from './option-bytes.js';
export { protectReadout, protectWrite, unprotectReadout, unprotectWrite } from './protect.js';
export { flashRange, ramRange, read, trimmed } from './read.js';
export {
  readBack,
  /** @deprecated its name is readBack */
  readBack as verify,
} from './read-back.js';
export { Rom, type RomInfo, type RomOptions } from './rom.js';
export type { GetAnswer, RomClient, RomClientOptions, RomTrace } from './rom-client.js';
export { type WriteOptions, type WriteResult, write } from './write.js';
