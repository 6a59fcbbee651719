// Projects as CubeMX makes them, and what docs/integrating.md says to change in them, line by line.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PARTS = ['stm32f103xb', 'stm32f072xb', 'stm32f303xc'] as const;
export type Part = (typeof PARTS)[number];
/** How the product receives: not at all; HAL_UART_Receive_IT; ReceiveToIdle_DMA; that, and a task of FreeRTOS */
export const WAYS = ['listen', 'interrupt', 'dma', 'freertos'] as const;
export type Way = (typeof WAYS)[number];
/** Without the kit; with it; with it and confirmation, and another version to see */
export const STEPS = ['before', 'v1', 'v2'] as const;
export type Step = (typeof STEPS)[number];

export const BUILD = 'build/real-hal';
const SOURCE = 'test/hal/real/project';

/** [KB]; of the F303 without its CCM RAM */
const MEMORY: Readonly<Record<Part, { readonly flash: number; readonly ram: number }>> = {
  stm32f103xb: { flash: 128, ram: 20 },
  stm32f072xb: { flash: 128, ram: 16 },
  stm32f303xc: { flash: 256, ram: 40 },
};

export const folder = (part: Part, way: Way, step: Step): string =>
  join(BUILD, 'projects', `${part}-${way}`, step);
export const elf = (part: Part, way: Way, step: Step): string =>
  join(BUILD, 'elf', `${part}-${way}-${step}.elf`);

/** Puts text before or behind one that occurs once, or in its place; the guide's own words, but for `in` and `at`. */
interface Edit {
  readonly in: string;
  readonly at: string;
  readonly before?: string;
  readonly behind?: string;
  readonly instead?: string;
}

const MAIN = 'Core/Src/main.c';
const INCLUDES = '/* USER CODE BEGIN Includes */\n';
const INCLUDE = '#include "iap_hal.h"\n';

function memoryEdits(part: Part): Edit[] {
  const { flash, ram } = MEMORY[part];
  const edits: Edit[] = [
    {
      in: 'app.ld',
      at: `FLASH (rx) : ORIGIN = 0x08000000, LENGTH = ${flash}K`,
      instead: `FLASH (rx) : ORIGIN = 0x08008000, LENGTH = ${flash - 32}K`,
    },
  ];
  if (part === 'stm32f072xb') {
    edits.push({
      in: 'app.ld',
      at: `RAM (xrw) : ORIGIN = 0x20000000, LENGTH = ${ram}K`,
      instead: `RAM (xrw) : ORIGIN = 0x200000C0, LENGTH = ${ram}K - 0xC0`,
    });
  }
  return edits;
}

const commonEdits: readonly Edit[] = [
  {
    in: 'CMakeLists.txt',
    at: '    # Add user sources here\n',
    behind: '    Core/Src/iap_app.c\n    Core/Src/iap_hal.c\n',
  },
  { in: MAIN, at: INCLUDES, behind: INCLUDE },
];

const init: Edit = {
  in: MAIN,
  at: '/* USER CODE BEGIN 2 */\n',
  behind: '    iap_hal_init(&huart1);\n',
};

/** Starts reception again, with the call that the product has */
function errorCallback(before: string, start: string): Edit {
  const text = `void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart) {\n    ${start}\n}\n`;
  return { in: MAIN, at: before, before: text };
}

/** A damaged byte does not end reception: the HAL would set to 0 what HAL_UART_Transmit has left to send. */
const noErrorInterrupt: Edit = {
  in: MAIN,
  at: '    __HAL_DMA_DISABLE_IT(&hdma_usart1_rx, DMA_IT_HT);\n',
  behind: '    huart1.Instance->CR3 &= ~USART_CR3_EIE;\n',
};

