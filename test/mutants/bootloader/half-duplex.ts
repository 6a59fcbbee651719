// The driver of a half-duplex pair.
import type { Mutant } from '../mutant.js';

const PORT = 'ports/stm32/';
/** The driver is switched by software there. */
const BOARD = 'stm32f103xe-rs485';

export const HALF_DUPLEX: readonly Mutant[] = [
  {
    id: 'does not tell that the line is a half-duplex pair',
    requirements: ['B-100'],
    file: 'core/iap_image.c',
    find: ' | target->config->capabilities |',
    replace: ' |',
    caughtBy: 'core:the_board_adds_what_the_core_does_not_know',
  },
  {
    id: 'does not switch the driver on',
    requirements: ['B-101'],
    file: `${PORT}port.c`,
    find: '    driver_on();\n',
    replace: '',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'leaves the driver on',
    requirements: ['B-101'],
    file: `${PORT}port.c`,
    find: '        driver_off();\n',
    replace: '',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'switches the driver off with the last byte on its way',
    requirements: ['B-101'],
    file: `${PORT}port.c`,
    find: '        usart_flush();\n        driver_off();',
    replace: '        driver_off();',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'does not wait until the adapter has let go',
    requirements: ['B-102'],
    file: `${PORT}port.c`,
    find: '<= BOARD_TURN_ROUND_MS);',
    replace: '<= 0u);',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'speaks while more comes in',
    requirements: ['B-102'],
    file: `${PORT}port.c`,
    find: 'if (usart_waiting(&state.usart) > heard) {',
    replace: 'if (usart_waiting(&state.usart) > BOARD_RING_SIZE + heard) {',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'answers a request that another one has followed',
    requirements: ['B-103'],
    file: `${PORT}port.c`,
    find: '} else if (run > IAP_FRAME_OVERHEAD && ',
    replace: '} else if (run > BOARD_RING_SIZE && ',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
  {
    id: 'answers however late the pair falls silent',
    requirements: ['B-103'],
    file: `${PORT}port.c`,
    find: '#define TURN_ROUND_WAIT_MS 40u',
    replace: '#define TURN_ROUND_WAIT_MS 300u',
    caughtBy: 'conformance:half-duplex',
    board: BOARD,
  },
];
