// A production log: one JSON object a line for each unit, on the disk before the next is begun.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { unwritable } from './files.js';

/** protocol/production-log.schema.json says what each key means. */
export interface LogEntry {
  readonly format: number;
  readonly time: string;
  readonly port: string;
  readonly uniqueId: string | null;
  readonly serial: string | null;
  readonly part: string | null;
  readonly product: string | null;
  readonly hardware: number | null;
  readonly bootloader: string | null;
  readonly before: {
    readonly version: string;
    readonly sha256: string;
    readonly state: readonly string[];
  } | null;
  readonly image: {
    readonly file: string;
    readonly product: string | null;
    readonly version: string | null;
    readonly size: number;
    readonly sha256: string;
  };
  readonly host: string;
  /** Missing: of "iap flash" */
  readonly command?: 'isp factory' | undefined;
  /** Bus address, of one of several on a pair */
  readonly address?: number;
  readonly seconds: number;
  readonly result: 'installed' | 'unchanged' | 'failed';
  readonly boot?: string;
  readonly rate?: number;
  readonly pagesSent?: number;
  readonly bytesSent?: number;
  readonly secured?: boolean;
  readonly code?: string;
  readonly message?: string;
}

/** Of an entry, what is looked for again */
interface Logged {
  readonly time: string;
  readonly result: string;
  readonly uniqueId: string | null;
  readonly image: Pick<LogEntry['image'], 'sha256'>;
}

/** Both mean that the unit has this image. */
const DONE: ReadonlySet<string> = new Set(['installed', 'unchanged']);

export class ProductionLog {
  readonly #path: string;
  readonly #file: FileHandle;
  /** When each unit was done first, by its id and the image */
  readonly #done: Map<string, string>;
  /** Another program was cut off within a line */
  #torn: boolean;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, done: Map<string, string>, torn: boolean) {
    this.#path = path;
    this.#file = file;
    this.#done = done;
    this.#torn = torn;
  }

  /**
   * Opens a log to write at its end, or begins it. Lines that are none of such a log are left as they are.
   * @throws IapError FILE_UNWRITABLE
   */
  static async open(path: string): Promise<ProductionLog> {
    try {
      const file = await open(
        path,
        constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
        0o644,
      );
      try {
        const info = await file.stat();
        if (!info.isFile()) throw new Error('it is not a file');
        const torn = info.size > 0 && (await lastByte(file, info.size)) !== 0x0a;
        return new ProductionLog(path, file, await unitsDone(file), torn);
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** When this unit got this image first, as far as this log knows (ISO 8601) */
  doneAt(uniqueId: string, sha256: string): string | undefined {
    return this.#done.get(key(uniqueId, sha256));
  }

  /**
   * Resolves when the entry is on the disk. Entries of several ports come one after the other.
   * @throws IapError FILE_UNWRITABLE
   */
  append(entry: LogEntry): Promise<void> {
    const written = this.#last.then(() => this.#write(entry));
    this.#last = written.catch(() => {});
    return written;
  }

  async #write(entry: LogEntry): Promise<void> {
    try {
      await this.#file.appendFile(`${this.#torn ? '\n' : ''}${JSON.stringify(entry)}\n`);
      this.#torn = false;
      await this.#file.sync();
    } catch (error) {
      this.#torn = true;
      throw unwritable(this.#path, error);
    }
    remember(this.#done, entry);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

async function lastByte(file: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, size - 1);
  return buffer[0];
}

async function unitsDone(file: FileHandle): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  const stream = file.createReadStream({ start: 0, autoClose: false, encoding: 'utf8' });
  for await (const line of createInterface({ input: stream })) {
    const entry = entryOf(line);
    if (entry) remember(done, entry);
  }
  return done;
}

function remember(done: Map<string, string>, { result, uniqueId, image, time }: Logged): void {
  if (!DONE.has(result) || uniqueId === null) return;
  const name = key(uniqueId, image.sha256);
  if (!done.has(name)) done.set(name, time);
}

function entryOf(line: string): Logged | undefined {
  try {
    const { result, uniqueId, image, time } = JSON.parse(line) as Partial<Logged>;
    const known = [result, uniqueId, image?.sha256, time].every((text) => typeof text === 'string');
    return known ? ({ result, uniqueId, image, time } as Logged) : undefined;
  } catch {
    return undefined;
  }
}

function key(uniqueId: string, sha256: string): string {
  return `${uniqueId} ${sha256}`;
}
