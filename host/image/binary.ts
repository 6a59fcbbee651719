// Raw binaries: bytes that do not say where they belong.
import type { Image } from './image.js';

/** @param base where it is linked, if the user said so */
export function readBinary(bytes: Uint8Array, base?: number): Image {
  return { base, bytes };
}
