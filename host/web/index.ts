// For pages of one's own: the browser's serial ports, and update manifests. The page and its element are in dist/web.
export {
  makeUpdateManifest,
  type PackageFacts,
  type Translated,
  type UpdateManifest,
} from '../pack/update-manifest.js';
export { PageError, type PageFaultCode } from './fault.js';
export { checkFile, readManifest } from './manifest.js';
export type { FailedPort } from './port-errors.js';
export {
  adapterFilters,
  describePort,
  findPort,
  type NamedPort,
  portId,
  samePort,
  type WebPortId,
  type WebPortInfo,
} from './ports.js';
export { openWebSerial, type WebSerialOptions, type WebSerialPort } from './serial.js';
