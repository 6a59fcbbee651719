// What a fault of a ROM bootloader is taken for, by what part and line have shown before: the most likely cause first.
import { describe, expect, test } from 'vitest';
import { type Circumstances, explain } from '../../host/isp/explain.js';
import { RomFacts } from '../../host/isp/facts.js';
import { decodeOptionBytes } from '../../host/isp/option-bytes.js';
import { RomFault, type Step } from '../../host/isp/rom-fault.js';

const FLASH = 0x0800_0000;
const RAM = 0x2000_0000;
const OPTIONS = 0x1fff_f800;
const GET = 0x00;
const READ = 0x11;
const GO = 0x21;
const WRITE = 0x31;
const ERASE = 0x43;
const WRITE_PROTECT = 0x63;
const UNPROTECT = 0x92;

/** Each cause by a name, and how its text begins */
const CAUSES = {
  damaged: /^bytes are damaged on the line/,
  lost: /^bytes are lost on the line/,
  rate: /^the rate (may have been|was) measured wrongly/,
  parity: /^the part may hear no even parity/,
  'no ROM': /^what answers may be no ROM bootloader/,
  application: /^the part was reset, and an application talks/,
  runs: /^the program may run already/,
  reset: /^the part was reset or has lost power/,
  'reset it': /^reset the part with BOOT0 high, and run the same command again; if it comes again/,
  'look again': /^reset the part with BOOT0 high, look at "iap isp info"/,
  'damaged?': /^first make sure, bytes are damaged/,
  'unprotect --read': /^"iap isp unprotect --read --yes"/,
  'protected sector': /^(this|a) sector may be write-protected|^one of them may be write-protected/,
  worn: /^this page may not be erased, or be worn/,
  'no such page': /^it may not be able to erase one of them/,
  'page by page': /^it may not have that: erase page by page/,
  sectors: /^this ROM bootloader may not protect these sectors/,
  'less flash': /^it may have less flash than it says/,
  'no such memory': /^there is no such memory/,
  'not for Go': /^Go takes addresses in flash/,
  'end of memory': /^memory may end within these bytes/,
} as const;
type Cause = keyof typeof CAUSES;

function causesOf(hint: string | undefined): Cause[] {
  return (hint ?? '').split('; otherwise ').map((text) => {
    const named = (Object.keys(CAUSES) as Cause[]).filter((name) => CAUSES[name].test(text));
    if (named.length !== 1) throw new Error(`"${text}" is ${named.join(' and ') || 'unknown'}`);
    return named[0] as Cause;
  });
}

interface Shown {
  /** Commands that were taken to their end, and in addition those of which only the code was */
  readonly done?: readonly number[];
  readonly accepted?: readonly number[];
  /** Something went through only when it was said again. */
  readonly damages?: boolean;
  readonly flashSize?: number;
  /** Its option bytes can be read: nothing is protected. */
  readonly open?: boolean;
}

const NOTHING = decodeOptionBytes(
  Uint8Array.from([0xa5, 0x5a, ...new Array(7).fill([0xff, 0]).flat()] as number[]),
  'stm32f1',
);

function facts({ done = [GET], accepted = [], damages, flashSize, open }: Shown): RomFacts {
  const made = new RomFacts();
  for (const code of [...done, ...accepted]) made.accepted(code);
  for (const code of done) made.done(code);
  if (damages) made.repaired();
  made.part = { flashSize, optionBytes: open ? NOTHING : undefined };
  return made;
}

interface Case {
  readonly shown?: Shown;
  readonly at?: Omit<Circumstances, 'facts'>;
  readonly causes: readonly Cause[];
}

function explained(
  kind: RomFault['kind'],
  command: number,
  step: Step,
  { shown = {}, at = {} }: Pick<Case, 'shown' | 'at'>,
) {
  return explain(new RomFault(kind, command, step, kind === 'garbled' ? 0x05 : undefined), {
    facts: facts(shown),
    ...at,
  });
}

describe('silence', () => {
  test.each<[string, number, Case & { readonly says: RegExp }]>([
    [
      'of a part that still answers 7Fh',
      READ,
      { at: { alive: true }, causes: ['lost'], says: /still answers 0x7f$/ },
    ],
    [
      'of a part that has never answered a command',
      GET,
      {
        shown: { done: [] },
        causes: ['rate', 'no ROM'],
        says: /^the part answered 0x7f, but not Get/,
      },
    ],
    [
      'of a part that has answered',
      READ,
      { at: { alive: false }, causes: ['reset'], says: /does not answer any more/ },
    ],
    ['behind Go', GO, { causes: ['runs', 'reset'], says: /does not answer any more/ }],
  ])('%s', (_name, command, { says, causes, ...given }) => {
    const error = explained('silent', command, 'address', given);
    expect(error).toMatchObject({ code: 'LINK_LOST', message: expect.stringMatching(says) });
    expect(causesOf(error.hint)).toEqual(causes);
  });
});