const wayEdits: Readonly<Record<Way, readonly Edit[]>> = {
  listen: [
    { in: MAIN, at: '/* USER CODE BEGIN 2 */\n', behind: '    iap_hal_listen(&huart1);\n' },
    { in: 'Core/Src/it.c', at: INCLUDES, behind: INCLUDE },
    {
      in: 'Core/Src/it.c',
      at: '/* USER CODE BEGIN USART1_IRQn 0 */\n',
      behind: '    if (iap_hal_interrupt()) return;\n',
    },
  ],
  interrupt: [
    init,
    {
      in: MAIN,
      at: 'void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart) {\n',
      behind: '    iap_hal_receive(&received, 1);\n',
    },
    errorCallback('int main(void) {\n', 'HAL_UART_Receive_IT(huart, &received, 1);'),
  ],
  dma: [
    init,
    noErrorInterrupt,
    {
      in: MAIN,
      at: 'void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t Size) {\n',
      behind: '    iap_hal_receive(received, Size);\n',
    },
    errorCallback('int main(void) {\n', '(void)huart; receive();'),
  ],
  freertos: [
    init,
    noErrorInterrupt,
    {
      in: MAIN,
      at: 'xStreamBufferReceive(received, bytes, sizeof bytes, portMAX_DELAY);\n',
      behind:
        '        vTaskSuspendAll();\n        iap_hal_receive(bytes, size);\n        xTaskResumeAll();\n',
    },
    errorCallback('int main(void) {\n', '(void)huart; receive();'),
  ],
};

/** The second version has proven itself as soon as it prints. */
const secondEdits: readonly Edit[] = [
  { in: MAIN, at: '#define VERSION "1"', instead: '#define VERSION "2"' },
  {
    in: MAIN,
    at: '        HAL_UART_Transmit(&huart1, running, sizeof running - 1, HAL_MAX_DELAY);\n',
    behind: '        iap_hal_confirm();\n',
  },
];

function edit(project: string, { in: name, at, before = '', behind = '', instead = at }: Edit) {
  const file = join(project, name);
  const parts = readFileSync(file, 'utf8').split(at);
  if (parts.length !== 2) throw new Error(`${file}: expected once, is not: ${at}`);
  writeFileSync(file, parts.join(`${before}${instead}${behind}`));
}

function writeProject(part: Part, way: Way, step: Step): void {
  const project = folder(part, way, step);
  cpSync(SOURCE, project, { recursive: true });
  rmSync(join(project, 'main'), { recursive: true });
  cpSync(join(SOURCE, 'main', `${way}.c`), join(project, MAIN));
  const { flash, ram } = MEMORY[part];
  const memory = [
    `FLASH (rx) : ORIGIN = 0x08000000, LENGTH = ${flash}K`,
    `RAM (xrw) : ORIGIN = 0x20000000, LENGTH = ${ram}K`,
  ];
  const given: readonly Edit[] = [{ in: 'app.ld', at: '@MEMORY@', instead: memory.join('\n') }];
  for (const one of given) edit(project, one);
  if (step === 'before') return;
  const kit = join('dist', 'kit', part);
  for (const name of ['iap_app', 'iap_hal']) {
    cpSync(join(kit, `${name}.c`), join(project, 'Core/Src', `${name}.c`));
    cpSync(join(kit, `${name}.h`), join(project, 'Core/Inc', `${name}.h`));
  }
  cpSync(join(kit, 'iap_board.h'), join(project, 'Core/Inc/iap_board.h'));
  const edits = [...memoryEdits(part), ...commonEdits, ...wayEdits[way]];
  for (const one of step === 'v2' ? [...edits, ...secondEdits] : edits) edit(project, one);
}

export function writeProjects(): void {
  rmSync(join(BUILD, 'projects'), { recursive: true, force: true });
  for (const part of PARTS)
    for (const way of WAYS) for (const step of STEPS) writeProject(part, way, step);
}

/** Lines that are new or other with the kit, in files that were there before; its own are not counted. */
export function changedLines(part: Part, way: Way): number {
  let text = '';
  try {
    execFileSync('git', [
      'diff',
      '--no-index',
      '--numstat',
      '--diff-filter=M',
      folder(part, way, 'before'),
      folder(part, way, 'v1'),
    ]); // prettier-ignore
  } catch (error) {
    text = String((error as { stdout?: Buffer }).stdout); // it ends with 1 if there is a difference
  }
  const added = text
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[0]));
  return added.reduce((sum, lines) => sum + lines, 0);
}
