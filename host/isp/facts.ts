// What a part and its line have shown since the part was found: no explanation of an error may contradict it.
import { MEMORY } from './chips.js';
import { RomCommand } from './commands.js';
import type { OptionBytes } from './option-bytes.js';

/** What read-out protection leaves: only these are taken while it is on (AN3155 table 2, note). */
const ALWAYS: ReadonlySet<number> = new Set([
  RomCommand.GET,
  RomCommand.GET_VERSION,
  RomCommand.GET_ID,
  RomCommand.READOUT_UNPROTECT,
]);

/** What the part says of itself; undefined is not known */
export interface KnownPart {
  readonly flashSize: number | undefined;
  readonly optionBytes: OptionBytes | undefined;
}

export class RomFacts {
  /** How often each command has gone through to its end */
  readonly #done = new Map<number, number>();
  readonly #accepted = new Set<number>();
  #repaired = 0;
  part: KnownPart = { flashSize: undefined, optionBytes: undefined };

  accepted(code: number): void {
    this.#accepted.add(code);
  }

  done(code: number): void {
    this.#done.set(code, this.count(code) + 1);
  }

  /** Something went through only when it was said again. */
  repaired(): void {
    this.#repaired++;
  }

  /** After a reset, what the part was before says nothing; the line is the same. */
  forgetPart(): void {
    this.#done.clear();
    this.#accepted.clear();
  }

  count(code: number): number {
    return this.#done.get(code) ?? 0;
  }

  /** Whether any command has gone through */
  get answers(): boolean {
    return this.#done.size > 0;
  }

  /** Whether bytes were damaged or lost before: then the line is what to look at first. */
  get lineDamages(): boolean {
    return this.#repaired > 0;
  }

  hasAccepted(code: number): boolean {
    return this.#accepted.has(code);
  }

  /** A command that a part refuses for read-out protection only if it refuses all of its kind, and answers the others */
  readProtectionExplains(code: number): boolean {
    const open = [...this.#accepted].some((accepted) => !ALWAYS.has(accepted));
    return this.answers && !open && !ALWAYS.has(code);
  }

  /** What is write-protected is refused before it is sent, if the option bytes can be read. */
  get mayBeWriteProtected(): boolean {
    return this.part.optionBytes === undefined;
  }

  /** As far as the part says how much it has */
  isFlash(address: number): boolean {
    const { flashSize = 0 } = this.part;
    return address >= MEMORY.flash && address < MEMORY.flash + flashSize;
  }
}