describe('something that is no answer', () => {
  test.each<[string, Case]>([
    [
      'from a part that has never answered a command',
      { shown: { done: [] }, causes: ['no ROM', 'rate'] },
    ],
    [
      'from one that does not answer 7Fh any more',
      { at: { alive: false }, causes: ['application', 'damaged'] },
    ],
    ['from one that does', { at: { alive: true }, causes: ['damaged'] }],
    ['from one that was not asked', { causes: ['damaged'] }],
  ])('%s', (_name, { causes, ...given }) => {
    const error = explained('garbled', READ, 'address', given);
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      message: 'Read Memory: expected 0x79 or 0x1f from the ROM bootloader, found 0x05',
    });
    expect(causesOf(error.hint)).toEqual(causes);
  });

  test('where its answer should be', () => {
    expect(explained('garbled', READ, 'answer', {}).message).toBe(
      'Read Memory: what came is not its answer, and begins with 0x05',
    );
  });
});

describe('a refused command', () => {
  test.each<[string, number, string, Case]>([
    [
      'all that read-out protection forbids',
      READ,
      'READ_PROTECTED',
      { shown: { done: [0x00, 0x01, 0x02, UNPROTECT] }, causes: ['unprotect --read'] },
    ],
    [
      'the same, on a line that damages bytes',
      READ,
      'READ_PROTECTED',
      { shown: { damages: true }, causes: ['damaged?', 'unprotect --read'] },
    ],
    [
      'everything',
      READ,
      'BAD_ANSWER',
      { shown: { done: [] }, causes: ['parity', 'damaged', 'no ROM'] },
    ],
    [
      'one that it took before',
      READ,
      'REFUSED',
      { shown: { accepted: [READ] }, causes: ['reset it'] },
    ],
    [
      'one, but it took others',
      READ,
      'REFUSED',
      { shown: { done: [GET, WRITE] }, causes: ['reset it'] },
    ],
    [
      'one, on a line that damages bytes',
      READ,
      'REFUSED',
      { shown: { accepted: [READ], damages: true }, causes: ['damaged'] },
    ],
    ['one that protection leaves', UNPROTECT, 'REFUSED', { causes: ['reset it'] }],
    ['Get, once it has answered', GET, 'REFUSED', { causes: ['reset it'] }],
  ])('%s', (_name, command, code, { causes, ...given }) => {
    const error = explained('refused', command, 'command', given);
    expect(error.code).toBe(code);
    expect(causesOf(error.hint)).toEqual(causes);
  });

  test('whether it took the same before is said', () => {
    const message = (accepted: number): string =>
      explained('refused', READ, 'command', { shown: { accepted: [accepted] } }).message;
    expect(message(READ)).toMatch(/, though it took the same command before$/);
    expect(message(WRITE)).toMatch(/, though it took others$/);
  });
});

describe('a refused address', () => {
  const flashSize = 0x1_0000;

  test.each<[string, number, number | undefined, Case]>([
    ['in flash', READ, FLASH, { shown: { flashSize }, causes: ['less flash', 'damaged'] }],
    [
      'the last of flash',
      READ,
      FLASH + 0xffff,
      { shown: { flashSize }, causes: ['less flash', 'damaged'] },
    ],
    [
      'in flash, on a line that damages bytes',
      READ,
      FLASH,
      { shown: { flashSize, damages: true }, causes: ['damaged', 'less flash'] },
    ],
    ['in front of flash', READ, FLASH - 1, { shown: { flashSize }, causes: ['no such memory'] }],
    ['behind flash', READ, FLASH + flashSize, { shown: { flashSize }, causes: ['no such memory'] }],
    ['not known', READ, undefined, { shown: { flashSize }, causes: ['no such memory'] }],
    ['of a flash of unknown size', READ, FLASH, { causes: ['no such memory'] }],
    [
      'elsewhere, on a line that damages bytes',
      READ,
      RAM,
      { shown: { damages: true }, causes: ['no such memory', 'damaged'] },
    ],
    ['of Go', GO, RAM, { causes: ['not for Go'] }],
  ])('%s', (_name, command, address, { causes, shown = {} }) => {
    const error = explained('refused', command, 'address', { shown, at: { address } });
    expect(error.code).toBe('REFUSED');
    expect(causesOf(error.hint)).toEqual(causes);
    const ends = error.message.includes('though it says that its flash ends at 0x0800FFFF');
    expect(ends).toBe(causes.includes('less flash'));
  });
});

