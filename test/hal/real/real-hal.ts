// The kit in whole projects with ST's HAL, start-up and system files and FreeRTOS: scripts/real-hal. Each is a unit as the
// factory makes it, which is then called, updated and disturbed. Ends with a table.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { ImageState, Mode } from '../../../protocol/index.js';
import { factoryFlash, hello, printed, started, wrongRate } from '../../e2e/application.js';
import { expectDone, flash, on, powerUp, start, tempDir, withOutput } from '../../e2e/bench.js';
import type { Mistake, SteppedBoard } from '../../support/board.js';
import { BUILD, changedLines, elf, PARTS, type Part, WAYS, type Way } from './projects.js';
import { stack } from './stack.js';

const CALLS = 12;

/**
 * ST's HAL_RCC_ClockConfig of the F3 switches to the PLL before it divides PCLK1, which is beyond its limit meanwhile: once
 * at each start. Nothing else may be held against a project.
 */
const violationsOfStart = (part: Part): number => (part === 'stm32f303xc' ? 1 : 0);

const allowed = (part: Part): readonly Mistake[] =>
  violationsOfStart(part) > 0 ? ['overruns', 'violations'] : ['overruns'];

async function unit(part: Part, way: Way, step: 'v1' | 'v2'): Promise<SteppedBoard> {
  const device = await started(part, elf(part, way, step), allowed(part));
  onTestFinished(async () => {
    expect((await device.counters()).violations).toBe(violationsOfStart(part));
  });
  return device;
}

interface Size {
  readonly flash: number;
  readonly ram: number;
}

function size(file: string): Size {
  const line = String(execFileSync('arm-none-eabi-size', [file])).split('\n')[1] ?? '';
  const [text = 0, data = 0, bss = 0] = line.trim().split(/\s+/).map(Number);
  return { flash: text + data, ram: data + bss };
}

const COLUMNS = [
  'builds, iap check',
  'lines',
  'flash',
  'RAM',
  'stack -Os',
  'stack -O0',
  'calls answered',
  'updates',
  'after 9600 baud',
] as const;
type Column = (typeof COLUMNS)[number];

const rows = new Map<string, Map<Column, string | number>>();
function note(part: Part, way: Way, column: Column, value: string | number): void {
  const key = `${part} | ${way}`;
  const row = rows.get(key) ?? new Map<Column, string | number>();
  rows.set(key, row.set(column, value));
}

afterAll(() => {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`;
  const table = [...rows].map(([key, row]) =>
    line([key, ...COLUMNS.map((c) => row.get(c) ?? '–')]),
  );
  const head =
    line(['part', 'way', ...COLUMNS]) + line(['part', 'way', ...COLUMNS].map(() => '---'));
  writeFileSync(join(BUILD, 'table.md'), head + table.join(''));
});

describe.each(PARTS)('%s', (part) => {
  describe.each(WAYS)('%s', (way) => {
    test('is what iap check wants', async () => {
      for (const step of ['v1', 'v2'] as const) {
        const check = await start('check', elf(part, way, step), '--board', part, '--json').done;
        expect(check).toMatchObject({ code: 0, result: { ok: true } });
        const [image] = check.events;
        expect(image?.kit).toMatchObject({ board: part });
        // FreeRTOS's heap lies over the mailbox in a script of the product's own: only the report is lost.
        const findings = (image?.findings ?? []) as readonly { readonly id: string }[];
        const found = findings.map(({ id }) => id);
        expect(found.filter((id) => id !== 'mailbox-overlap')).toEqual([]);
      }
      const [before, after] = [size(elf(part, way, 'before')), size(elf(part, way, 'v1'))];
      note(part, way, 'lines', changedLines(part, way));
      note(part, way, 'flash', after.flash - before.flash);
      note(part, way, 'RAM', after.ram - before.ram);
      note(part, way, 'builds, iap check', 'ok');
      if (way !== 'listen') return; // the kit is the same in all
      for (const level of ['-Os', '-O0'] as const) {
        const bytes = stack(part, way, level);
        for (const each of WAYS) note(part, each, `stack ${level}`, bytes);
      }
    });

    test('answers every call while it prints', async () => {
      const device = await unit(part, way, 'v1');
      let answered = 0;
      for (let call = 0; call < CALLS; call++) {
        // At another place of the line that it prints
        await device.run(1777 * call);
        if ((await hello(device))?.mode === Mode.APP) answered += 1;
      }
      note(part, way, 'calls answered', `${answered} of ${CALLS}`);
      expect(answered).toBe(CALLS);
      expect(await printed(device)).toContain('product 1: running');
    });

    test.runIf(way !== 'listen')('its own protocol goes on', async () => {
      const device = await unit(part, way, 'v1');
      for (let time = 0; time < 3; time++) {
        await device.send(new TextEncoder().encode('?'));
        expect(await printed(device)).toContain('product 1: answer');
        expect(await hello(device)).toMatchObject({ mode: Mode.APP });
      }
    });

    test('hears again after a host at another rate', async () => {
      const device = await unit(part, way, 'v1');
      for (let time = 0; time < 3; time++) {
        await wrongRate(device);
        // The first call may meet the end of a reception that was spoiled.
        await hello(device);
        expect(await hello(device)).toMatchObject({ mode: Mode.APP });
      }
    });

    test('confirms itself', async () => {
      const device = await unit(part, way, 'v2');
      const state = (await hello(device))?.installed.state ?? 0;
      expect(state & ImageState.CONFIRMED).toBe(ImageState.CONFIRMED);
    });

    test('is updated while it runs, and back', async () => {
      const file = tempDir().write('flash.bin', await factoryFlash(part, elf(part, way, 'v1')));
      const board = await powerUp(part, { flash: file, allowed: allowed(part) });
      await withOutput(board, (output) => output.printed('product 1: running'));
      let updates = 0;
      for (const version of [2, 1] as const) {
        const update = await flash(board, elf(part, way, `v${version}`));
        expectDone(update);
        expect(update.events.map(({ event }) => event)).toContain('entering');
        await withOutput(board, (output) => output.printed(`product ${version}: running`));
        updates += 1;
      }
      note(part, way, 'updates', updates);

      await start('info', '--port', board.port, '--initial-baud', '9600', '--json').done;
      const info = await on(board, 'info');
      expect(info).toMatchObject({ code: 0, result: { device: { mode: 'APP' } } });
      note(part, way, 'after 9600 baud', 'answers');
      const { framingErrors, violations } = await board.counters();
      expect(framingErrors).toBeGreaterThan(0);
      expect(violations).toBe(3 * violationsOfStart(part));
    });
  });
});
