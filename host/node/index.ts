// What needs Node.js: the serial port, and the files of this package.
export { parseBoard, parsePart } from '../parts/parts.js';
export { boardNames, loadBoard, loadPart, partNames } from './board-file.js';
export { type BuiltBootloader, builtBootloader } from './built-bootloader.js';
export { listPorts, openSerial, type PortInfo, type SerialOptions } from './serial.js';
