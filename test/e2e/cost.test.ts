// docs/security.md says what signatures cost each board. IAP_UPDATE_DOCS=1 measures all boards and writes the table; otherwise one
// board is measured and held against its row.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PART_NAMES, type Part } from '../support/board.js';
import { costOf, costRow, rowsIn } from '../support/cost.js';
import { Workshop } from '../support/workshop.js';

const DOCUMENT = join('docs', 'security.md');
const BEGIN = '<!-- made by test/e2e/cost.test.ts -->';
const END = '<!-- end of what is made -->';
const UPDATE = process.env.IAP_UPDATE_DOCS === '1';
const SAMPLE: Part = 'stm32f303xc';
/** Of a figure: another compiler makes other code. */
const TOLERANCE = 0.1;

const HEAD = `| board | code [bytes] | stack [bytes] | a check [s] | BEGIN [s] | END [s] | power-on to application [s] | with verifyAtBoot [s] |
|---|---|---|---|---|---|---|---|`;

function numbers(row: string): number[] {
  return [...row.replace(/^\| \S+ /, '').matchAll(/\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
}

test('what signatures cost is as docs/security.md says', async () => {
  const parts = UPDATE ? PART_NAMES : [SAMPLE];
  const workshop = new Workshop('verify-at-boot');
  for (const part of parts) workshop.add('boards', part, part, { verifyAtBoot: true });
  expect(await workshop.generate()).toEqual({ ok: true, text: '' });
  const rows: string[] = [];
  for (const part of parts) {
    const row = costRow(
      part,
      await costOf(part, await workshop.bootloader(part, 'bootloader-signed')),
    );
    console.log(row);
    rows.push(row);
  }
  if (UPDATE) {
    const text = readFileSync(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = text.split(BEGIN);
    const [, after = ''] = rest.split(END);
    const table = `${HEAD}\n${rows.join('\n')}`;
    writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
    return;
  }
  expect([...rowsIn(DOCUMENT).keys()]).toEqual(expect.arrayContaining([...PART_NAMES]));
  const said = numbers(rowsIn(DOCUMENT).get(SAMPLE) ?? '');
  const found = numbers(rows[0] ?? '');
  expect(found.length).toBe(said.length);
  found.forEach((figure, i) => {
    const near = Math.abs(figure - (said[i] ?? 0)) <= Math.max(0.02, TOLERANCE * (said[i] ?? 0));
    expect([i, figure, said[i], near]).toEqual([i, figure, said[i], true]);
  });
});
