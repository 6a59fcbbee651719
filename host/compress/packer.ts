// What an update needs to send few bytes: which pages of flash are known, in which order pages go, and how each one travels.
import { Capability, crc32 } from '../../protocol/index.js';
import { sha256 } from '../base/sha256.js';
import type { DeviceInfo } from '../device/device.js';
import { isInstalled } from '../device/installed.js';
import type { Page } from '../image/pages.js';
import type { Compression } from './deflate.js';
import { KnownFlash } from './known-flash.js';
import { orderOf, runsLost } from './order.js';
import { type EncodedPage, PageEncoder, rawPage } from './page-encoder.js';
import { NEW_STEP, Sources, type Votes } from './sources.js';

/** Above this the flash takes longer than the line, and decoding comes on top [baud]. */
const FLASH_BOUND_RATE = 250_000;
const WORTH_ON_THE_LINE = 0.97;
const WORTH_ELSEWHERE = 1 / 8;

/** What flash takes for a KB at least, on these parts: 20 ms for an erase of 2 KB, 40 us a half-word [ms] */
export const FLASH_MS_A_KB = 30;

const NO_VOTES: Votes = new Map();

/** Turns pages into what is sent of them. */
export interface Packer {
  /** Whether old pages can be copied from: then all must be compared before the first is sent */
  readonly delta: boolean;
  /** @param found CRC-32 of each of the `pages` in flash @returns those to send, in their order */
  plan(pages: readonly Page[], found: readonly number[], send: readonly Page[]): Page[];
  encode(page: Page): EncodedPage;
  /** What is known of the flash is not so: nothing is copied from it any more. */
  distrust(): void;
}

export const AS_THEY_ARE: Packer = {
  delta: false,
  plan: (_pages, _found, send) => [...send],
  encode: rawPage,
  distrust: () => {},
};

/** @param rate of the transfer [baud] */
export async function packerFor(
  info: DeviceInfo,
  rate: number,
  compression: Compression | undefined,
): Promise<Packer> {
  if (!compression || (info.capabilities & Capability.DEFLATE) === 0) return AS_THEY_ARE;
  const dictionaries = (info.capabilities & Capability.DICTIONARY) !== 0;
  const old = dictionaries ? await compression.old?.candidates(info.installed.sha256) : [];
  return new PagePacker(info, rate, compression, dictionaries, old ?? []);
}

class PagePacker implements Packer {
  readonly delta: boolean;
  readonly #rate: number;
  readonly #info: DeviceInfo;
  readonly #known: KnownFlash;
  readonly #encoder: PageEncoder;
  readonly #old: readonly Uint8Array[];
  readonly #votes = new Map<number, Votes>();

  constructor(
    info: DeviceInfo,
    rate: number,
    { deflate }: Compression,
    dictionaries: boolean,
    old: readonly Uint8Array[],
  ) {
    this.#info = info;
    this.#rate = rate;
    this.#known = new KnownFlash(info.pageSize);
    const worth = rate > FLASH_BOUND_RATE ? WORTH_ELSEWHERE : WORTH_ON_THE_LINE;
    this.#encoder = new PageEncoder({ deflate, known: this.#known, dictionaries, worth });
    this.#old = old;
    this.delta = old.length > 0;
  }

  plan(pages: readonly Page[], found: readonly number[], send: readonly Page[]): Page[] {
    this.#learn(pages, found, new Set(send));
    if (!this.delta) return [...send];
    this.#learnRest(pages.length);
    const sources = new Sources(this.#known);
    const wanted = send.map((page) => {
      const votes = sources.votes(page.bytes);
      this.#votes.set(page.number, votes);
      return { page, number: page.number, votes };
    });
    const lost = wanted.reduce((sum, page) => sum + runsLost(page) * NEW_STEP, 0);
    if (lost <= wanted.length * this.#hidden()) return [...send];
    return orderOf(wanted).map(({ page }) => page);
  }

  /**
   * So many bytes of a page more cost no time: half of what the line carries while flash takes the page before. From the first page
   * on the device verifies the image while it comes; in any other order it has all of it to read at the end.
   */
  #hidden(): number {
    const pageMs = (FLASH_MS_A_KB * this.#info.pageSize) / 1024;
    return ((this.#rate / 10) * (pageMs / 1000)) / 2;
  }

  /** Pages that are right already, and old ones that have the CRC-32 that the device tells. */
  #learn(pages: readonly Page[], found: readonly number[], send: ReadonlySet<Page>): void {
    const { pageSize } = this.#known;
    pages.forEach((page, i) => {
      if (!send.has(page)) {
        if (page.bytes.length === pageSize) this.#known.set(page.number, page.bytes);
        return;
      }
      for (const image of this.#old) {
        const bytes = image.subarray(page.number * pageSize, (page.number + 1) * pageSize);
        if (bytes.length < pageSize || crc32(bytes) !== found[i]) continue;
        this.#known.set(page.number, bytes);
        break;
      }
    });
  }

  /** Behind the new image, where no CRC-32 is told: what was installed and is good, as long as nothing is written. */
  #learnRest(first: number): void {
    const { pageSize, installed } = this.#info;
    const image = this.#old.find((bytes) => isInstalled(this.#info, sha256(bytes)));
    if (!image || image.length !== installed.size) return;
    for (let number = first; (number + 1) * pageSize <= image.length; number++) {
      this.#known.set(number, image.subarray(number * pageSize, (number + 1) * pageSize));
    }
  }

  encode(page: Page): EncodedPage {
    return this.#encoder.encode(page, this.#votes.get(page.number) ?? NO_VOTES);
  }

  distrust(): void {
    this.#encoder.distrust();
  }
}