describe('refused data', () => {
  const blocks = (count: number): number[] => new Array<number>(count).fill(WRITE);

  test.each<[string, number, Case]>([
    ['the first block', FLASH, { causes: ['damaged', 'protected sector', 'worn'] }],
    [
      'the first block, nothing protected',
      FLASH,
      { shown: { open: true }, causes: ['damaged', 'worn'] },
    ],
    [
      'after others',
      FLASH,
      { shown: { done: blocks(2) }, causes: ['protected sector', 'worn', 'damaged'] },
    ],
    [
      'after others, on a line that damages bytes',
      FLASH,
      {
        shown: { done: blocks(2), damages: true },
        causes: ['damaged', 'protected sector', 'worn'],
      },
    ],
    ['of option bytes', OPTIONS, { shown: { done: blocks(2) }, causes: ['damaged'] }],
    ['of RAM', RAM, { shown: { done: blocks(2) }, causes: ['damaged'] }],
    ['the first of RAM', RAM, { causes: ['damaged'] }],
  ])('%s', (_name, address, { causes, shown = {} }) => {
    const error = explained('refused', WRITE, 'data', { shown, at: { address } });
    expect(error.code).toBe('REFUSED');
    expect(causesOf(error.hint)).toEqual(causes);
  });

  test.each([
    [0, 'the part refuses the data of Write Memory'],
    [1, 'the part refuses the data of Write Memory, though it took 1 block before'],
    [2, 'the part refuses the data of Write Memory, though it took 2 blocks before'],
  ])('after %i blocks', (count, message) => {
    const shown = { done: blocks(count) };
    expect(explained('refused', WRITE, 'data', { shown }).message).toBe(message);
  });
});

describe('other refusals', () => {
  test.each<[Step, string, Case]>([
    ['all', 'nothing protected', { shown: { open: true }, causes: ['page by page'] }],
    ['all', 'protection unknown', { causes: ['page by page', 'protected sector'] }],
    [
      'all',
      'damages',
      { shown: { open: true, damages: true }, causes: ['damaged', 'page by page'] },
    ],
    ['pages', 'nothing protected', { shown: { open: true }, causes: ['no such page', 'damaged'] }],
    ['pages', 'protection unknown', { causes: ['protected sector', 'no such page', 'damaged'] }],
    [
      'pages',
      'damages',
      { shown: { damages: true }, causes: ['damaged', 'protected sector', 'no such page'] },
    ],
    ['length', 'a good line', { causes: ['end of memory'] }],
    ['length', 'damages', { shown: { damages: true }, causes: ['damaged', 'end of memory'] }],
    ['sectors', 'a good line', { causes: ['sectors', 'damaged'] }],
    ['sectors', 'damages', { shown: { damages: true }, causes: ['damaged', 'sectors'] }],
    ['end', 'a good line', { causes: ['look again'] }],
    ['answer', 'damages', { shown: { damages: true }, causes: ['look again'] }],
  ])('%s, %s', (step, _name, { causes, ...given }) => {
    const error = explained('refused', WRITE_PROTECT, step, given);
    expect(error.code).toBe('REFUSED');
    expect(causesOf(error.hint)).toEqual(causes);
  });

  test.each([
    [undefined, '--length <bytes> --yes'],
    [0x8000, '--length 0x8000 --yes'],
  ])('everything of a flash of %s bytes: how to erase it page by page', (flashSize, length) => {
    const shown = flashSize === undefined ? {} : { flashSize };
    expect(explained('refused', ERASE, 'all', { shown }).hint).toContain(
      `iap isp erase --start 0x08000000 ${length}`,
    );
  });
});

describe('for programs', () => {
  test('command, step, address and what was found', () => {
    const fault = new RomFault('garbled', READ, 'length', 0x05);
    const error = explain(fault, { facts: facts({}), address: FLASH + 0x100 });
    expect(error.details).toEqual({
      command: 'Read Memory',
      step: 'length',
      address: '0x08000100',
      found: 5,
    });
    expect(error.message).toContain('Read Memory at 0x08000100: ');
    expect(error.cause).toBe(fault);
  });

  test('what is not known is left out', () => {
    const error = explained('silent', 0xa5, 'command', {});
    expect(error.details).toStrictEqual({ command: 'command 0xa5', step: 'command' });
    expect(error.message).not.toContain(' at ');
  });
});

test('what the part was before a reset says nothing; the line is the same', () => {
  const known = facts({ done: [GET, READ], accepted: [WRITE], damages: true });
  known.forgetPart();
  expect(known).toMatchObject({ answers: false, lineDamages: true });
  expect([known.count(READ), known.hasAccepted(WRITE)]).toEqual([0, false]);
  expect(new RomFacts()).toMatchObject({
    answers: false,
    lineDamages: false,
    mayBeWriteProtected: true,
  });
});
