// What is the STM32F3's own. RM0316 (F302, F303)
#ifndef FAMILY_H
#define FAMILY_H

#include "crc_v2.h"
#include "gpio_v2.h"
#include "usart_v2.h"

#define RCC_CFGR_BUSES RCC_CFGR_PPRE1_DIV2 // APB1 may run at 36 MHz only

// USART1 of the smaller parts hangs on APB1 unless it is given the core's clock, which is
// USARTxSW's second value.
#define RCC_CFGR3            REG32(0x40021030u)
#define RCC_CFGR3_USART1_SYS 1u

static inline void family_usart_clock(void) {
    RCC_CFGR3 |= RCC_CFGR3_USART1_SYS;
}

// Work on a byte that is read from flash: CRC-32; CRC-32 and SHA-256. Twice what was measured.
#define CYCLES_PER_BYTE_CRC    60u
#define CYCLES_PER_BYTE_VERIFY 200u

#define FLASH_OBR_WDG_SW (1u << 8) // clear: hardware starts the watchdog

// Read-out protection for ever, level 2
#define FLASH_OBR_RDPRT2 (1u << 2)

// A check of a signature. Twice what was measured [kilocycles].
#define KCYCLES_SIGNATURE 70000u

#endif
