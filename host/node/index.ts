// What needs Node.js: the serial port, keys, and the files of this package.
export { parseBoard, parsePart } from '../parts/parts.js';
export { adapterOf } from './adapter.js';
export { boardNames, loadBoard, loadPart, partNames } from './board-file.js';
export { type BuiltBootloader, builtBootloader } from './built-bootloader.js';
export { cacheFolder } from './cache-folder.js';
export { deflate } from './deflate.js';
export { ImageCache } from './image-cache.js';
export {
  type AskPassphrase,
  readPublicKey,
  readSigningKey,
  type SigningKey,
  verifySignature,
} from './key-file.js';
export { openPort } from './open-port.js';
export type { PortOptions } from './port-options.js';
export { type LogEntry, ProductionLog } from './production-log.js';
export { RateFile } from './rate-file.js';
export { openRfc2217 } from './remote/rfc2217.js';
export { openTcp } from './remote/tcp.js';
export { listPorts, openSerial, type PortInfo, type SerialOptions } from './serial.js';
