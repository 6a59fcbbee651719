// USART1 of the STM32F1. RM0008 section 27.6
#ifndef USART_V1_H
#define USART_V1_H

#include "usart_bits.h"

#define USART1_STATUS  REG32(0x40013800u) // SR
#define USART1_RX_DATA REG32(0x40013804u) // DR, both ways
#define USART1_TX_DATA REG32(0x40013804u)
#define USART1_BRR     REG32(0x40013808u)
#define USART1_CR1     REG32(0x4001380cu)
#define USART1_CR3     REG32(0x40013814u)

#define USART_CR1_UE (1u << 13)

static inline void usart_set_divider(uint32_t divider) {
    USART1_BRR = divider;
}

// Clears an overrun, which stops reception until then: reading SR, then DR. A byte that waits is
// lost with it.
static inline void usart_clear_overrun(void) {
    if ((USART1_STATUS & USART_STATUS_ORE) != 0) {
        (void)USART1_RX_DATA;
    }
}

#endif
