// The kit as a product takes it (scripts/kit.mjs): two files that compile alone, with names that nobody else has.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect } from '../../host/check/inspect.js';
import { loadBoard } from '../../host/node/board-file.js';

const BOARD = 'stm32f103xb';
const KIT = join('dist', 'kit', BOARD);
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wundef', '-Werror'];

const folder = mkdtempSync(join(tmpdir(), 'iap-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  execFileSync('node', ['scripts/kit.mjs']);
});

function run(tool: string, ...args: string[]): string {
  return execFileSync(`arm-none-eabi-${tool}`, args, { encoding: 'utf8', stdio: 'pipe' });
}

test('a folder for each board, with six files', () => {
  const boards = readdirSync('bootloader-c/boards').map((file) => file.replace('.json', ''));
  for (const board of boards) {
    expect(readdirSync(join('dist', 'kit', board)).sort()).toEqual([
      'iap_app.c',
      'iap_app.h',
      'iap_app.ld',
      'iap_board.h',
      'iap_hal.c',
      'iap_hal.h',
    ]);
  }
});

describe.each(['cortex-m0', 'cortex-m3', 'cortex-m4'])('%s', (core) => {
  test.each(['-O0', '-Os'])(
    'iap_app.c compiles alone, %s, and all its names begin with iap_',
    (level) => {
      const object = join(folder, `${core}${level}.o`);
      run(
        'gcc',
        `-mcpu=${core}`,
        '-mthumb',
        level,
        ...WARNINGS,
        '-c',
        `${KIT}/iap_app.c`,
        '-o',
        object,
      );
      const names = run('nm', '--defined-only', '--extern-only', object).trim().split('\n');
      const own = names.map((line) => line.split(' ').at(-1) ?? '');
      expect(own.filter((name) => !name.startsWith('iap_'))).toEqual([]);
      expect(own).toContain('iap_app_receive');
      const needed = run('nm', '--undefined-only', object).match(/\w+$/gm) ?? [];
      // What every toolchain has for copies of structures, and division on a Cortex-M0
      expect(
        needed.filter((name) => !/^(mem(cpy|set|cmp)|__aeabi_\w+|__gnu_thumb1\w+)$/.test(name)),
      ).toEqual([]);
    },
  );
});

