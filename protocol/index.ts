// What the host may import: the wire format as data and pure functions.
export { maxEncodedSize } from './cobs.js';
export { crc32 } from './crc.js';
export * from './definition.generated.js';
export {
  BURST_START,
  type Decoded,
  type DiscardReason,
  encodeFrame,
  type Frame,
  FrameDecoder,
  maxFrameSize,
} from './frame.js';
export {
  decode,
  encode,
  type Field,
  fieldSize,
  type Layout,
  LayoutError,
  offsetOf,
} from './layout.js';
