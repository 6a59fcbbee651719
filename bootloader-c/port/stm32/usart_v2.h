// USARTs of the STM32F0 and F3. RM0091 and RM0316, USART registers
#ifndef USART_V2_H
#define USART_V2_H

#include "usart_bits.h"

#define USART_CR1     REG32(BOARD_USART_BASE + 0x00u)
#define USART_CR3     REG32(BOARD_USART_BASE + 0x08u)
#define USART_BRR     REG32(BOARD_USART_BASE + 0x0cu)
#define USART_STATUS  REG32(BOARD_USART_BASE + 0x1cu) // ISR
#define USART_ICR     REG32(BOARD_USART_BASE + 0x20u)
#define USART_RX_DATA REG32(BOARD_USART_BASE + 0x24u) // RDR
#define USART_TX_DATA REG32(BOARD_USART_BASE + 0x28u) // TDR

#define USART_CR1_UE    1u
#define USART_ICR_ORECF (1u << 3)

// BRR can be written only while the USART is off. What comes in meanwhile is lost.
static inline void usart_set_divider(uint32_t divider) {
    uint32_t cr1 = USART_CR1;
    USART_CR1 = cr1 & ~USART_CR1_UE;
    USART_BRR = divider;
    USART_CR1 = cr1;
}

// Clears an overrun, which stops reception until then.
static inline void usart_clear_overrun(void) {
    USART_ICR = USART_ICR_ORECF;
}

#endif