test('macros of the headers begin with IAP_, but for the call that is one', () => {
  for (const header of ['iap_app.h', 'iap_board.h', 'iap_hal.h']) {
    const macros = readFileSync(`${KIT}/${header}`, 'utf8').match(/^#define \w+/gm) ?? [];
    const foreign = macros.filter((macro) => !/^#define IAP_/.test(macro));
    expect(foreign).toEqual(header === 'iap_app.h' ? ['#define iap_app_use_vectors'] : []);
  }
});

test('C++ may include it', () => {
  const source = join(folder, 'app.cpp');
  writeFileSync(
    source,
    '#include "iap_app.h"\n#include "iap_board.h"\nstatic iap_app app;\nvoid f() { iap_app_receive(&app, 0); }\n',
  );
  run(
    'g++',
    '-mcpu=cortex-m3',
    '-mthumb',
    '-std=c++17',
    ...WARNINGS,
    '-I',
    KIT,
    '-c',
    source,
    '-o',
    join(folder, 'cpp.o'),
  );
});

test('its code for an application that may refuse to be left compiles as well', () => {
  const blocks = readFileSync('docs/integrating.md', 'utf8').match(/```c\n[^`]*```/g) ?? [];
  const [code, ...more] = blocks.filter((block) => block.includes('.may_enter'));
  expect(more).toEqual([]);
  const source = join(folder, 'may-enter.c');
  writeFileSync(
    source,
    `#include "iap_app.h"
     extern volatile bool motor_turns;
     ${(code ?? '').replace(/^```c\n/, '').replace(/```$/, '')}
     const struct iap_app_config config = {.may_enter = iap_may_enter};`,
  );
  const object = ['-I', KIT, '-c', source, '-o', `${source}.o`];
  run('gcc', '-mcpu=cortex-m3', '-mthumb', ...WARNINGS, ...object);
});

test('the code of docs/integrating.md for projects without the HAL compiles as it stands there', () => {
  const blocks = readFileSync('docs/integrating.md', 'utf8').match(/```c\n[^`]*```/g) ?? [];
  const [code, ...more] = blocks.filter((block) => block.includes('void iap_start('));
  expect(more).toEqual([]);
  const source = join(folder, 'start.c');
  writeFileSync(source, (code ?? '').replace(/^```c\n/, '').replace(/```$/, ''));
  // CMSIS, as far as it is used
  writeFileSync(join(folder, 'stm32f1xx.h'), '#define FAMILY_F1\n#include "main.h"\n');
  const includes = ['-I', KIT, '-I', folder, '-I', 'test/hal'];
  run(
    'gcc',
    '-mcpu=cortex-m3',
    '-mthumb',
    '-Wall',
    '-Wextra',
    '-Werror',
    ...includes,
    '-c',
    source,
    '-o',
    `${source}.o`,
  );
  expect(run('nm', `${source}.o`)).toMatch(/ T USART1_IRQHandler/);
});

/** A program that calls the kit from its reset handler, linked with the kit's script as a product is */
function linked(level: string, body: string): Uint8Array {
  const source = join(folder, 'app.c');
  const output = join(folder, 'app.elf');
  writeFileSync(
    source,
    `#include "iap_app.h"
     #include "iap_board.h"
     _Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
     static struct iap_app app;
     extern uint32_t _estack[];
     void Reset_Handler(void);
     static void send(void *c, const uint8_t *b, size_t n) { (void)c; (void)b; (void)n; }
     static void flush(void *c) { (void)c; }
     void start(void);
     void start(void) {
         const struct iap_app_config config = {.facts = facts, .send = send, .flush = flush};
         iap_app_init(&app, &config);
         iap_app_receive(&app, 0);
     }
     void Reset_Handler(void) { ${body} for (;;) { } }
     __attribute__((section(".isr_vector"), used)) static const void *vectors[16] =
         {_estack, Reset_Handler, [2 ... 6] = Reset_Handler, [11] = Reset_Handler, [12] = Reset_Handler, [14] = Reset_Handler, [15] = Reset_Handler};`,
  );
  run(
    'gcc',
    '-mcpu=cortex-m3',
    '-mthumb',
    level,
    '-ffunction-sections',
    '-fdata-sections',
    '-Wl,--gc-sections',
    '-nostartfiles',
    '--specs=nosys.specs',
    '-Wl,--no-warn-rwx-segments',
    '-I',
    KIT,
    '-T',
    `${KIT}/iap_app.ld`,
    source,
    `${KIT}/iap_app.c`,
    '-o',
    output,
  );
  return new Uint8Array(readFileSync(output));
}

describe.each(['-O0', '-Os'])('linked, %s', (level) => {
  const checked = async (body: string) => {
    const { part, ...area } = await loadBoard(BOARD);
    return inspect(linked(level, body), {}, { part, area });
  };

  test('check finds the kit where it is started, and says so', async () => {
    const { findings, facts } = await checked('start();');
    expect(facts?.kit).toMatchObject({ board: BOARD, part: BOARD });
    expect(findings).toEqual([]);
  });

  test('check finds none where nothing starts it, though it is linked', async () => {
    const { facts, assumed } = await checked('');
    expect(facts?.kit).toBeUndefined();
    expect(assumed.join()).toContain('no app kit');
  });

  test('the vector table set by the kit is no alarm', async () => {
    const { findings, facts } = await checked('iap_app_use_vectors(IAP_BOARD_APP_BASE); start();');
    expect(facts?.vtor).toMatchObject([{ value: 0x0800_8000 }]);
    expect(findings).toEqual([]);
  });
});
