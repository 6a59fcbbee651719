// Parts and boards out of their JSON files, those of products too.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseBoard, parsePart } from '../../host/parts/parts.js';

const read = (path: string): object => JSON.parse(readFileSync(path, 'utf8')) as object;
const schemas = {
  part: read('bootloader-c/part.schema.json'),
  board: read('bootloader-c/board.schema.json'),
};

function part(name: string, changes: object = {}) {
  const text = JSON.stringify({ ...read(`bootloader-c/parts/${name}.json`), ...changes });
  return parsePart(text, 'part.json', schemas.part);
}

const M3 = part('stm32f103xb');
const M0 = part('stm32f030x8');

function board(changes: object = {}, of = M3) {
  const plain = { ...read('bootloader-c/boards/stm32f103xb.json'), ...changes };
  return parseBoard(JSON.stringify(plain), 'board.json', schemas.board, async (name) => {
    expect(name).toBe('stm32f103xb');
    return of;
  });
}

test('a part has its memories as addresses', () => {
  expect(M3).toEqual({
    ...{ name: 'stm32f103xb', family: 'stm32f1', core: 'cortex-m3', vectors: 59, page: 1024 },
    flash: { from: 0x0800_0000, to: 0x0802_0000 },
    ram: { from: 0x2000_0000, to: 0x2000_5000 },
  });
  const ccm = { base: '0x10000000', size: 8192 };
  expect(part('stm32f103xb', { ccm }).ccm).toEqual({ from: 0x1000_0000, to: 0x1000_2000 });
});

describe('a board', () => {
  const usart = { instance: 1, tx: 'PA9', rx: 'PA10', rate: 115200, maxRate: 921600 };

  test('has its part, its area, and the pins of its line', async () => {
    const made = await board({ appBase: '0x08006000', appEnd: '0x0801F800', usart, trials: 4 });
    expect(made).toEqual({
      ...{ name: 'stm32f103xb', part: M3, trials: 4, halfDuplex: false },
      ...{ appBase: 0x0800_6000, appEnd: 0x0801_f800 },
      ...{ clockHz: 64_000_000, maxRate: 921_600, pins: { tx: 'PA9', rx: 'PA10' } },
    });
  });

  test('without an end of its area has applications up to the end of flash', async () => {
    expect((await board({ appEnd: null })).appEnd).toBe(0x0802_0000);
  });

  test('of a half-duplex pair says so', async () => {
    const rs485 = { de: 'PA12', activeHigh: true, turnRoundMs: 6 };
    expect((await board({ rs485 })).halfDuplex).toBe(true);
    expect((await board()).halfDuplex).toBe(false);
  });

  // APB1 runs at half the clock, but on an STM32F0
  test.each([
    ['USART1', 1, M3, 64_000_000],
    ['USART2 on APB1', 2, M3, 32_000_000],
    ['USART3 on APB1', 3, M3, 32_000_000],
    ['USART1 of an STM32F0', 1, M0, 64_000_000],
    ['USART2 of an STM32F0', 2, M0, 64_000_000],
  ])('whose line is %s: its clock', async (_, instance, of, clockHz) => {
    expect((await board({ usart: { ...usart, instance } }, of)).clockHz).toBe(clockHz);
  });
});

test('what does not fit its schema is refused with the name of its file', async () => {
  const code = 'DESCRIPTION_WRONG';
  expect(() => part('stm32f103xb', { vectors: 'many' })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining('part.json: vectors') }),
  );
  await expect(board({ trials: 'many' })).rejects.toMatchObject({
    ...{ code, message: expect.stringContaining('board.json: trials') },
  });
});
