// What is the STM32F1's own. RM0008 (F103), RM0041 (F100)
#ifndef FAMILY_H
#define FAMILY_H

#include "crc_v1.h"
#include "gpio_v1.h"
#include "usart_v1.h"

#define RCC_CFGR_BUSES RCC_CFGR_PPRE1_DIV2 // APB1 may run at 36 MHz only

static inline void family_usart_clock(void) {}

// Work on a byte that is read from flash: CRC-32; CRC-32 and SHA-256. Twice what was measured.
#define CYCLES_PER_BYTE_CRC    60u
#define CYCLES_PER_BYTE_VERIFY 200u

#define FLASH_OBR_WDG_SW (1u << 2) // clear: hardware starts the watchdog

// Read-out protection for ever: there is none.
#define FLASH_OBR_RDPRT2 0u

// A check of a signature. Twice what was measured [kilocycles].
#define KCYCLES_SIGNATURE 90000u

#endif
