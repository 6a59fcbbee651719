// USARTs of the STM32F1. RM0008 section 27.6
#ifndef USART_V1_H
#define USART_V1_H

#include "usart_bits.h"

#define USART_STATUS  REG32(BOARD_USART_BASE + 0x00u) // SR
#define USART_RX_DATA REG32(BOARD_USART_BASE + 0x04u) // DR, both ways
#define USART_TX_DATA REG32(BOARD_USART_BASE + 0x04u)
#define USART_BRR     REG32(BOARD_USART_BASE + 0x08u)
#define USART_CR1     REG32(BOARD_USART_BASE + 0x0cu)
#define USART_CR3     REG32(BOARD_USART_BASE + 0x14u)

#define USART_CR1_UE        (1u << 13)
#define USART_CR1_ON        (USART_CR1_UE | USART_CR1_TE | USART_CR1_RE)
#define USART_CR3_RECEPTION USART_CR3_DMAR

static inline void usart_set_divider(uint32_t divider) {
    USART_BRR = divider;
}

// Clears an overrun, which stops reception until then: reading SR, then DR. A byte that waits is
// lost with it.
static inline void usart_clear_errors(void) {
    if ((USART_STATUS & USART_STATUS_ORE) != 0) {
        (void)USART_RX_DATA;
    }
}

#endif
