// What is the STM32F3's own. RM0316 (F302, F303)
#ifndef FAMILY_H
#define FAMILY_H

#define USART1_FUNCTION 7u // alternate function of PA9 and PA10

#include "gpio_v2.h"
#include "usart_v2.h"

#define RCC_CFGR_BUSES    RCC_CFGR_PPRE1_DIV2 // APB1 may run at 36 MHz only
#define USART1_RX_CHANNEL 5u                  // of DMA1
#define USART1_IRQ        37u

// Work on a byte that is read from flash: CRC-32; CRC-32 and SHA-256. Twice what was measured.
#define CYCLES_PER_BYTE_CRC    60u
#define CYCLES_PER_BYTE_VERIFY 200u

#endif
