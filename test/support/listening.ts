import type { Transport } from '../../host/link/transport.js';

/** What listeners are told, by their names */
export function listening(transport: Transport): {
  readonly heard: string[];
  /** Returns what removes it */
  listen(name: string): () => void;
} {
  const heard: string[] = [];
  const listen = (name: string): (() => void) => {
    const ofBytes = transport.onBytes((bytes) => heard.push(`${name} ${[...bytes]}`));
    const ofClose = transport.onClose(({ code }) => heard.push(`${name} ${code}`));
    return () => {
      ofBytes?.();
      ofClose?.();
    };
  };
  return { heard, listen };
}
