// Generated from bootloader-c/boards/stm32f103xb.json and bootloader-c/parts/stm32f103xb.json by bootloader-c/generate/generate.mjs. Do not edit.
#ifndef IAP_BOARD_H
#define IAP_BOARD_H

#define BOARD_PART "stm32f103xb"
#define BOARD_FLASH_BASE 0x08000000u
#define BOARD_FLASH_SIZE 0x00020000u
#define BOARD_PAGE_SIZE 1024u
#define BOARD_ERASE_MS 40u // of a page, at most
#define BOARD_PROGRAM_US 70u // of a half-word, at most
#define BOARD_RAM_BASE 0x20000000u
#define BOARD_RAM_END 0x20005000u
#define BOARD_APP_BASE 0x08008000u
#define BOARD_APP_END 0x08020000u
#define BOARD_UNIQUE_ID 0x1ffff7e8u

#define BOARD_CLOCK_HZ 64000000u
#define BOARD_HSE_HZ 0u // 0: none, the PLL runs from HSI / 2
#define BOARD_HSE_BYPASS 0
#define BOARD_HSE_DIVIDER 1u
#define BOARD_PLL_MULTIPLIER 16u
#define BOARD_HSI_CLOCK_HZ 64000000u // where HSE does not start
#define BOARD_HSI_MULTIPLIER 16u // of HSI / 2
#define BOARD_FLASH_WAIT_STATES 2u

#define BOARD_USART 1u
#define BOARD_USART_BASE 0x40013800u
#define BOARD_USART_APB 2
#define BOARD_USART_CLOCK_BIT 14u // in RCC_APBxENR
#define BOARD_USART_CLOCK_DIVIDER 1u // of the core clock
#define BOARD_USART_CHANNEL 5u // of DMA1, reception
#define BOARD_USART_IRQ 37u
#define BOARD_USART_REMAP 0u // AFIO_MAPR
#define BOARD_TX_PORT 0u // 0 is GPIOA
#define BOARD_TX_PIN 9u
#define BOARD_TX_FUNCTION 0u
#define BOARD_RX_PORT 0u
#define BOARD_RX_PIN 10u
#define BOARD_RX_FUNCTION 0u
#define BOARD_DMA_SELECT 0u // of its reception in DMA1_CSELR; 0: there is none
#define BOARD_RATE 115200u
#define BOARD_MAX_RATE 921600u
#define BOARD_HALF_DUPLEX 0
#define BOARD_DE_BY_USART 0
#define BOARD_HAS_BUTTON 0

// Outputs from the start on: X(port, pin, level)
#define BOARD_PINS(X)
#define BOARD_HAS_WATCHDOG_PIN 0
#define BOARD_WATCHDOG_PORT 0u
#define BOARD_WATCHDOG_PIN 0u

#define BOARD_SUPPLY_MV 2700u // below it flash is not erased; 0: not looked at

#define BOARD_VERIFY_AT_BOOT 0 // hash and signature, by the bootloader for signed images

#define BOARD_LISTEN_MS 100u
#define BOARD_IDLE_MS 10000u
#define BOARD_TRIALS 3u
#define BOARD_MAX_PAYLOAD 1040u
#define BOARD_RING_SIZE 6144u

#endif
