// What is the STM32F0's own. RM0091 (F0x1, F0x2, F0x8), RM0360 (F030, F070)
#ifndef FAMILY_H
#define FAMILY_H

#include "crc_v2.h"
#include "gpio_v2.h"
#include "usart_v2.h"

#define RCC_CFGR_BUSES 0u // one APB, as fast as the core

static inline void family_usart_clock(void) {}

// Work on a byte that is read from flash: CRC-32; CRC-32 and SHA-256. Twice what was measured.
#define CYCLES_PER_BYTE_CRC    100u
#define CYCLES_PER_BYTE_VERIFY 380u

#define FLASH_OBR_WDG_SW (1u << 8) // clear: hardware starts the watchdog

// Read-out protection for ever, level 2
#define FLASH_OBR_RDPRT2 (1u << 2)

// A check of a signature. Twice what was measured [kilocycles].
#define KCYCLES_SIGNATURE 220000u

#endif
