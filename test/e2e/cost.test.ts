// docs/security.md says what signatures cost each board. IAP_UPDATE_DOCS=1 measures all boards, or those of -t, and writes their rows;
// otherwise one board is measured and held against its row.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PART_NAMES, type Part } from '../support/board.js';
import { costOf, costRow } from '../support/cost.js';
import { Workshop } from '../support/workshop.js';

const DOCUMENT = join('docs', 'security.md');
const BEGIN = '<!-- made by test/e2e/cost.test.ts -->';
const END = '<!-- end of what is made -->';
const UPDATE = process.env.IAP_UPDATE_DOCS === '1';
const SAMPLE: Part = 'stm32f303xc';
/** Of a figure: another compiler makes other code. */
const TOLERANCE = 0.1;
/** The last digit of a time [s] */
const ROUNDED = 0.015;

const HEAD = `| board | code [bytes] | stack [bytes] | a check [s] | BEGIN [s] | END [s] | power-on to application [s] | with verifyAtBoot [s] |
|---|---|---|---|---|---|---|---|`;

/** The rows that the document has, by board */
function rowsIn(document: string): Map<string, string> {
  const [, made = ''] = document.split(BEGIN);
  const rows = made.split(END)[0]?.split('\n') ?? [];
  return new Map(rows.map((row) => [/^\| (stm32\S+) \|/.exec(row)?.[1] ?? '', row]));
}

function write(part: Part, row: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const rows = rowsIn(text).set(part, row);
  const [before = '', rest = ''] = text.split(BEGIN);
  const table = [HEAD, ...PART_NAMES.flatMap((name) => rows.get(name) ?? [])].join('\n');
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${rest.split(END)[1] ?? ''}`);
}

function numbers(row: string): number[] {
  return [...row.replace(/^\| \S+ /, '').matchAll(/\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
}

test.each(UPDATE ? PART_NAMES : [SAMPLE])(
  '%s: what signatures cost is as docs/security.md says',
  async (part) => {
    const workshop = new Workshop('verify-at-boot');
    workshop.add('boards', part, part, { verifyAtBoot: true });
    expect(await workshop.generate()).toEqual({ ok: true, text: '' });
    const verified = await workshop.bootloader(part, 'bootloader-signed');
    const row = costRow(part, await costOf(part, verified));
    console.log(row);
    if (UPDATE) {
      write(part, row);
      return;
    }
    const rows = rowsIn(readFileSync(DOCUMENT, 'utf8'));
    expect([...rows.keys()]).toEqual(expect.arrayContaining([...PART_NAMES]));
    const said = numbers(rows.get(SAMPLE) ?? '');
    const found = numbers(row);
    const near = found.map((figure, i) =>
      Math.abs(figure - (said[i] ?? 0)) <= Math.max(ROUNDED, TOLERANCE * figure) ? said[i] : figure,
    );
    expect(near, 'run this test with IAP_UPDATE_DOCS=1').toEqual(said);
  },
);
