// Which rates held, by adapter and part. What is not there, or is damaged, only makes an update slower: nothing here throws.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownRate, RateMemory } from '../link/rate-memory.js';

const NAME = 'rates.json';
/** The oldest of more are forgotten. */
const MOST = 64;
/** A cable may have been changed since [ms]. */
const LONGEST_MS = 30 * 24 * 3600 * 1000;

interface Entry extends KnownRate {
  /** When it was found [ms since 1970] */
  readonly at: number;
}

export class RateFile implements RateMemory {
  readonly #folder: string;
  readonly #adapter: string;
  readonly #now: () => number;

  constructor(folder: string, adapter: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#adapter = adapter;
    this.#now = now;
  }

  async recall(part: string): Promise<KnownRate | undefined> {
    return (await this.#read()).get(this.#key(part));
  }

  /** What is known already keeps its date, so that it is looked for anew some day. */
  async keep(part: string, { rate, failed }: KnownRate): Promise<void> {
    const entries = await this.#read();
    const key = this.#key(part);
    const known = entries.get(key);
    if (known?.rate === rate && known.failed === failed) return;
    entries.set(key, { rate, ...(failed === undefined ? {} : { failed }), at: this.#now() });
    const newest = [...entries].sort(([, a], [, b]) => b.at - a.at).slice(0, MOST);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const path = join(this.#folder, NAME);
      const unfinished = `${path}.${randomUUID()}`;
      await writeFile(unfinished, `${JSON.stringify(Object.fromEntries(newest))}\n`, {
        mode: 0o600,
      });
      await rename(unfinished, path);
    } catch {
      // A cache that can not be written is none.
    }
  }

  #key(part: string): string {
    return `${this.#adapter}, ${part}`;
  }

  async #read(): Promise<Map<string, Entry>> {
    try {
      const all: unknown = JSON.parse(await readFile(join(this.#folder, NAME), 'utf8'));
      const found = Object.entries(all ?? {}) as [string, unknown][];
      return new Map(
        found.flatMap(([key, value]) => {
          const entry = entryOf(value, this.#now());
          return entry ? [[key, entry]] : [];
        }),
      );
    } catch {
      return new Map();
    }
  }
}

function entryOf(value: unknown, now: number): Entry | undefined {
  if (value === null) return undefined;
  const { rate, failed, at } = value as Partial<Record<keyof Entry, unknown>>;
  if (!isRate(rate) || typeof at !== 'number' || at > now || now - at > LONGEST_MS) {
    return undefined;
  }
  if (failed === undefined) return { rate, at };
  return isRate(failed) && failed > rate ? { rate, failed, at } : undefined;
}

function isRate(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
