// Generated from linker/boards/stm32f091xc.json and linker/parts/stm32f091xc.json by linker/generate.mjs. Do not edit.
#ifndef IAP_BOARD_H
#define IAP_BOARD_H

#define BOARD_PART "stm32f091xc"
#define BOARD_FLASH_BASE 0x08000000u
#define BOARD_FLASH_SIZE 0x00040000u
#define BOARD_PAGE_SIZE 2048u
#define BOARD_ERASE_MS 40u // of a page, at most
#define BOARD_PROGRAM_US 70u // of a half-word, at most
#define BOARD_RAM_BASE 0x20000000u
#define BOARD_RAM_END 0x20008000u
#define BOARD_APP_BASE 0x08008000u
#define BOARD_APP_END 0x08040000u
#define BOARD_UNIQUE_ID 0x1ffff7acu

#define BOARD_CLOCK_HZ 48000000u
#define BOARD_PLL_MULTIPLIER 12u // of HSI / 2
#define BOARD_FLASH_WAIT_STATES 1u

#define BOARD_DMA_SELECT 8u // of USART1_RX in DMA1_CSELR; 0: there is none
#define BOARD_RATE 115200u
#define BOARD_MAX_RATE 921600u

#define BOARD_HAS_BUTTON 1
#define BOARD_BUTTON_PORT 0u // 0 is GPIOA
#define BOARD_BUTTON_PIN 0u
#define BOARD_BUTTON_ACTIVE_HIGH 1

#define BOARD_LISTEN_MS 100u
#define BOARD_IDLE_MS 10000u
#define BOARD_TRIALS 3u
#define BOARD_MAX_PAYLOAD 2064u
#define BOARD_RING_SIZE 8192u

#endif
